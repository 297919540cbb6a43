"""Whatever is done in whichever order: one draft and one signed plan at most, no ask lost, nobody booked twice."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import hypothesis.strategies as st
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from api.appointments import service as appointments
from api.appointments.models import Answer, Cancellation, Move, NewAppointment, Outcome
from api.kit import clock
from api.kit.access import Who
from api.kit.db import Database
from api.kit.errors import Problem
from api.kit.signed_in import Write
from api.plans import service as plans
from api.plans.models import Basis, NewPlan, SectionChange, SharePlan, SignPlan
from api.reviews import service as reviews
from api.reviews.models import MeetingCancelled, NewReview, Participation, ReviewHeld, ReviewMeeting, Trigger
from tests.api.casework import create_case
from tests.api.identity.staff import create_member, create_team
from tests.conftest import TestDatabase
from tests.factories import create_session

SETTINGS = settings(
    max_examples=8,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
    derandomize=True,
)
IN_DAYS = timedelta(days=3)
NO_ACTION = SectionChange(none_reason="All is well.")


class Desk:
    """An adviser and a young person, each with a connection of their own, and what they do."""

    def __init__(
        self, admin: asyncpg.Connection, signed_in: Database, tokens: dict[str, str], ids: dict[str, UUID]
    ) -> None:
        self.admin, self.signed_in, self.tokens, self.ids = admin, signed_in, tokens, ids
        self.has_asked = False

    async def do(self, who: str, work: Any, version: int | None = None) -> bool:
        """Carries out one write in a transaction; False when it was refused."""
        try:
            async with self.signed_in.transaction_with(self.tokens[who]) as connection:
                row = await connection.fetchrow("SELECT * FROM sec.who()")
                await work(Write(connection, Who(*row), version))
        except Problem:
            return False
        return True

    async def one(self, sql: str) -> Any:
        """A value past every wall."""
        return await self.admin.fetchval(sql, self.ids["person"])


async def at_work(admin: asyncpg.Connection, database: TestDatabase) -> Desk:
    """A team of two with two young people, of whom one has a device."""
    team_id = await create_team(admin, str(datetime.now(UTC)))
    ids = {"adviser": await create_member(admin, team_id), "other": await create_member(admin, team_id, "manager")}
    ids |= {name: await create_case(admin, team_id, ids["adviser"]) for name in ("person", "second")}
    tokens = {name: await create_session(admin, staff=ids[name]) for name in ("adviser", "other")}
    tokens["person"] = await create_session(admin, person=ids["person"])
    return Desk(admin, Database(database.signed_in_url, size=2), tokens, ids)


class EveryOrder(RuleBasedStateMachine):
    """What an adviser, a manager and a young person may do, in any order, on any version."""

    loop: asyncio.AbstractEventLoop
    admin: asyncpg.Connection
    database: TestDatabase

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Waits for something on the test's own loop, which runs beside this thread."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    @initialize()
    def begin(self) -> None:
        self.desk = self.run(at_work(self.admin, self.database))

    def teardown(self) -> None:
        if hasattr(self, "desk"):
            self.run(self.desk.signed_in.close())

    # Plans

    @rule(copy=st.booleans(), who=st.sampled_from(["adviser", "other"]))
    def start_plan(self, copy: bool, who: str) -> None:
        new = NewPlan(basis=Basis.RELEVANT, start_from="signed_version" if copy else "nothing")
        self.run(self.desk.do(who, lambda asked: plans.start(asked, self.desk.ids["person"], new)))

    @rule(fill=st.booleans(), shift=st.sampled_from([0, 0, 0, 1]), who=st.sampled_from(["adviser", "other"]))
    def sign_newest(self, fill: bool, shift: int, who: str) -> None:
        self.run(self._sign(fill, shift, who))

    async def _sign(self, fill: bool, shift: int, who: str) -> None:
        desk = self.desk
        newest = "SELECT plan_id FROM pathway_plans WHERE person_id = $1 ORDER BY version_no DESC LIMIT 1"
        plan_id = await desk.one(newest)
        if plan_id is None:
            return
        if fill:
            for row in await desk.admin.fetch(
                "SELECT section_id, version FROM plan_sections WHERE plan_id = $1 AND none_reason IS NULL", plan_id
            ):
                await desk.do(who, lambda asked, r=row: plans.change_section(asked, r[0], NO_ACTION), row[1])
        version = await desk.admin.fetchval(plans.queries.GET_VERSION, plan_id)
        today = clock.london_day(clock.now())
        signed = SignPlan(effective_from=today, young_person_signed_on=today)
        await desk.do(who, lambda asked: plans.sign(asked, plan_id, signed), version + shift)

    @rule(share=st.booleans())
    def share(self, share: bool) -> None:
        self.run(self._share(share))

    async def _share(self, share: bool) -> None:
        plan_id = await self.desk.one(
            "SELECT plan_id FROM pathway_plans WHERE person_id = $1 ORDER BY version_no DESC LIMIT 1"
        )
        if plan_id is not None:
            version = await self.desk.admin.fetchval(plans.queries.GET_VERSION, plan_id)
            wanted = SharePlan(with_young_person=share)
            await self.desk.do("adviser", lambda asked: plans.share(asked, plan_id, wanted), version)

    # Reviews

    @rule()
    def ask_for_review(self) -> None:
        assert self.run(self.desk.do("person", lambda asked: reviews.ask(asked.connection)))
        self.desk.has_asked = True

    @rule(trigger=st.sampled_from([Trigger.ASKED_BY_ADVISER, Trigger.ASKED_BY_YOUNG_PERSON, Trigger.SIX_MONTHS]))
    def call_for_review(self, trigger: Trigger) -> None:
        new = NewReview(trigger=trigger)
        is_done = self.run(self.desk.do("adviser", lambda asked: reviews.call_for(asked, self.desk.ids["person"], new)))
        self.desk.has_asked |= is_done and trigger is Trigger.ASKED_BY_YOUNG_PERSON

    @rule(what=st.sampled_from(["schedule", "cancel", "hold"]), asked_one=st.booleans())
    def go_on_with_a_review(self, what: str, asked_one: bool) -> None:
        self.run(self._go_on(what, asked_one))

    async def _go_on(self, what: str, asked_one: bool) -> None:
        wanted = "= 'asked_by_young_person'" if asked_one else "<> 'asked_by_young_person'"
        row = await self.desk.admin.fetchrow(
            f"SELECT review_id, version FROM plan_reviews WHERE person_id = $1 AND trigger {wanted}"  # noqa: S608
            " ORDER BY review_id DESC LIMIT 1",
            self.desk.ids["person"],
        )
        if row is None:
            return
        today = clock.london_day(clock.now())
        work = {
            "schedule": lambda asked: reviews.schedule(
                asked, row[0], ReviewMeeting(on_date=today + IN_DAYS, at="10:00")
            ),
            "cancel": lambda asked: reviews.cancel_meeting(asked, row[0], MeetingCancelled(reason="Ill.")),
            "hold": lambda asked: reviews.note_held(
                asked, row[0], ReviewHeld(held_on=today, participation=Participation.PN1, outcome="Done.")
            ),
        }[what]
        is_done = await self.desk.do("adviser", work, row[1])
        if is_done and what == "hold" and asked_one:
            self.desk.has_asked = False

    # Appointments

    @rule(person=st.sampled_from(["person", "second"]), staff=st.sampled_from(["adviser", "other"]),
          at=st.sampled_from(["10:00", "10:30", "11:00"]), minutes=st.sampled_from([30, 60]))  # fmt: skip
    def book(self, person: str, staff: str, at: str, minutes: int) -> None:
        today = clock.london_day(clock.now())
        new = NewAppointment(staff_id=self.desk.ids[staff], on_date=today + IN_DAYS, at=at, minutes=minutes)
        self.run(self.desk.do("adviser", lambda asked: appointments.book(asked, self.desk.ids[person], new)))

    @rule(what=st.sampled_from(["move", "cancel", "outcome", "confirm", "ask", "cancel own"]),
          place=st.integers(0, 3), at=st.sampled_from(["10:00", "10:30", "11:30"]), old=st.booleans())  # fmt: skip
    def go_on_with_an_appointment(self, what: str, place: int, at: str, old: bool) -> None:
        self.run(self._go_on_with(what, place, at, old))

    async def _go_on_with(self, what: str, place: int, at: str, old: bool) -> None:
        row = await self.desk.admin.fetchrow(
            "SELECT appointment_id, version FROM appointments ORDER BY appointment_id DESC OFFSET $1 LIMIT 1", place
        )
        if row is None:
            return
        today = clock.london_day(clock.now())
        work, who = {
            "move": (
                lambda asked: appointments.move(
                    asked, row[0], Move(on_date=today + IN_DAYS, at=at, minutes=60, staff_id=self.desk.ids["other"])
                ),
                "adviser",
            ),
            "cancel": (lambda asked: appointments.cancel(asked, row[0], Cancellation(reason="Ill.")), "adviser"),
            "outcome": (lambda asked: appointments.note_outcome(asked, row[0], Outcome(status="missed")), "adviser"),
            "confirm": (lambda asked: appointments.answer_own(asked, row[0], Answer.CONFIRMED), "person"),
            "ask": (lambda asked: appointments.answer_own(asked, row[0], Answer.ASKS_TO_CHANGE), "person"),
            "cancel own": (lambda asked: appointments.cancel_own(asked, row[0]), "person"),
        }[what]
        is_done = await self.desk.do(who, work, row[1] - old)
        assert not (is_done and old), "a change on a version that was not the latest was carried out"

    # What holds after every step

    @invariant()
    def one_draft_and_one_signed_plan_at_most(self) -> None:
        if hasattr(self, "desk"):
            counted = self.run(self.desk.admin.fetch(
                "SELECT count(*) FILTER (WHERE status IN ('draft', 'with_young_person')),"
                " count(*) FILTER (WHERE status = 'signed') FROM pathway_plans GROUP BY person_id"
            ))  # fmt: skip
            assert all(row[0] <= 1 and row[1] <= 1 for row in counted)

    @invariant()
    def what_was_asked_for_is_due_until_it_was_held(self) -> None:
        if hasattr(self, "desk"):
            open_asks = self.run(self.desk.one(
                "SELECT count(*) FROM plan_reviews"
                " WHERE person_id = $1 AND trigger = 'asked_by_young_person' AND held_on IS NULL"
            ))  # fmt: skip
            assert open_asks == int(self.desk.has_asked)

    @invariant()
    def nobody_is_booked_twice(self) -> None:
        if hasattr(self, "desk"):
            clashes = self.run(self.desk.admin.fetchval(
                "SELECT count(*) FROM appointments AS a JOIN appointments AS b ON a.appointment_id < b.appointment_id"
                " AND (a.staff_id = b.staff_id OR a.person_id = b.person_id) AND a.starts_at < b.ends_at"
                " AND b.starts_at < a.ends_at WHERE a.status = 'booked' AND b.status = 'booked'"
            ))  # fmt: skip
            assert clashes == 0


async def test_plans_reviews_and_appointments_when_anything_is_done_in_any_order_then_the_rules_hold(
    database: TestDatabase, admin: asyncpg.Connection
) -> None:
    EveryOrder.loop, EveryOrder.admin, EveryOrder.database = asyncio.get_running_loop(), admin, database
    await asyncio.to_thread(run_state_machine_as_test, EveryOrder, settings=SETTINGS)
    done = await admin.fetchrow(
        "SELECT (SELECT count(*) FROM pathway_plans WHERE status = 'superseded'),"
        " (SELECT count(*) FROM plan_reviews WHERE held_on IS NOT NULL),"
        " (SELECT count(*) FROM appointments WHERE status = 'cancelled'), (SELECT count(*) FROM appointments)"
    )
    assert all(done), "the machine did not come as far as to try everything"
