"""Two teams, their members and young people, and who may see whom: written a second time, in plain Python."""

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

ON_CASES = {"personal_adviser", "duty_worker", "manager"}


def today() -> date:
    """Today in London."""
    return datetime.now(ZoneInfo("Europe/London")).date()


@dataclass
class Member:
    """One of staff; `shift` is how many hours from now theirs begins."""

    name: str
    team: str
    role: str = "personal_adviser"
    shift: int | None = None
    has_left: bool = False
    is_disabled: bool = False
    staff_id: UUID = field(default_factory=uuid4)


@dataclass
class Allocation:
    """Who is whose adviser, in days from today."""

    member: str
    from_day: int = -100
    to_day: int | None = None


@dataclass
class Person:
    """A young person."""

    name: str
    team: str | None
    allocations: tuple[Allocation, ...] = ()
    is_restricted: bool = False
    named: tuple[str, ...] = ()
    has_died: bool = False
    person_id: UUID = field(default_factory=uuid4)


@dataclass
class BreakGlass:
    """A case that was opened, in hours from now."""

    member: str
    person: str
    from_hour: float = -1
    to_hour: float = 1


MEMBERS = [
    Member("adviser n", "north"),
    Member("adviser n2", "north"),
    Member("adviser s", "south"),
    Member("before and after", "south"),
    Member("manager n", "north", "manager"),
    Member("manager s", "south", "manager"),
    Member("on duty n", "north", "duty_worker", shift=-2),
    Member("off duty n", "north", "duty_worker", shift=2),
    Member("was on duty n", "north", "duty_worker", shift=-10),
    Member("reviewing", "north", "reviewing_officer", shift=-2),
    Member("reviewing named", "south", "reviewing_officer"),
    Member("reviewing no more", "south"),
    Member("protection", "north", "data_protection_lead", shift=-2),
    Member("administrator", "north", "administrator", shift=-2),
    Member("gone", "north", "manager", has_left=True),
    Member("disabled", "north", "manager", is_disabled=True),
    Member("named", "south"),
    Member("broke glass", "south"),
    Member("glass is old", "south"),
]
PEOPLE = [
    Person("plain n", "north", (Allocation("adviser n"),)),
    Person("second n", "north", (Allocation("adviser n2"),)),
    Person("plain s", "south", (Allocation("adviser s"),)),
    Person("no adviser n", "north"),
    Person("no team", None, (Allocation("adviser s"),)),
    Person("handed over today", "south", (Allocation("before and after", to_day=0),)),
    Person("handed over yesterday", "south", (Allocation("before and after", to_day=-1), Allocation("adviser s", 0))),
    Person("from tomorrow", "north", (Allocation("before and after", from_day=1),)),
    Person("of other roles", "south", (Allocation("administrator"),)),
    Person("of reviewing", "south", (Allocation("reviewing"),)),
    Person(
        "restricted",
        "north",
        (Allocation("adviser n"),),
        is_restricted=True,
        named=("named", "administrator", "reviewing named"),
    ),
    Person("restricted s", "south", (Allocation("adviser s"),), is_restricted=True),
    Person("died", "north", (Allocation("adviser n"),), has_died=True),
]
OPENED = [
    BreakGlass("broke glass", "plain n"),
    BreakGlass("broke glass", "restricted"),
    BreakGlass("glass is old", "plain n", -3, -1),
    BreakGlass("glass is old", "restricted", 1, 2),
    BreakGlass("gone", "plain s"),
    BreakGlass("protection", "plain s"),
]


@dataclass
class ReviewGiven:
    """A review that somebody was to hold; `held_day` is the day they did, from today."""

    member: str
    person: str
    held_day: int | None = None


REVIEWS_GIVEN = [
    ReviewGiven("reviewing", "plain s"),
    ReviewGiven("reviewing", "second n", -27),
    ReviewGiven("reviewing", "no adviser n", -28),
    ReviewGiven("reviewing", "restricted"),
    ReviewGiven("reviewing named", "restricted"),
    ReviewGiven("reviewing named", "restricted s"),
    ReviewGiven("reviewing no more", "plain n"),
]


@dataclass(frozen=True)
class Actor:
    """How a connection says whom it acts for, and who that is."""

    name: str
    login: str
    claim: str = ""
    token: str = ""
    member: str | None = None
    person: str | None = None
    level: str = "full"
    is_stepped_up: bool = False


def is_here(member: Member) -> bool:
    """Whether somebody works here and may sign in."""
    return not member.has_left and not member.is_disabled


def sees_whole(actor: Actor) -> set[str]:
    """Whose whole record an actor sees."""
    if actor.member is not None:
        return _of_staff(next(m for m in MEMBERS if m.name == actor.member))
    if actor.person is not None and actor.level == "full":
        return {p.name for p in PEOPLE if p.name == actor.person and not p.has_died} or _of_conversation(actor)
    return set()


def _of_conversation(actor: Actor) -> set[str]:
    return {actor.person} if actor.person is not None and actor.claim else set()


def sees_in_touch(actor: Actor) -> set[str]:
    """With whom an actor chats and whose appointments they see."""
    own = {p.name for p in PEOPLE if p.name == actor.person and not p.has_died and not actor.claim}
    return sees_whole(actor) | own


def _of_staff(member: Member) -> set[str]:
    if not is_here(member) or member.role not in ON_CASES:
        return set()
    is_on_shift = member.shift is not None and member.shift <= 0 < member.shift + 8
    seen = set()
    for person in PEOPLE:
        is_own = any(
            a.member == member.name and a.from_day <= 0 and (a.to_day is None or a.to_day >= 0)
            for a in person.allocations
        )
        is_teams = person.team == member.team and (member.role == "manager" or is_on_shift)
        is_open = any(
            o.member == member.name and o.person == person.name and o.from_hour <= 0 < o.to_hour for o in OPENED
        )
        is_named = member.name in person.named
        if is_open or is_named or ((is_own or is_teams) and not person.is_restricted):
            seen.add(person.name)
    return seen


def sees_plan(actor: Actor) -> set[str]:
    """Whose plan, reviews and needs assessment an actor sees."""
    return sees_whole(actor) | {
        given.person
        for given in REVIEWS_GIVEN
        if given.member == actor.member and _reviews(actor.member) and (given.held_day is None or given.held_day > -28)
        if all(not p.is_restricted or actor.member in p.named for p in PEOPLE if p.name == given.person)
    }


def _reviews(member: str) -> bool:
    return any(m.name == member and m.role == "reviewing_officer" and not m.has_left for m in MEMBERS)


def current_advisers(person: str | None) -> set[str]:
    """Who is a person's adviser today."""
    return {
        a.member
        for p in PEOPLE
        if p.name == person
        for a in p.allocations
        if a.from_day <= 0 and (a.to_day is None or a.to_day >= 0)
    }
