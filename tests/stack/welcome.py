"""What to try, once everything runs."""

from collections.abc import Iterator

from api.demo import PEOPLE, STAFF, DemoPerson, demo_number, demo_subject
from tests.stack.service import LocalService

UNKNOWN_NUMBER = demo_number(199)


def welcome(service: LocalService, took_s: float) -> str:
    """The lines that `make run` ends its start with."""
    numbers = "\n".join(f"    {number}  {why}" for number, why in worth_trying())
    staff = "\n".join(f"    {demo_subject(shown):9} {role.replace('_', ' ')}" for _, shown, role, _ in STAFF)
    return f"""
Fifteen Plus is ready ({took_s:.1f} s). Try, in another terminal:

    make text FROM={demo_number(PEOPLE[0].phone)} SAY="whens my next appointment"

Other numbers to text from:
{numbers}

Staff sign in at {service.api_url}/admin/v1/sign-in (a browser, no password), as one of:
{staff}

    health  {service.api_url}/health/ready
    logs    {service.logs_dir}
    data    {service.settings.data_dir}  (remove it to start with new demo data)
    stop    Ctrl-C
"""


def worth_trying() -> Iterator[tuple[str, str]]:
    """One number for each case that is not the ordinary one, and why."""
    on_phone: dict[int, list[DemoPerson]] = {}
    for person in PEOPLE:
        on_phone.setdefault(person.phone, []).append(person)
    for phone, people in on_phone.items():
        if len(people) > 1:
            yield demo_number(phone), f"{' and '.join(p.name for p in people)} share this phone"
        elif _is_unusual(people[0]):
            yield demo_number(phone), f"{people[0].name}: {people[0].note}"
    yield UNKNOWN_NUMBER, "a number nobody knows: one neutral reply"


def _is_unusual(person: DemoPerson) -> bool:
    return not person.appointments or person.adviser is None or person.is_opted_out or person.has_died
