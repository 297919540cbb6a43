"""The rules of pathway plans: one draft, one that counts, and a signed one stays as it was signed."""

from datetime import date, timedelta
from functools import cache
from uuid import UUID

import msgspec

from api.cases import service as cases
from api.duties.law import plan_law
from api.duties.models import Category, Missing
from api.duties.models import Plan as PlanByLaw
from api.duties.models import PlanAction as ActionByLaw
from api.duties.models import PlanSection as SectionByLaw
from api.duties.models import Review as ReviewByLaw
from api.duties.planning import review_duties
from api.duties.records import plan_complete
from api.kit import clock
from api.kit.clock import say_day
from api.kit.constraints import told_as
from api.kit.db import Connection
from api.kit.errors import Conflict, FieldError, NotFound, Refused, Stale
from api.kit.pages import Page, read_cursor, write_cursor
from api.kit.signed_in import Write, Written
from api.kit.words import Words
from api.people import service as people
from api.plans import queries
from api.plans.comparison import compare_versions
from api.plans.models import (
    ActionOutcome,
    ActionStatus,
    Basis,
    Comparison,
    CopyGiven,
    Gap,
    Gaps,
    NewAction,
    NewPlan,
    NextReview,
    OwnerKind,
    OwnFacts,
    OwnPlanPage,
    Plan,
    PlanInList,
    Section,
    SectionChange,
    SharePlan,
    SignPlan,
    Status,
)

SIGNED = frozenset({Status.SIGNED, Status.SUPERSEDED})
# The plan is owed to a former relevant child whichever section of the Act it is made under.
CATEGORIES = {
    Basis.ELIGIBLE: Category.ELIGIBLE,
    Basis.RELEVANT: Category.RELEVANT,
    Basis.FORMER_RELEVANT: Category.FORMER_RELEVANT,
    Basis.EDUCATION: Category.FORMER_RELEVANT,
    Basis.TO_25: Category.FORMER_RELEVANT,
    Basis.QUALIFYING: Category.QUALIFYING,
}
STAYS = Conflict("A signed plan stays as it was signed. Start a new version.")
ONE_DRAFT = Conflict("There is a draft already. Go on with it.")
NOT_HERE = Refused(errors=[FieldError("owner_staff_id", "They have left.", ("one of the team who is here",))])
CONSTRAINTS = {
    "pathway_plans_draft": ONE_DRAFT,
    "pathway_plans_person_id_version_no_key": ONE_DRAFT,
    "pathway_plans_stay": STAYS,
    "pathway_plans_complete": Refused("The plan is not complete."),
    "plan_sections_stay": STAYS,
    "plan_actions_stay": STAYS,
    "plan_actions_owner_staff_id_is_here": NOT_HERE,
    "plan_actions_owner_staff_id_fkey": Refused(
        errors=[FieldError("owner_staff_id", "There is nobody of that id.", ("one of the team who is here",))]
    ),
}
LONGEST_AHEAD = timedelta(days=5 * 366)


@cache
def section_titles() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The keys of a plan's sections in the order of the law, the adviser's last, and the law's titles."""
    law = plan_law()
    keys = tuple(section.key for section in law.sections)
    titles = tuple(section.title for section in law.sections)
    return (*keys, law.adviser_section.key), (*titles, law.adviser_section.title)


async def get_plan(connection: Connection, plan_id: UUID) -> tuple[bytes, int]:
    """A whole plan as JSON (a `Plan`), and its version. Raises NotFound."""
    found = await queries.get_plan(connection, plan_id, *section_titles())
    if found is None:
        raise NotFound
    return found


async def _read(connection: Connection, plan_id: UUID) -> Plan:
    document, _ = await get_plan(connection, plan_id)
    return msgspec.json.decode(document, type=Plan)


async def list_plans(connection: Connection, person_id: UUID, cursor: str | None, count: int) -> Page[PlanInList]:
    """The versions of somebody's plan, the newest first. Raises NotFound or BadRequest."""
    place = read_cursor(cursor, tuple[int])
    found = await queries.list_plans(connection, person_id, place and place[0], count + 1)
    if found is None:
        raise NotFound
    more = write_cursor(found[count - 1].version_no) if len(found) > count else None
    return Page(found[:count], more)


