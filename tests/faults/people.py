"""Made-up people with drama numbers, each with an appointment of their own, so that each answer is known."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID

import asyncpg

from api.kit import clock
from api.kit.words import load_words
from bot.actions import MENU as MENU_NAMES
from tests.factories import create_appointment, create_person, create_staff

_numbers = itertools.count(10_000)
MENU_WORDS = load_words()
MENU = MENU_WORDS.say("utter_bot_unavailable")

NUMBERS_OF_MENU = frozenset(MENU_NAMES)
QUESTIONS = (
    "whens my next appointment",
    "when is my next appointment?",
    "1",
    "  when's my next appointment \n",
    "WHEN IS MY NEXT APPOINTMENT",
    "whens my next appointment \U0001f642",
    "when is my appoint\0ment",
    "/whens my next appointment",
)
# Whatever the bot makes of them, they are kept as they came and answered once.
ODD_TEXTS = (
    "\u202bمتى موعدي القادم\u202c",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467 \ufeff e\u0301 \u0000 ￿",
    "the bus was late and the shop was shut " * 39,
)


@dataclass(frozen=True)
class Person:
    """Whose phone it is, and when they are next expected."""

    phone: str
    answer: str
    is_chatty: bool = False

    def asks(self, number: int) -> tuple[str, str | None]:
        """The text with that number, and its answer if the bot is sure to understand it, alone or with others."""
        if self.is_chatty:
            return f"{QUESTIONS[0]} {number}", None
        if number % 25 == 24:
            return ODD_TEXTS[number // 25 % len(ODD_TEXTS)], None
        return QUESTIONS[number % len(QUESTIONS)], self.answer


# As far apart as the times of a burst are: nobody is booked for two of them.
SLOT = timedelta(minutes=5)


async def create_people(admin_url: str, count: int) -> Sequence[Person]:
    """So many people, committed."""
    connection = await asyncpg.connect(admin_url)
    try:
        async with connection.transaction():
            adviser = await create_staff(connection)
            return [await _create(connection, adviser, number) for number in range(count)]
    finally:
        await connection.close()


async def _create(connection: asyncpg.Connection, adviser: UUID, number: int) -> Person:
    phone = f"+4477009{next(_numbers):05}"
    starts_at = _own_time(number)
    person_id = await create_person(connection, phone=phone, adviser=adviser)
    await create_appointment(connection, person_id, adviser, starts_at=starts_at, length=SLOT)
    words = MENU_WORDS.say("utter_next_appointment", {"when": clock.say_day_and_time(starts_at)})
    return Person(phone, words)


def _own_time(number: int) -> datetime:
    """A time between nine and five on some London day that nobody else of this burst has."""
    day, slot = divmod(number, 96)
    on_date = clock.london_day(clock.now()) + timedelta(days=5 + day)
    return datetime.combine(on_date, time(9 + slot // 12, slot % 12 * 5), clock.LONDON)
