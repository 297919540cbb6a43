"""Sessions of staff against a model of them, whatever happens in whichever order."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.api.staff_sign_in.browser import SESSION_COOKIE, Browser, Office, office
from tests.conftest import TestDatabase
from tests.factories import create_staff

IDLE, ABSOLUTE, STEP_UP = timedelta(minutes=15), timedelta(hours=8), timedelta(minutes=5)
# Not at the limits themselves: real seconds pass too.
SPANS = [timedelta(minutes=minutes) for minutes in (1.5, 4, 6, 14, 16, 100, 470)]


@dataclass
class Session:
    """What a token is worth, in time since things happened."""

    subject: str
    is_stepped_up: bool
    age: timedelta = timedelta(0)
    unused: timedelta = timedelta(0)
    is_ended: bool = False

    @property
    def is_alive(self) -> bool:
        return not self.is_ended and self.age < ABSOLUTE and self.unused < IDLE


@dataclass
class Model:
    """Every token ever given, and which browser holds which."""

    sessions: dict[str, Session] = field(default_factory=dict)
    disabled: set[str] = field(default_factory=set)

    def holds(self, token: str) -> bool:
        found = self.sessions.get(token)
        return found is not None and found.is_alive and found.subject not in self.disabled


SUBJECTS = ("sam", "max")


def machine_of(loop: asyncio.AbstractEventLoop, place: Office, staff: dict[str, UUID]) -> type[RuleBasedStateMachine]:
    """A machine on this office; what one run leaves behind is ended by the next."""

    def run(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(30)

    class Sessions(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.model = Model()
            self.browsers: list[Browser] = [place.browser() for _ in range(2)]

        @initialize()
        def start_anew(self) -> None:
            run(place.admin.execute("DELETE FROM sessions"))
            run(place.admin.execute("DELETE FROM rate_limits"))
            run(place.admin.execute("UPDATE staff SET disabled_at = NULL"))

        @rule(number=st.integers(0, 1), subject=st.sampled_from(SUBJECTS), is_step_up=st.booleans())
        def sign_in(self, number: int, subject: str, is_step_up: bool) -> None:
            browser = self.browsers[number]
            old = browser.cookies.get(SESSION_COOKIE, "")
            here = self.model.sessions[old].subject if self.model.holds(old) else None
            back = run(browser.sign_in(subject, **({"step_up": True} if is_step_up else {})))
            if is_step_up and here is not None:
                self.model.sessions[old].unused = timedelta(0)
            is_refused = subject in self.model.disabled or (is_step_up and here not in {None, subject})
            assert back.status_code == (403 if is_refused else 303)
            if not is_refused:
                if old in self.model.sessions:
                    self.model.sessions[old].is_ended = True
                token = browser.cookies[SESSION_COOKIE]
                assert token not in self.model.sessions
                self.model.sessions[token] = Session(subject, is_step_up)

        @rule(span=st.sampled_from(SPANS))
        def wait(self, span: timedelta) -> None:
            run(place.later(f"{span.total_seconds()} seconds"))
            for session in self.model.sessions.values():
                session.age += span
                session.unused += span

        @rule(number=st.integers(0, 1))
        def sign_out(self, number: int) -> None:
            browser = self.browsers[number]
            token = browser.cookies.get(SESSION_COOKIE, "")
            expected = 204 if self.model.holds(token) else 401
            assert run(browser.request("DELETE", "/admin/v1/session")).status_code == expected
            if expected == 204:
                self.model.sessions[token].is_ended = True

        @rule(number=st.integers(0, 1))
        def sign_out_everywhere(self, number: int) -> None:
            browser = self.browsers[number]
            token = browser.cookies.get(SESSION_COOKIE, "")
            expected = 204 if self.model.holds(token) else 401
            assert run(browser.request("DELETE", "/admin/v1/sessions")).status_code == expected
            if expected == 204:
                for session in self.model.sessions.values():
                    session.is_ended |= session.subject == self.model.sessions[token].subject

        @rule(subject=st.sampled_from(SUBJECTS), is_disabled=st.booleans())
        def disable(self, subject: str, is_disabled: bool) -> None:
            change = "UPDATE staff SET disabled_at = CASE WHEN $2 THEN now() END WHERE staff_id = $1"
            run(place.admin.execute(change, staff[subject], is_disabled))
            (self.model.disabled.add if is_disabled else self.model.disabled.discard)(subject)

        @invariant()
        def every_token_is_worth_what_the_model_says(self) -> None:
            for token, session in self.model.sessions.items():
                browser = place.browser()
                browser.cookies[SESSION_COOKIE] = token
                shown = run(browser.session())
                assert shown.status_code == (200 if self.model.holds(token) else 401)
                if shown.status_code == 200:
                    session.unused = timedelta(0)
                    assert shown.json()["staff_id"] == str(staff[session.subject])
                    is_fresh = session.is_stepped_up and session.age < STEP_UP
                    assert (shown.json()["stepped_up_until"] is not None) == is_fresh

    return Sessions


@pytest.mark.timeout(300)
async def test_sessions_when_anything_happens_in_any_order_then_each_is_worth_what_the_model_says(
    database: TestDatabase, admin: asyncpg.Connection
) -> None:
    async with office(database, admin) as place:
        staff = {}
        for subject in SUBJECTS:
            staff[subject] = await create_staff(admin, shown_name=subject)
            await place.link(staff[subject], subject)
        machine = machine_of(asyncio.get_running_loop(), place, staff)
        limits = settings(
            max_examples=40, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        )
        await asyncio.to_thread(run_state_machine_as_test, machine, settings=limits)
