"""The worker's settings as this machine has them."""

import os

import msgspec

from api.settings import WorkSettings


def configured(name: str) -> float:
    """A number among the worker's settings: from the environment, else its default."""
    defaults = {field.name: field.default for field in msgspec.structs.fields(WorkSettings)}
    return float(os.environ.get(name.upper(), "").strip() or defaults[name])
