"""Imports the parts of Rasa that train and answer, without the packages this bot leaves out.

Import this before anything from `rasa`.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings

import structlog

from bot.stand_ins import importing

os.environ["RASA_TELEMETRY_ENABLED"] = "false"
os.environ["LOG_LEVEL"] = "ERROR"

# Rasa's own messages, warnings included, quote what people wrote.
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
logging.getLogger("rasa").setLevel(logging.CRITICAL)

with warnings.catch_warnings(record=True), importing():
    import rasa.engine.recipes.default_components
    import rasa.graph_components.providers.domain_for_core_training_provider
    import rasa.graph_components.providers.nlu_training_data_provider
    import rasa.graph_components.providers.story_graph_provider
    import rasa.graph_components.providers.training_tracker_provider
    import rasa.graph_components.validators.default_recipe_validator
    import rasa.graph_components.validators.finetuning_validator
    import rasa.model_training

if not sys.warnoptions:
    warnings.filterwarnings("ignore", module=r"rasa\b")

__all__ = ["rasa"]
