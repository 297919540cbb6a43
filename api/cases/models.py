"""What decides which duties there are for a young person, as it is read in one statement."""

from datetime import date

import msgspec

from api.duties.models import Contact, History, Review, ReviewRequest, Visit


class CurrentHome(msgspec.Struct, frozen=True):
    """Where somebody lives now: since when, and the letter of its ACCOM code."""

    started_on: date
    accommodation: str


class Decided(msgspec.Struct, frozen=True):
    """The last decision on somebody's category."""

    category: str
    support: str | None
    since_on: date | None
    rules_version: str


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """One young person's records, as far as they set days. Lists may be in any order."""

    history: History
    adviser_since: date | None
    care_started_on: date | None
    home: CurrentHome | None
    unregulated_since: date | None
    assessed_on: date | None
    plan_started_on: date | None
    next_review_on: date | None
    reviews: tuple[Review, ...]
    requests: tuple[ReviewRequest, ...]
    looked_after_reviews: tuple[date, ...] = ()
    visits: tuple[Visit, ...]
    contacts: tuple[Contact, ...]
    birthdays_recorded: tuple[date, ...]
    decided: Decided | None
