"""The assistant's custom actions. They run inside the API's process, as the young person of the conversation.

An action answers with the names of responses and their variables; the words are in bot/domain/.
"""

from bot.actions.registry import ACTIONS, LOOKS, MENU, run
from bot.actions.turn import ActionResult, Reply

__all__ = ["ACTIONS", "LOOKS", "MENU", "ActionResult", "Reply", "run"]
