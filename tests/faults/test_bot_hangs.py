"""The bot standing still with its connections open."""

from tests.faults.asking import ask
from tests.faults.people import MENU
from tests.faults.stack import Stack


async def test_a_bot_that_hangs_then_the_menu_answers_and_later_the_bot_again(stack: Stack) -> None:
    rasa = stack.service.part("rasa")
    rasa.freeze()
    try:
        assert await ask(stack) == (MENU, {"bot_unavailable"})
    finally:
        rasa.thaw()
    body, flags = await ask(stack)
    assert body.startswith("Your next appointment is on ")
    assert flags == set()
