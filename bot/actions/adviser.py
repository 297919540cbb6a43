"""Who the young person's adviser is, and how a message or a wish to talk reaches a person."""

from api.messages import service as messages
from api.messages.models import Attention
from api.people import service as people
from bot.actions.turn import ActionResult, Reply, Turn


async def my_adviser(turn: Turn) -> ActionResult:
    """Says who the adviser is, and when they work if that is known."""
    adviser = await people.get_own_adviser(turn.connection)
    if adviser is None:
        return ActionResult([Reply("utter_no_adviser")], {"adviser_name": None})
    name = {"adviser_name": adviser.shown_name}
    if not adviser.week:
        return ActionResult([Reply("utter_my_adviser_no_hours", {**name})], {**name})
    variables = {**name, "hours": people.say_week(adviser.week)}
    return ActionResult([Reply("utter_my_adviser", variables)], {**name})


async def pass_on_message(turn: Turn) -> ActionResult:
    """Puts the text just written before the adviser: the text itself is stored already, byte for byte."""
    await _mark(turn, Attention.LEFT_FOR_ADVISER)
    adviser = await people.get_own_adviser(turn.connection)
    reply = (
        Reply("utter_message_passed_on_team")
        if adviser is None
        else Reply("utter_message_passed_on", {"adviser_name": adviser.shown_name})
    )
    return ActionResult([reply], {"adviser_message": None})


async def ask_for_person(turn: Turn) -> ActionResult:
    """Puts the text on the team's list: somebody wants to talk to a person."""
    await _mark(turn, Attention.ASKED_FOR_PERSON)
    return ActionResult([Reply("utter_person_has_it")])


class NothingToPassOn(Exception):
    """There is no text in this turn; nobody may be told that one was passed on."""


async def _mark(turn: Turn, reason: Attention) -> None:
    if not await messages.flag_own_turn(turn.connection, reason):
        raise NothingToPassOn
