"""Who may be told what: how sure we must be who asks, and that nothing is sent to the dead."""

from api.duties.care import Life
from api.duties.law import verify_levels
from api.duties.models import History


def verify_level(intent: str) -> int:
    """How sure we must be who is asking, from 0 (anybody) up; what is not in the list needs the highest level."""
    levels = verify_levels()
    return levels.intents.get(intent, levels.highest)


def may_send(history: History) -> bool:
    """Whether anything may go out at all: nothing once a death is recorded, on whatever day it was."""
    return Life(history).died_on is None
