"""Where staff write pathway plans, and young people read theirs."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get, patch, post, put
from litestar.params import FromPath, QueryParameter

from api.kit.access import requires_case_staff, requires_full_level, requires_reader_of_cases
from api.kit.bodies import Nothing
from api.kit.pages import LONGEST_CURSOR_CHARS, LONGEST_PAGE, Page
from api.kit.reads import json_as_read
from api.kit.signed_in import Written, reading, write
from api.kit.words import load_words
from api.plans import service
from api.plans.models import (
    ActionOutcome,
    Comparison,
    CopyGiven,
    Gaps,
    NewAction,
    NewPlan,
    OwnPlanPage,
    Plan,
    PlanInList,
    SectionChange,
    SharePlan,
    SignPlan,
)

AnyRequest = Request[Any, Any, Any]
Cursor = Annotated[str | None, QueryParameter(name="cursor", max_length=LONGEST_CURSOR_CHARS)]
Count = Annotated[int, QueryParameter(name="count", ge=1, le=LONGEST_PAGE)]
PERSON = "/admin/v1/young-people/{person_id:uuid}"
PLAN = "/admin/v1/plans/{plan_id:uuid}"
SECTION = "/admin/v1/plan-sections/{section_id:uuid}"
WORDS = load_words()
ACTION = "/admin/v1/plan-actions/{action_id:uuid}"


@get(f"{PERSON}/plans", guards=[requires_reader_of_cases])
async def list_plans(
    request: AnyRequest, person_id: FromPath[UUID], cursor: Cursor = None, count: Count = 20
) -> Page[PlanInList]:
    """The versions of somebody's plan, the newest first."""
    async with reading(request) as (connection, _):
        return await service.list_plans(connection, person_id, cursor, count)


@post(f"{PERSON}/plans", guards=[requires_case_staff], opt={"body": NewPlan})
async def start_plan(request: AnyRequest, person_id: FromPath[UUID]) -> Response[Written]:
    """Starts a draft."""
    return await write(request, NewPlan, lambda asked, new: service.start(asked, person_id, new), status=201)


@get(PLAN, guards=[requires_reader_of_cases], opt={"also": [304]})
async def show_plan(request: AnyRequest, plan_id: FromPath[UUID]) -> Response[Plan]:
    """A whole plan."""
    async with reading(request) as (connection, _):
        document, version = await service.get_plan(connection, plan_id)
    return json_as_read(request, document, version)


@get(f"{PLAN}/missing", guards=[requires_reader_of_cases])
async def list_gaps(request: AnyRequest, plan_id: FromPath[UUID]) -> Gaps:
    """What is missing before a plan may be signed."""
    async with reading(request) as (connection, _):
        return await service.list_gaps(connection, plan_id)


@get(f"{PLAN}/compare", guards=[requires_reader_of_cases])
async def compare_plans(
    request: AnyRequest, plan_id: FromPath[UUID], with_plan_id: Annotated[UUID, QueryParameter(name="with")]
) -> Comparison:
    """Two versions of one plan beside each other."""
    async with reading(request) as (connection, _):
        return await service.compare(connection, plan_id, with_plan_id)


@post(f"{PLAN}/share", guards=[requires_case_staff], status_code=200, opt={"body": SharePlan})
async def share_plan(request: AnyRequest, plan_id: FromPath[UUID]) -> Response[Written]:
    """Lets the young person read a draft, or takes it back."""
    return await write(request, SharePlan, lambda asked, wanted: service.share(asked, plan_id, wanted))


@post(f"{PLAN}/sign", guards=[requires_case_staff], status_code=200, opt={"body": SignPlan})
async def sign_plan(request: AnyRequest, plan_id: FromPath[UUID]) -> Response[Written]:
    """Signs a draft, from when it is the plan that counts."""
    return await write(request, SignPlan, lambda asked, signed: service.sign(asked, plan_id, signed))


@post(f"{PLAN}/copy", guards=[requires_case_staff], status_code=200, opt={"body": CopyGiven})
async def note_copy(request: AnyRequest, plan_id: FromPath[UUID]) -> Response[Written]:
    """Notes that the young person was given their plan."""
    return await write(request, CopyGiven, lambda asked, copy: service.note_copy(asked, plan_id, copy))


@patch(SECTION, guards=[requires_case_staff], opt={"body": SectionChange})
async def change_section(request: AnyRequest, section_id: FromPath[UUID]) -> Response[Written]:
    """Writes what a section says."""
    return await write(request, SectionChange, lambda asked, change: service.change_section(asked, section_id, change))


@post(f"{SECTION}/actions", guards=[requires_case_staff], opt={"body": NewAction})
async def add_action(request: AnyRequest, section_id: FromPath[UUID]) -> Response[Written]:
    """Adds something to do."""
    return await write(request, NewAction, lambda asked, new: service.add_action(asked, section_id, new), status=201)


@put(ACTION, guards=[requires_case_staff], opt={"body": NewAction})
async def change_action(request: AnyRequest, action_id: FromPath[UUID]) -> Response[Written]:
    """Writes who does what by when."""
    return await write(request, NewAction, lambda asked, new: service.change_action(asked, action_id, new))


@post(f"{ACTION}/outcome", guards=[requires_case_staff], status_code=200, opt={"body": ActionOutcome})
async def note_outcome(request: AnyRequest, action_id: FromPath[UUID]) -> Response[Written]:
    """Notes what became of an action."""
    return await write(request, ActionOutcome, lambda asked, outcome: service.note_outcome(asked, action_id, outcome))


@get("/client/v1/plan", guards=[requires_full_level])
async def show_own_plan(request: AnyRequest) -> OwnPlanPage:
    """A young person's own plan and when it is looked at again."""
    async with reading(request) as (connection, _):
        return await service.get_own_page(connection, WORDS)


@post(
    "/client/v1/plan/actions/{action_id:uuid}/done",
    guards=[requires_full_level],
    status_code=200,
    opt={"body": Nothing},
)
async def say_done(request: AnyRequest, action_id: FromPath[UUID]) -> Response[Written]:
    """A young person says that something is done."""
    return await write(request, Nothing, lambda asked, _: service.say_done(asked, action_id))


ROUTES = [
    list_plans, start_plan, show_plan, list_gaps, compare_plans, share_plan, sign_plan, note_copy, change_section,
    add_action, change_action, note_outcome, show_own_plan, say_done,
]  # fmt: skip