async def start(asked: Write, person_id: UUID, new: NewPlan) -> Written:
    """Starts a draft with all its sections. Raises NotFound, Refused, or Conflict when there is one already."""
    held = await people.hold(asked.connection, person_id)
    if held.died_on is not None:
        raise Refused("They have died. Their plan stays as it was.")
    signed_plan_id = await queries.get_signed_plan_id(asked.connection, person_id)
    is_copy = new.start_from == "signed_version"
    if is_copy and signed_plan_id is None:
        raise Refused(errors=[FieldError("start_from", "There is no signed version.", ("nothing",))])
    with told_as(CONSTRAINTS):
        plan_id = await queries.insert_plan(
            asked.connection, person_id, new, signed_plan_id if is_copy else None, asked.who.staff_id
        )
    keys = _keys_of(new.basis)
    await queries.insert_sections(asked.connection, plan_id, person_id, keys, signed_plan_id if is_copy else None)
    if is_copy and signed_plan_id is not None:
        await queries.copy_open_actions(asked.connection, plan_id, signed_plan_id)
    return await _written(asked, plan_id)


def _keys_of(basis: Basis) -> tuple[str, ...]:
    keys, law = section_titles()[0], plan_law()
    needs_adviser = CATEGORIES[basis] in law.adviser_section.categories
    return keys if needs_adviser else tuple(key for key in keys if key != law.adviser_section.key)


async def _written(asked: Write, plan_id: UUID) -> Written:
    return Written(plan_id, await queries.get_version(asked.connection, plan_id), f"/admin/v1/plans/{plan_id}")


async def _hold(asked: Write, plan_id: UUID) -> tuple[UUID, Status, Basis]:
    """Nobody else changes the plan until the end. Raises NotFound, Unversioned or Stale."""
    found = await queries.lock_plan(asked.connection, plan_id)
    if found is None:
        raise NotFound
    asked.version()
    asked.check_version(await queries.get_version(asked.connection, plan_id))
    person_id, status, basis = found
    return person_id, status, Basis(basis)


async def share(asked: Write, plan_id: UUID, wanted: SharePlan) -> Written:
    """Lets the young person read a draft, or takes it back to be worked on. Raises NotFound, Stale or Conflict."""
    _, status, _ = await _hold(asked, plan_id)
    if status in SIGNED:
        raise STAYS
    await queries.set_status(
        asked.connection, plan_id, Status.WITH_YOUNG_PERSON if wanted.with_young_person else Status.DRAFT
    )
    return await _written(asked, plan_id)


async def sign(asked: Write, plan_id: UUID, signed: SignPlan) -> Written:
    """Signs a draft: it counts from now on and the version before no more.

    Raises NotFound, Stale, Conflict, or Refused with everything that is missing.
    """
    person_id, status, basis = await _hold(asked, plan_id)
    if status in SIGNED:
        raise STAYS
    held = await people.hold(asked.connection, person_id)
    today = clock.london_day(clock.now())
    _check_signing(signed, today, held.born_on)
    missing = _missing(basis, (await _read(asked.connection, plan_id)).sections)
    if missing:
        raise Refused(
            "The plan is not complete.", errors=[FieldError(f"sections.{gap.where}", gap.what) for gap in missing]
        )
    await queries.supersede(asked.connection, person_id)
    with told_as(CONSTRAINTS):
        await queries.sign(asked.connection, plan_id, signed, today, asked.who.staff_id)
    await cases.recompute(asked.connection, person_id)
    return await _written(asked, plan_id)


def _check_signing(signed: SignPlan, today: date, born_on: date) -> None:
    errors = []
    if signed.young_person_signed_on is None and not (signed.disagreement or "").strip():
        errors.append(FieldError(
            "disagreement", "The young person has not signed: write down in their words why.",
            ("young_person_signed_on", "disagreement"),
        ))  # fmt: skip
    if signed.young_person_signed_on is not None and not born_on < signed.young_person_signed_on <= today:
        errors.append(FieldError("young_person_signed_on", "It is not a day up to today.", (f"to {say_day(today)}",)))
    earliest, latest = today - timedelta(days=366), today + timedelta(days=366)
    if not earliest <= signed.effective_from <= latest:
        allowed = f"{say_day(earliest)} to {say_day(latest)}"
        errors.append(FieldError("effective_from", "It is more than a year away.", (allowed,)))
    if errors:
        raise Refused(errors=errors)


