"""Clocks beside the casework: birthdays, coming back after going missing, records, complaints, closing at 25."""

from collections.abc import Collection
from datetime import date, datetime
from typing import NamedTuple

from api.duties.dates import (
    add_clock_hours,
    add_days,
    add_months,
    add_working_days,
    anniversary,
    working_day_from,
)
from api.duties.law import ages, duty_by_day, is_prospective, rule
from api.duties.models import Duty

COMPLAINT_STAGES = {
    (1, False): "complaint_stage_1",
    (1, True): "complaint_stage_1_extended",
    (2, False): "complaint_stage_2",
    (2, True): "complaint_stage_2_extended",
    (3, False): "complaint_stage_3",
}


class BirthdayWindow(NamedTuple):
    """The days around a birthday in which contact counts for the return, both included, with the prompts for staff."""

    birthday: date
    starts_on: date
    ends_on: date
    prompts: tuple[Duty, ...]


def birthday_window(born_on: date, age: int) -> BirthdayWindow:
    """The window of a birthday, with one duty for each prompt to the personal adviser."""
    birthday = anniversary(born_on, age)
    months_before, months_after = rule("birthday_contact", birthday).numbers
    starts_on, ends_on = add_months(birthday, -months_before), add_months(birthday, months_after)
    prompt = rule("birthday_prompt", birthday)
    days = (add_days(birthday, days) for days in prompt.numbers)
    return BirthdayWindow(
        birthday, starts_on, ends_on, tuple(duty_by_day(prompt, since=min(starts_on, day), due_on=day) for day in days)
    )


def return_interview_duties(
    returned_at: datetime,
    *,
    returned_on: date,
    offered_at: datetime | None = None,
    was_accepted: bool | None = None,
    done_at: datetime | None = None,
) -> list[Duty]:
    """What is still owed after somebody came back: the offer, and the interview unless it was turned down.

    `returned_on` is the London day of `returned_at`. The 72 hours are on the clock: no weekend, holiday or change of
    the clocks moves them. Raises ValueError for an instant without a time zone.
    """
    if done_at is not None:
        return []
    owed = [] if offered_at is not None else ["return_interview_offer"]
    if was_accepted is not False:
        owed.append("return_interview")
    return [_clock_duty(code, returned_at, returned_on) for code in owed]


def _clock_duty(code: str, since_at: datetime, since: date) -> Duty:
    wording = rule(code, since)
    return Duty(
        code=wording.code,
        since=since,
        due_at=add_clock_hours(since_at, wording.hours),
        why=wording.why,
        source=wording.source,
        verified=wording.verified,
        is_prospective=is_prospective(wording.in_force_from, since),
    )


def retention_until(born_on: date, died_on: date | None = None) -> Duty:
    """The last day to keep the record: 75 years after birth, or 15 after the death of somebody under 18."""
    if died_on is not None and died_on < anniversary(born_on, ages().adult):
        wording = rule("retention_died_under_18", died_on)
        return duty_by_day(wording, since=died_on, due_on=anniversary(died_on, wording.years))
    wording = rule("retention", born_on)
    return duty_by_day(wording, since=born_on, due_on=anniversary(born_on, wording.years))


def subject_access_due(received_on: date, bank_holidays: Collection[date], *, is_complex: bool = False) -> Duty:
    """When a request for records must be answered; a last day that is no working day moves to the next one."""
    wording = rule("subject_access_complex" if is_complex else "subject_access", received_on)
    due_on = working_day_from(add_months(received_on, wording.months), bank_holidays)
    return duty_by_day(wording, since=received_on, due_on=due_on)


def complaint_due(stage: int, started_on: date, bank_holidays: Collection[date], *, is_extended: bool = False) -> Duty:
    """When a stage of a complaint must be answered, in working days; raises KeyError for a stage there is not."""
    wording = rule(COMPLAINT_STAGES[stage, is_extended], started_on)
    due_on = add_working_days(started_on, wording.working_days, bank_holidays)
    return duty_by_day(wording, since=started_on, due_on=due_on)


def bed_and_breakfast_limit(moved_in_on: date, bank_holidays: Collection[date]) -> Duty:
    """The last day that somebody may be in bed and breakfast."""
    wording = rule("bed_and_breakfast", moved_in_on)
    due_on = add_working_days(moved_in_on, wording.working_days, bank_holidays)
    return duty_by_day(wording, since=moved_in_on, due_on=due_on)


def closing_duties(born_on: date) -> list[Duty]:
    """The notices that support ends at 25, at 24 and a half and a month before, and the last day of the duties."""
    closing = rule("closing", anniversary(born_on, ages().supported_to))
    closes_on = anniversary(born_on, closing.years)
    notice = rule("closing_notice", closes_on)
    days = [add_months(closes_on, -months) for months in notice.numbers]
    told = [duty_by_day(notice, since=day, due_on=day) for day in days]
    return [
        *told,
        duty_by_day(closing, since=anniversary(born_on, ages().supported_to), due_on=add_days(closes_on, -1)),
    ]
