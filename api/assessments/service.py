"""The rules of needs assessments: one at a time, and complete only when everything was considered."""

from datetime import date
from uuid import UUID

from api.assessments import queries
from api.assessments.models import Assessment, AssessmentChange, AssessmentCompleted, CopyGiven, NewAssessment
from api.cases import service as cases
from api.duties.records import assessment_complete
from api.kit import clock
from api.kit.clock import say_day
from api.kit.constraints import told_as
from api.kit.db import Connection
from api.kit.errors import Conflict, FieldError, NotFound, Refused
from api.kit.pages import Page, read_cursor, write_cursor
from api.kit.signed_in import Write, Written
from api.people import service as people

CONSTRAINTS = {"needs_assessments_open": Conflict("There is an assessment that was not completed. Go on with it.")}


async def list_assessments(connection: Connection, person_id: UUID, cursor: str | None, count: int) -> Page[Assessment]:
    """Somebody's assessments, the newest first. Raises NotFound or BadRequest."""
    place = read_cursor(cursor, tuple[UUID])
    found = await queries.list_assessments(connection, person_id, place and place[0], count + 1)
    if found is None:
        raise NotFound
    more = write_cursor(found[count - 1].needs_assessment_id) if len(found) > count else None
    return Page(found[:count], more)


async def start(asked: Write, person_id: UUID, new: NewAssessment) -> Written:
    """Starts an assessment. Raises NotFound, Refused, or Conflict when one is open."""
    held = await people.hold(asked.connection, person_id)
    people.check_days(held, new.started_on)
    with told_as(CONSTRAINTS):
        assessment_id = await queries.insert_assessment(asked.connection, person_id, new, asked.who.staff_id)
    return Written(assessment_id, 1, _location(person_id))


def _location(person_id: UUID) -> str:
    return f"/admin/v1/young-people/{person_id}/needs-assessments"


async def _hold(asked: Write, assessment_id: UUID) -> tuple[UUID, date, date | None, dict[str, str]]:
    """Nobody else changes the assessment until the end. Raises NotFound, Unversioned or Stale."""
    found = await queries.lock_assessment(asked.connection, assessment_id)
    if found is None:
        raise NotFound
    person_id, version, started_on, completed_on, considered = found
    asked.version()
    asked.check_version(version)
    return person_id, started_on, completed_on, considered


async def change(asked: Write, assessment_id: UUID, change: AssessmentChange) -> Written:
    """Writes what an open assessment says. Raises NotFound, Stale or Conflict."""
    person_id, _, completed_on, _ = await _hold(asked, assessment_id)
    if completed_on is not None:
        raise Conflict("A completed assessment stays as it is. Start a new one.")
    version = await queries.update_assessment(asked.connection, assessment_id, change)
    return Written(assessment_id, version, _location(person_id))


async def complete(asked: Write, assessment_id: UUID, completed: AssessmentCompleted) -> Written:
    """Completes an assessment. Raises NotFound, Stale, Conflict, or Refused with all that was not considered."""
    person_id, started_on, completed_on, considered = await _hold(asked, assessment_id)
    if completed_on is not None:
        raise Conflict("It was completed already.")
    _check_between(completed.completed_on, started_on, "completed_on")
    missing = assessment_complete(considered)
    if missing:
        errors = [FieldError(f"considerations.{gap.where}", gap.what) for gap in missing]
        raise Refused("Not everything was considered.", errors=errors)
    version = await queries.set_days(asked.connection, assessment_id, completed_on=completed.completed_on)
    await cases.recompute(asked.connection, person_id)
    return Written(assessment_id, version, _location(person_id))


def _check_between(on: date, earliest: date, path: str) -> None:
    today = clock.london_day(clock.now())
    if not earliest <= on <= today:
        allowed = (f"{say_day(earliest)} to {say_day(today)}",)
        raise Refused(errors=[FieldError(path, "It is before that day could be, or ahead of today.", allowed)])


async def note_copy(asked: Write, assessment_id: UUID, copy: CopyGiven) -> Written:
    """Notes that the young person was given the assessment. Raises NotFound, Stale, Conflict or Refused."""
    person_id, _, completed_on, _ = await _hold(asked, assessment_id)
    if completed_on is None:
        raise Conflict("The assessment is not completed yet.")
    _check_between(copy.given_on, completed_on, "given_on")
    version = await queries.set_days(asked.connection, assessment_id, copy_given_on=copy.given_on)
    return Written(assessment_id, version, _location(person_id))