def _missing(basis: Basis, sections: list[Section]) -> tuple[Missing, ...]:
    written = tuple(
        SectionByLaw(
            key=section.key,
            text="\n".join((section.my_words, section.what_happens_now, section.staff_text)),
            none_reason=section.none_reason or "",
            actions=tuple(
                ActionByLaw(what=action.what, owner=action.owner_name or action.owner_kind, due_on=action.due_on)
                for action in section.actions
                if action.status is not ActionStatus.WITHDRAWN
            ),
        )
        for section in sections
    )
    return plan_complete(PlanByLaw(category=CATEGORIES[basis], sections=written))


async def list_gaps(connection: Connection, plan_id: UUID) -> Gaps:
    """What is missing before a plan may be signed. Raises NotFound."""
    plan = await _read(connection, plan_id)
    return Gaps([Gap(gap.where, gap.what, gap.source) for gap in _missing(plan.basis, plan.sections)])


async def compare(connection: Connection, plan_id: UUID, with_plan_id: UUID) -> Comparison:
    """Two versions of one person's plan beside each other, the older first. Raises NotFound or Refused."""
    plan, other = await _read(connection, plan_id), await _read(connection, with_plan_id)
    if plan.person_id != other.person_id:
        raise Refused(errors=[FieldError("with", "It is another person's plan.", ("a version of the same plan",))])
    older, newer = sorted((plan, other), key=lambda version: version.version_no)
    return compare_versions(older, newer)


async def note_copy(asked: Write, plan_id: UUID, copy: CopyGiven) -> Written:
    """Notes that the young person was given their signed plan. Raises NotFound, Stale, Conflict or Refused."""
    _, status, _ = await _hold(asked, plan_id)
    if status not in SIGNED:
        raise Conflict("The plan is not signed yet.")
    plan, today = await _read(asked.connection, plan_id), clock.london_day(clock.now())
    if plan.signed_on is None or not plan.signed_on <= copy.given_on <= today:
        allowed = f"{say_day(plan.signed_on or today)} to {say_day(today)}"
        raise Refused(errors=[FieldError("given_on", "It is not a day from the signing to today.", (allowed,))])
    await queries.set_copy_given(asked.connection, plan_id, copy.given_on)
    return await _written(asked, plan_id)


async def change_section(asked: Write, section_id: UUID, change: SectionChange) -> Written:
    """Writes what a section of a draft says. Raises NotFound, Unversioned, Stale or Conflict."""
    found = await queries.get_section(asked.connection, section_id)
    if found is None:
        raise NotFound
    plan_id, _, version = found
    asked.version()
    asked.check_version(version)
    with told_as(CONSTRAINTS):
        now = await queries.update_section(asked.connection, section_id, version, change)
    return Written(section_id, _still(now), f"/admin/v1/plans/{plan_id}")


def _still(version: int | None) -> int:
    """The new version. Raises Stale when somebody was quicker."""
    if version is None:
        raise Stale
    return version


async def add_action(asked: Write, section_id: UUID, new: NewAction) -> Written:
    """Adds something to do to a draft. Raises NotFound, Stale, Refused or Conflict."""
    found = await queries.get_section(asked.connection, section_id)
    if found is None:
        raise NotFound
    plan_id, person_id, version = found
    asked.check_version(version)
    _check_action(new)
    with told_as(CONSTRAINTS):
        action_id = await queries.insert_action(asked.connection, section_id, plan_id, person_id, new)
    return Written(action_id, 1, f"/admin/v1/plans/{plan_id}")


