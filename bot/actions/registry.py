"""Every action by the name that Rasa calls it, and the numbers of the menu."""

from collections.abc import Awaitable, Callable
from typing import Any

from api.kit.db import Connection
from bot.actions import adviser, appointments
from bot.actions.turn import ActionResult, Turn

ACTIONS: dict[str, Callable[[Turn], Awaitable[ActionResult]]] = {
    "action_next_appointments": appointments.next_appointments,
    "action_my_adviser": adviser.my_adviser,
    "action_pass_on_message": adviser.pass_on_message,
    "action_ask_for_person": adviser.ask_for_person,
}

# Those that change nothing: what they store is that somebody looked.
LOOKS = frozenset({"action_next_appointments", "action_my_adviser"})

# The numbers of `utter_menu`, for when the API has to answer without Rasa.
MENU = {"1": "action_next_appointments", "2": "action_my_adviser", "3": "action_ask_for_person"}


async def run(name: str, connection: Connection, slots: dict[str, Any]) -> ActionResult:
    """Runs an action for the conversation that the connection acts for. Raises KeyError for an unknown name."""
    return await ACTIONS[name](Turn(connection, slots))
