"""Demo people, plainly made up, with Ofcom's drama numbers. Loaded once into an empty database."""

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from api.kit import clock

# First name, number, adviser, and the days from now and London times of their appointments.
# "cancelled" and "attended" ones must never be told as coming up.


class DemoAppointment(msgspec.Struct, frozen=True):
    """An appointment so many London days from the day it is loaded."""

    in_days: int
    at: time
    status: str = "booked"


class DemoPerson(msgspec.Struct, frozen=True, kw_only=True):
    """A made-up young person; `note` says what they show."""

    name: str
    phone: int
    adviser: int | None
    note: str
    appointments: tuple[DemoAppointment, ...] = ()
    has_died: bool = False
    is_opted_out: bool = False


def _at(in_days: int, hour: int, minute: int = 0, status: str = "booked") -> DemoAppointment:
    return DemoAppointment(in_days, time(hour, minute), status)


STAFF = (
    ("Sam Adviser", "Sam", "personal_adviser", 201),
    ("Noor Adviser", "Noor", "personal_adviser", 202),
    ("Chris Adviser", "Chris", "personal_adviser", 203),
    ("Dee Adviser", "Dee", "personal_adviser", 204),
    ("Max Manager", "Max", "manager", 205),
    ("Jo Duty", "Jo", "duty_worker", 206),
    ("Robin Reviewing", "Robin", "reviewing_officer", 217),
    ("Pat Protection", "Pat", "data_protection_lead", 218),
    ("Alex Administrator", "Alex", "administrator", 219),
)

PEOPLE = (
    DemoPerson(name="Ash", phone=101, adviser=0, note="two appointments coming up, one in the past",
               appointments=(_at(-14, 10, status="attended"), _at(3, 14, 30), _at(17, 10))),
    DemoPerson(name="Blake", phone=102, adviser=0, note="one appointment coming up", appointments=(_at(1, 9),)),
    DemoPerson(name="Casey", phone=103, adviser=0, note="no appointment at all"),
    DemoPerson(name="Drew", phone=104, adviser=1, note="shares a phone with Eli", appointments=(_at(5, 11, 15),)),
    DemoPerson(name="Eli", phone=104, adviser=1, note="shares a phone with Drew", appointments=(_at(2, 16),)),
    DemoPerson(name="Frankie", phone=105, adviser=1, note="only a cancelled one coming up",
               appointments=(_at(4, 13, status="cancelled"), _at(-30, 15, status="missed"))),
    DemoPerson(name="Gray", phone=106, adviser=2, note="only appointments in the past",
               appointments=(_at(-60, 10, status="attended"), _at(-7, 12, status="attended"))),
    DemoPerson(name="Harper", phone=107, adviser=2, note="at midday, months from now", appointments=(_at(150, 12),)),
    DemoPerson(name="Indy", phone=108, adviser=None, note="no adviser yet", appointments=(_at(8, 10, 30),)),
    DemoPerson(name="Jude", phone=109, adviser=2, note="asked for no texts", is_opted_out=True,
               appointments=(_at(6, 15),)),
    DemoPerson(name="Kit", phone=110, adviser=3, note="three appointments coming up",
               appointments=(_at(2, 10), _at(9, 10), _at(16, 10))),
    DemoPerson(name="Lane", phone=111, adviser=3, note="one early, one late in the day",
               appointments=(_at(7, 8, 45), _at(7, 17, 30))),
    DemoPerson(name="Morgan", phone=112, adviser=3, note="has died and is never texted", has_died=True,
               appointments=(_at(10, 10),)),
    DemoPerson(name="Nico", phone=113, adviser=0, note="an ordinary case", appointments=(_at(12, 14),)),
)  # fmt: skip


def demo_number(last_three: int) -> str:
    """An Ofcom drama number in E.164."""
    return f"+447700900{last_three:03}"


def demo_subject(shown_name: str) -> str:
    """How the sign-in provider of `make run` knows one of the demo staff."""
    return shown_name.lower()


async def load_demo(url: str, issuer: str | None = None) -> str:
    """Loads the demo people into an empty database; with an issuer its users are linked to the demo staff.

    Returns a sentence on what was done.
    """
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(15)")
            if await connection.fetchval("SELECT EXISTS (SELECT FROM young_people)"):
                return "Demo data: there are people already, nothing was added."
            advisers = await _insert_staff(connection)
            for person in PEOPLE:
                await _insert_person(connection, person, advisers)
            if issuer is not None:
                await connection.executemany(
                    "INSERT INTO staff_identities (staff_id, issuer, subject) VALUES ($1, $2, $3)",
                    [(staff_id, issuer, demo_subject(s[1])) for staff_id, s in zip(advisers, STAFF, strict=True)],
                )
    finally:
        await connection.close()
    return f"Demo data: {len(PEOPLE)} young people and {len(STAFF)} staff."


async def _insert_staff(connection: Any) -> list[UUID]:
    team_id = await connection.fetchval("INSERT INTO teams (name) VALUES ('15+ team') RETURNING team_id")
    ids = []
    for full_name, shown_name, role, phone in STAFF:
        staff_id = await connection.fetchval(
            "INSERT INTO staff (team_id, role, full_name, shown_name, phone_e164)"
            " VALUES ($1, $2, $3, $4, $5) RETURNING staff_id",
            team_id, role, full_name, shown_name, demo_number(phone),
        )  # fmt: skip
        ids.append(staff_id)
        ends = {5: time(12) if shown_name == "Noor" else time(16, 30)}
        await connection.executemany(
            "INSERT INTO working_hours VALUES ($1, $2, $3, $4)",
            [(staff_id, day, time(9), ends.get(day, time(17))) for day in range(1, 6)],
        )
    return ids


async def _insert_person(connection: Any, person: DemoPerson, advisers: list[UUID]) -> None:
    today = clock.london_day(clock.now())
    born_on = today.replace(year=today.year - 17, day=1)
    person_id = await connection.fetchval(
        "INSERT INTO young_people (full_name, preferred_name, born_on, died_on, team_id)"
        " SELECT $1, $2, $3, $4, team_id FROM teams RETURNING person_id",
        f"{person.name} Example", person.name, born_on, today - timedelta(days=90) if person.has_died else None,
    )  # fmt: skip
    phone = demo_number(person.phone)
    await connection.execute("INSERT INTO contact_points (person_id, phone_e164) VALUES ($1, $2)", person_id, phone)
    staff_id = advisers[person.adviser or 0]
    if person.adviser is not None:
        await connection.execute(
            "INSERT INTO allocations (person_id, staff_id, starts_on) VALUES ($1, $2, $3)",
            person_id, staff_id, today - timedelta(days=200),
        )  # fmt: skip
    for appointment in person.appointments:
        starts_at = datetime.combine(today + timedelta(days=appointment.in_days), appointment.at, clock.LONDON)
        await connection.execute(
            "INSERT INTO appointments (person_id, staff_id, starts_at, ends_at, status) VALUES ($1, $2, $3, $4, $5)",
            person_id, staff_id, starts_at, starts_at + timedelta(hours=1), appointment.status,
        )  # fmt: skip
    if person.is_opted_out:
        await connection.execute(
            "INSERT INTO opt_out_events (phone_e164, is_opted_out, source, detail)"
            " VALUES ($1, true, 'keyword', 'STOP')",
            phone,
        )