def _check_action(new: NewAction) -> None:
    today = clock.london_day(clock.now())
    errors = []
    if (new.owner_kind is OwnerKind.STAFF) != (new.owner_staff_id is not None):
        errors.append(
            FieldError("owner_staff_id", "It is given for staff, and only for staff.", ("owner_kind: staff",))
        )
    if (new.owner_kind is OwnerKind.OTHER) != (new.owner_name is not None):
        errors.append(FieldError("owner_name", "It is given for somebody else, and only then.", ("owner_kind: other",)))
    if not today <= new.due_on <= today + LONGEST_AHEAD:
        allowed = f"{say_day(today)} to {say_day(today + LONGEST_AHEAD)}"
        errors.append(FieldError("due_on", "It is not a day from today on, within five years.", (allowed,)))
    if errors:
        raise Refused(errors=errors)


async def change_action(asked: Write, action_id: UUID, new: NewAction) -> Written:
    """Writes in a draft who does what by when. Raises NotFound, Unversioned, Stale, Refused or Conflict."""
    plan_id, version = await _action(asked, action_id)
    _check_action(new)
    with told_as(CONSTRAINTS):
        now = await queries.update_action(asked.connection, action_id, version, new)
    return Written(action_id, _still(now), f"/admin/v1/plans/{plan_id}")


async def _action(asked: Write, action_id: UUID) -> tuple[UUID, int]:
    found = await queries.get_action(asked.connection, action_id)
    if found is None:
        raise NotFound
    asked.version()
    asked.check_version(found[2])
    return found[0], found[2]


async def note_outcome(asked: Write, action_id: UUID, outcome: ActionOutcome) -> Written:
    """Notes what became of an action, also in the signed plan. Raises NotFound, Stale, Refused or Conflict."""
    plan_id, version = await _action(asked, action_id)
    today = clock.london_day(clock.now())
    if (outcome.status is ActionStatus.DONE) != (outcome.done_on is not None):
        raise Refused(errors=[FieldError("done_on", "It is given with done, and only then.", ("status: done",))])
    if outcome.done_on is not None and not today - LONGEST_AHEAD <= outcome.done_on <= today:
        raise Refused(errors=[FieldError("done_on", "It is not a day up to today.", (f"to {say_day(today)}",))])
    with told_as(CONSTRAINTS):
        now = await queries.set_outcome(asked.connection, action_id, version, outcome.status, outcome.done_on)
    return Written(action_id, _still(now), f"/admin/v1/plans/{plan_id}")


async def say_done(asked: Write, action_id: UUID) -> Written:
    """The young person says that something of their plan is done. Raises NotFound, Unversioned, Stale or Conflict."""
    found = await queries.get_action(asked.connection, action_id)
    if found is None:
        raise NotFound
    asked.version()
    asked.check_version(found[2])
    now = await queries.say_done(asked.connection, action_id, found[2])
    if now is None:
        raise Conflict("This is not in the plan that counts now.")
    return Written(action_id, now, "/client/v1/plan")


async def get_own_page(connection: Connection, words: Words) -> OwnPlanPage:
    """The plan of the young person the connection acts for, in plain words, with the next review."""
    keys, _ = section_titles()
    titles = [words.say(f"shown_plan_{key}") for key in keys]
    found = await queries.get_own_plans(
        connection, keys, titles, words.say("shown_plan_you"), words.say("shown_plan_the_team")
    )
    has_plan = found.plan is not None or found.plan_to_read is not None
    return OwnPlanPage(
        words=words.say("shown_plan" if has_plan else "shown_plan_none"),
        plan=found.plan,
        plan_to_read=found.plan_to_read,
        next_review=_next_review(found, words),
    )


def _next_review(found: OwnFacts, words: Words) -> NextReview:
    days = [day for day in (found.review_due_on, _due_by_law(found)) if day is not None]
    due_on = min(days, default=None)
    name = "asked" if found.asked_on else "due" if due_on else "none"
    return NextReview(
        due_on=due_on,
        meeting_at=found.meeting_at,
        you_asked_on=found.asked_on,
        what_it_means=words.say(f"shown_review_{name}", {"day": say_day(due_on) if due_on else ""}),
        what_you_can_do=words.say("shown_review_wait" if found.asked_on else "shown_review_ask"),
    )


def _due_by_law(found: OwnFacts) -> date | None:
    if found.first_effective_from is None:
        return None
    held = [ReviewByLaw(arranged_for=day, held_on=day) for day in found.reviews_held_on]
    return review_duties(found.first_effective_from, held)[0].due_on
