"""The same reads as many services do them: FastAPI, SQLAlchemy's ORM and pydantic, without any access control.

Served by the same server as the service, from the same tables; `create_app` is its factory.
"""

import os
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict
from sqlalchemy import ForeignKey, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, selectinload

DATABASE_URL = "RECORDS_DATABASE_URL"
SHOWN_DAYS = 92


class Base(DeclarativeBase):
    pass


class Staff(Base):
    __tablename__ = "staff"
    staff_id: Mapped[UUID] = mapped_column(primary_key=True)
    team_id: Mapped[UUID]
    role: Mapped[str]
    shown_name: Mapped[str]


class YoungPerson(Base):
    __tablename__ = "young_people"
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    full_name: Mapped[str]
    preferred_name: Mapped[str]
    born_on: Mapped[date]
    died_on: Mapped[date | None]
    team_id: Mapped[UUID | None]


class Allocation(Base):
    __tablename__ = "allocations"
    allocation_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("young_people.person_id"))
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.staff_id"))
    starts_on: Mapped[date]
    ended_on: Mapped[date | None]


class Appointment(Base):
    __tablename__ = "appointments"
    appointment_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID]
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.staff_id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    kind: Mapped[str]
    place_shown: Mapped[str | None]
    status: Mapped[str]
    young_person_answer: Mapped[str | None]
    version: Mapped[int]
    staff: Mapped[Staff] = relationship()


class Action(Base):
    __tablename__ = "plan_actions"
    action_id: Mapped[UUID] = mapped_column(primary_key=True)
    section_id: Mapped[UUID] = mapped_column(ForeignKey("plan_sections.section_id"))
    what: Mapped[str]
    owner_kind: Mapped[str]
    owner_staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff.staff_id"))
    owner_name: Mapped[str | None]
    due_on: Mapped[date]
    status: Mapped[str]
    done_on: Mapped[date | None]
    young_person_says_done_at: Mapped[datetime | None]
    copied_from_action_id: Mapped[UUID | None]
    version: Mapped[int]
    owner: Mapped[Staff | None] = relationship()


class Section(Base):
    __tablename__ = "plan_sections"
    section_id: Mapped[UUID] = mapped_column(primary_key=True)
    plan_id: Mapped[UUID] = mapped_column(ForeignKey("pathway_plans.plan_id"))
    section_key: Mapped[str]
    my_words: Mapped[str]
    what_happens_now: Mapped[str]
    staff_text: Mapped[str]
    contingency: Mapped[str]
    none_reason: Mapped[str | None]
    version: Mapped[int]
    actions: Mapped[list[Action]] = relationship(order_by=(Action.due_on, Action.action_id))


class Plan(Base):
    __tablename__ = "pathway_plans"
    plan_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID]
    version_no: Mapped[int]
    status: Mapped[str]
    basis: Mapped[str]
    effective_from: Mapped[date | None]
    signed_on: Mapped[date | None]
    signed_by_staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff.staff_id"))
    young_person_signed_on: Mapped[date | None]
    disagreement: Mapped[str | None]
    copy_given_on: Mapped[date | None]
    made_from_plan_id: Mapped[UUID | None]
    created_at: Mapped[datetime]
    version: Mapped[int]
    sections: Mapped[list[Section]] = relationship()
    signed_by: Mapped[Staff | None] = relationship()


class DutyDate(Base):
    __tablename__ = "duty_dates"
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    due_on: Mapped[date] = mapped_column(primary_key=True)
    amber_on: Mapped[date]
    red_on: Mapped[date]
    rank: Mapped[int]
    title: Mapped[str]
    why: Mapped[str]
    source: Mapped[str]
    is_verified: Mapped[bool]
    is_prospective: Mapped[bool]


class Visit(Base):
    __tablename__ = "visits_and_contacts"
    contact_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID]
    happened_at: Mapped[datetime]
    was_reached: Mapped[bool]


class Decision(Base):
    __tablename__ = "eligibility_decisions"
    eligibility_decision_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID]
    category: Mapped[str]


class _Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class ShownAppointment(_Shown):
    appointment_id: UUID
    starts_at: datetime
    ends_at: datetime
    kind: str
    place_shown: str | None
    status: str
    young_person_answer: str | None
    version: int
    with_name: str


class ShownAction(_Shown):
    action_id: UUID
    what: str
    owner_kind: str
    owner_staff_id: UUID | None
    owner_name: str | None
    due_on: date
    status: str
    done_on: date | None
    young_person_says_done_at: datetime | None
    version: int


class ShownSection(_Shown):
    section_id: UUID
    section_key: str
    my_words: str
    what_happens_now: str
    staff_text: str
    contingency: str
    none_reason: str | None
    version: int
    actions: list[ShownAction]


class ShownPlan(_Shown):
    plan_id: UUID
    person_id: UUID
    version_no: int
    status: str
    basis: str
    effective_from: date | None
    signed_on: date | None
    young_person_signed_on: date | None
    disagreement: str | None
    copy_given_on: date | None
    made_from_plan_id: UUID | None
    created_at: datetime
    version: int
    signed_by: str | None
    sections: list[ShownSection]


