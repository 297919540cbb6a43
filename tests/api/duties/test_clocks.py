"""Birthdays, coming back, records, complaints, bed and breakfast, closing at 25."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.duties.clocks import (
    bed_and_breakfast_limit,
    birthday_window,
    closing_duties,
    complaint_due,
    retention_until,
    return_interview_duties,
    subject_access_due,
)
from api.kit.bank_holidays import bank_holidays
from tests.api.duties.cases import BORN, days

HOLIDAYS = bank_holidays(2024, 2030)
LONDON = ZoneInfo("Europe/London")
DAYS = st.dates(min_value=date(2024, 1, 1), max_value=date(2029, 6, 30))


def test_birthday_window_when_asked_then_three_months_before_to_one_after() -> None:
    window = birthday_window(date(2008, 5, 31), 18)
    assert (window.birthday, window.starts_on, window.ends_on) == (
        date(2026, 5, 31),
        date(2026, 2, 28),
        date(2026, 6, 30),
    )
    assert [duty.due_on for duty in window.prompts] == [
        date(2026, 3, 2),
        date(2026, 5, 1),
        date(2026, 5, 31),
        date(2026, 6, 21),
    ]


def test_birthday_window_when_born_on_29_february_then_around_1_march() -> None:
    window = birthday_window(date(2008, 2, 29), 18)
    assert (window.starts_on, window.ends_on) == (date(2025, 12, 1), date(2026, 4, 1))


@given(DAYS, st.integers(0, 25))
def test_birthday_window_when_given_then_the_birthday_and_most_prompts_lie_in_it(born_on: date, age: int) -> None:
    window = birthday_window(born_on, age)
    assert window.starts_on < window.birthday < window.ends_on
    assert all(duty.due_on is not None and duty.since <= duty.due_on <= window.ends_on for duty in window.prompts)


@pytest.mark.parametrize(
    ("returned", "due_at"),
    [
        (datetime(2026, 3, 28, 12, tzinfo=LONDON), datetime(2026, 3, 31, 12, tzinfo=UTC)),
        (datetime(2026, 10, 24, 12, tzinfo=LONDON), datetime(2026, 10, 27, 11, tzinfo=UTC)),
        (datetime(2026, 12, 24, 23, 30, tzinfo=LONDON), datetime(2026, 12, 27, 23, 30, tzinfo=UTC)),
    ],
)
def test_return_interview_when_clocks_change_or_offices_are_closed_then_72_hours(
    returned: datetime, due_at: datetime
) -> None:
    duties = return_interview_duties(returned, returned_on=returned.date())
    assert [duty.code for duty in duties] == ["return_interview_offer", "return_interview"]
    assert {duty.due_at for duty in duties} == {due_at}
    assert {duty.due_on for duty in duties} == {None}


def test_return_interview_when_offered_accepted_or_done_then_each_is_told_apart() -> None:
    returned = datetime(2026, 5, 1, 9, tzinfo=UTC)
    offered = datetime(2026, 5, 1, 12, tzinfo=UTC)

    def owed(*, offered_at: datetime | None = None, accepted: bool | None = None, done: bool = False) -> list[str]:
        duties = return_interview_duties(
            returned,
            returned_on=date(2026, 5, 1),
            offered_at=offered_at,
            was_accepted=accepted,
            done_at=offered if done else None,
        )
        return [duty.code for duty in duties]

    assert owed() == ["return_interview_offer", "return_interview"]
    assert owed(offered_at=offered) == ["return_interview"]
    assert owed(offered_at=offered, accepted=True) == ["return_interview"]
    assert owed(offered_at=offered, accepted=False) == []
    assert owed(accepted=False) == ["return_interview_offer"]
    assert owed(offered_at=offered, accepted=True, done=True) == []


def test_return_interview_when_the_instant_has_no_zone_then_it_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        return_interview_duties(
            datetime(2026, 5, 1, 9),  # noqa: DTZ001 what a careless caller would pass
            returned_on=date(2026, 5, 1),
        )


def test_retention_when_alive_then_until_75() -> None:
    assert retention_until(BORN).due_on == date(2083, 5, 20)
    assert retention_until(date(2008, 2, 29)).due_on == date(2083, 3, 1)


def test_retention_when_died_under_18_then_15_years_from_death() -> None:
    assert retention_until(BORN, date(2026, 5, 19)).due_on == date(2041, 5, 19)
    assert retention_until(BORN, date(2024, 2, 29)).due_on == date(2039, 3, 1)


def test_retention_when_died_on_the_18th_birthday_or_later_then_until_75() -> None:
    assert retention_until(BORN, date(2026, 5, 20)).due_on == date(2083, 5, 20)


@pytest.mark.parametrize(
    ("received_on", "is_complex", "due_on"),
    [
        (date(2026, 1, 31), False, date(2026, 3, 2)),
        (date(2026, 11, 25), False, date(2026, 12, 29)),
        (date(2026, 3, 3), False, date(2026, 4, 7)),
        (date(2026, 11, 24), False, date(2026, 12, 24)),
        (date(2026, 1, 31), True, date(2026, 4, 30)),
    ],
)
def test_subject_access_when_the_last_day_is_closed_then_the_next_working_day(
    received_on: date, is_complex: bool, due_on: date
) -> None:
    assert subject_access_due(received_on, HOLIDAYS, is_complex=is_complex).due_on == due_on


@pytest.mark.parametrize(
    ("stage", "is_extended", "due_on"),
    [
        (1, False, date(2026, 12, 8)),
        (1, True, date(2026, 12, 22)),
        (2, False, date(2026, 12, 31)),
        (2, True, date(2027, 2, 26)),
        (3, False, date(2027, 1, 8)),
    ],
)
def test_complaint_when_a_stage_begins_then_so_many_working_days(stage: int, is_extended: bool, due_on: date) -> None:
    assert complaint_due(stage, date(2026, 11, 24), HOLIDAYS, is_extended=is_extended).due_on == due_on


def test_complaint_when_there_is_no_such_stage_then_it_is_refused() -> None:
    with pytest.raises(KeyError):
        complaint_due(4, date(2026, 11, 24), HOLIDAYS)


def test_bed_and_breakfast_when_over_a_weekend_or_christmas_then_two_working_days() -> None:
    assert bed_and_breakfast_limit(date(2026, 11, 27), HOLIDAYS).due_on == date(2026, 12, 1)
    assert bed_and_breakfast_limit(date(2026, 12, 24), HOLIDAYS).due_on == date(2026, 12, 30)


def test_closing_when_25_comes_then_told_twice_and_closed_the_day_before() -> None:
    assert [(duty.code, duty.due_on) for duty in closing_duties(BORN)] == [
        ("closing_notice", date(2032, 11, 20)),
        ("closing_notice", date(2033, 4, 20)),
        ("closing", date(2033, 5, 19)),
    ]


@given(DAYS, DAYS)
def test_clocks_when_something_begins_later_then_never_due_sooner_nor_before_it(one: date, other: date) -> None:
    early, late = sorted((one, other))
    for clock in (
        lambda on: subject_access_due(on, HOLIDAYS),
        lambda on: complaint_due(1, on, HOLIDAYS),
        lambda on: bed_and_breakfast_limit(on, HOLIDAYS),
        retention_until,
    ):
        first, second = clock(early), clock(late)
        assert first.due_on is not None
        assert second.due_on is not None
        assert first.since <= first.due_on <= second.due_on
        assert first.due_on > early


@given(st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2027, 1, 1), timezones=st.just(LONDON)))  # noqa: DTZ001 hypothesis adds the zone
def test_return_interview_when_any_hour_then_exactly_72_hours_pass(returned: datetime) -> None:
    (offer, _) = return_interview_duties(returned, returned_on=returned.date())
    assert offer.due_at is not None
    assert offer.due_at - returned.astimezone(UTC) == days(3)