class ShownCase(BaseModel):
    person_id: UUID
    preferred_name: str
    full_name: str
    age: int
    category: str | None
    adviser_id: UUID | None
    adviser_name: str | None
    colour: str
    next_duty: str | None
    next_duty_title: str | None
    due_on: date | None
    why: str | None
    source: str | None
    is_verified: bool | None
    next_review_on: date | None
    last_contact_at: datetime | None


class ShownCases(BaseModel):
    items: list[ShownCase]


def create_app() -> FastAPI:
    """The whole service."""
    engine = create_async_engine(os.environ[DATABASE_URL], pool_size=8, max_overflow=0)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    app = FastAPI()

    async def open_session() -> AsyncIterator[AsyncSession]:
        async with sessions() as session:
            yield session

    Session = Annotated[AsyncSession, Depends(open_session)]

    @app.get("/people/{person_id}/appointments")
    async def list_appointments(person_id: UUID, session: Session) -> list[ShownAppointment]:
        statement = (
            select(Appointment)
            .where(Appointment.person_id == person_id, Appointment.starts_at > func.now() - timedelta(days=SHOWN_DAYS))
            .order_by(Appointment.starts_at, Appointment.appointment_id)
            .limit(20)
            .options(selectinload(Appointment.staff))
        )
        return [_shown_appointment(one) for one in await session.scalars(statement)]

    @app.get("/plans/{plan_id}")
    async def show_plan(plan_id: UUID, session: Session) -> ShownPlan:
        plan = await session.get(
            Plan,
            plan_id,
            options=[
                selectinload(Plan.signed_by),
                selectinload(Plan.sections).selectinload(Section.actions).selectinload(Action.owner),
            ],
        )
        if plan is None:
            raise HTTPException(404)
        return _shown_plan(plan)

    @app.get("/staff/{staff_id}/caseload")
    async def list_cases(staff_id: UUID, session: Session) -> ShownCases:
        staff = await session.get_one(Staff, staff_id)
        return ShownCases(items=[ShownCase(**row) for row in (await session.execute(_cases(staff))).mappings()])

    return app


def _shown_appointment(one: Appointment) -> ShownAppointment:
    kept = {name: getattr(one, name) for name in ShownAppointment.model_fields if name != "with_name"}
    return ShownAppointment(**kept, with_name=one.staff.shown_name)


def _shown_plan(plan: Plan) -> ShownPlan:
    kept = {name: getattr(plan, name) for name in ShownPlan.model_fields if name not in {"signed_by", "sections"}}
    return ShownPlan(
        **kept,
        signed_by=plan.signed_by and plan.signed_by.shown_name,
        sections=[ShownSection.model_validate(section) for section in plan.sections],
    )


def _cases(staff: Staff) -> Any:
    """A page of a caseload, the most overdue first: an adviser's own, a manager's whole team's."""
    today = func.current_date()
    rank = case((today >= DutyDate.red_on, 0), (today >= DutyDate.amber_on, 1), else_=2)
    duty = (
        select(DutyDate, rank.label("colour_rank"))
        .where(DutyDate.person_id == YoungPerson.person_id, ~DutyDate.is_prospective)
        .order_by(rank, DutyDate.due_on, DutyDate.rank)
        .limit(1)
        .lateral()
    )
    review = (
        select(func.min(DutyDate.due_on))
        .where(DutyDate.person_id == YoungPerson.person_id, DutyDate.code.like("review%"))
        .scalar_subquery()
    )
    contact = (
        select(func.max(Visit.happened_at))
        .where(Visit.person_id == YoungPerson.person_id, Visit.was_reached)
        .scalar_subquery()
    )
    category = (
        select(Decision.category)
        .where(Decision.person_id == YoungPerson.person_id)
        .order_by(Decision.eligibility_decision_id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(
            YoungPerson.person_id, YoungPerson.preferred_name, YoungPerson.full_name,
            func.extract("year", func.age(today, YoungPerson.born_on)).label("age"),
            category.label("category"), Staff.staff_id.label("adviser_id"), Staff.shown_name.label("adviser_name"),
            case((duty.c.colour_rank == 0, "red"), (duty.c.colour_rank == 1, "amber"), else_="green").label("colour"),
            duty.c.code.label("next_duty"), duty.c.title.label("next_duty_title"), duty.c.due_on, duty.c.why,
            duty.c.source, duty.c.is_verified, review.label("next_review_on"), contact.label("last_contact_at"),
        )
        .join(Allocation, (Allocation.person_id == YoungPerson.person_id) & (Allocation.ended_on.is_(None)))
        .join(Staff, Staff.staff_id == Allocation.staff_id)
        .outerjoin(duty, duty.c.person_id == YoungPerson.person_id)
        .where(
            Allocation.staff_id == staff.staff_id if staff.role == "personal_adviser"
            else YoungPerson.team_id == staff.team_id,
            YoungPerson.died_on.is_(None),
        )
        .order_by(func.coalesce(duty.c.colour_rank, 2), duty.c.due_on, YoungPerson.person_id)
        .limit(25)
    )  # fmt: skip
