"""The only wiring: what the service is made of. Read this first."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from uuid import UUID

from litestar import Litestar
from litestar.datastructures import State
from litestar.exceptions import HTTPException

from api.allocations.routes import ROUTES as ALLOCATION_ROUTES
from api.appointments.routes import ROUTES as APPOINTMENT_ROUTES
from api.assessments.routes import ROUTES as ASSESSMENT_ROUTES
from api.audit import service as audit
from api.audit.anchor import read_anchors
from api.audit.jobs import Sealing
from api.audit.models import Findings
from api.audit.routes import ROUTES as AUDIT_ROUTES
from api.calendars.routes import ROUTES as CALENDAR_ROUTES
from api.care.routes import ROUTES as CARE_ROUTES
from api.caseload.routes import ROUTES as CASELOAD_ROUTES
from api.cases import service as cases
from api.clients.oidc import OidcClient
from api.clients.rasa import RasaClient
from api.clients.twilio import TwilioClient, signature_is_valid
from api.concerns.screen import is_whole, load_screen
from api.conversations.jobs import Answering, forget_old_dialogues
from api.conversations.routes import run_action
from api.devices.routes import ROUTES as DEVICE_ROUTES
from api.entitlements.routes import ROUTES as ENTITLEMENT_ROUTES
from api.homes.routes import ROUTES as HOME_ROUTES
from api.identity.jobs import CodeSending, forget_old
from api.identity.routes import ROUTES as SIGN_IN_ROUTES
from api.keys import service as data_keys
from api.keys.models import InUse, Rotated
from api.kit import docs, errors, health
from api.kit.bodies import LEAST_ROOM, make_room
from api.kit.clock import say_day_and_time
from api.kit.crypto import read_key_ring
from api.kit.db import DATABASE_AWAY, WORKER, Connection, Database, DatabaseBusy, connect
from api.kit.edge import stand_around
from api.kit.errors import Conflict
from api.kit.field_keys import FieldKeys
from api.kit.jobs import Chore, JobKind, Worker, forget_old_beats, list_parked, unpark
from api.kit.limits import forget_full_limits
from api.kit.log import set_up_logging
from api.kit.migrations import administrator, migrate_database
from api.kit.openapi import Documents
from api.kit.signed_in import forget_old_keys
from api.kit.words import load_words
from api.messages.jobs import Delivery
from api.messages.receiving import Receiving
from api.messages.routes import receive_status, receive_text
from api.messages.service import count_attention
from api.notices.jobs import Telling
from api.notices.service import TELL_ADVISER
from api.oversight.routes import ROUTES as OVERSIGHT_ROUTES
from api.plans.routes import ROUTES as PLAN_ROUTES
from api.providers.routes import ROUTES as PROVIDER_ROUTES
from api.reviews.routes import ROUTES as REVIEW_ROUTES
from api.rota.routes import ROUTES as ROTA_ROUTES
from api.settings import (
    AdministratorSettings,
    CheckAuditSettings,
    MigrateSettings,
    ReturnsSettings,
    ServeSettings,
    SettingsError,
    WorkSettings,
    read_settings,
)
from api.staff import service as staff
from api.staff.routes import ROUTES as STAFF_ROUTES
from api.staff_sign_in import service as staff_sign_in
from api.staff_sign_in.routes import CALLBACK_PATH
from api.staff_sign_in.routes import ROUTES as STAFF_SIGN_IN_ROUTES
from api.visits.routes import ROUTES as VISIT_ROUTES

ROUTES = [
    receive_text,
    receive_status,
    run_action,
    health.live,
    health.ready,
    *SIGN_IN_ROUTES,
    *CASELOAD_ROUTES,
    *CARE_ROUTES,
    *HOME_ROUTES,
    *PROVIDER_ROUTES,
    *ENTITLEMENT_ROUTES,
    *ASSESSMENT_ROUTES,
    *PLAN_ROUTES,
    *REVIEW_ROUTES,
    *VISIT_ROUTES,
    *APPOINTMENT_ROUTES,
    *CALENDAR_ROUTES,
    *STAFF_SIGN_IN_ROUTES,
    *STAFF_ROUTES,
    *ROTA_ROUTES,
    *ALLOCATION_ROUTES,
    *DEVICE_ROUTES,
    *OVERSIGHT_ROUTES,
    *AUDIT_ROUTES,
    docs.show_docs,
    docs.show_admin_document,
    docs.show_client_document,
]
DOCUMENTS = {
    docs.ADMIN: ("/admin/v1", "Fifteen Plus: what staff work with"),
    docs.CLIENT: ("/client/v1", "Fifteen Plus: what young people's apps call"),
}


# DatabaseBusy is a problem of ours and answers for itself.
DATABASE_GONE = [error for error in DATABASE_AWAY if error is not DatabaseBusy]

HOUR_S = 3600.0
SEAL_EVERY_S = 10.0
DUTIES_EVERY_S = 5.0
CHORES = (
    Chore("forget old dialogues", HOUR_S, forget_old_dialogues),
    Chore("forget old beats", HOUR_S, forget_old_beats),
    Chore("forget old sign-ins", HOUR_S, forget_old),
    Chore("forget old sign-ins of staff", HOUR_S, staff_sign_in.forget_old),
    Chore("forget full limits", HOUR_S, forget_full_limits),
    Chore("forget old idempotency keys", HOUR_S, forget_old_keys),
    Chore("work out duties that were asked for", DUTIES_EVERY_S, cases.recompute_asked),
    Chore("work out everybody's duties", 60.0, cases.recompute_old),
)


def field_keys_of(settings: ServeSettings | WorkSettings | MigrateSettings | ReturnsSettings) -> FieldKeys:
    """The keys of a process, from its settings."""
    return FieldKeys(read_key_ring(settings.field_keys, settings.phone_index_key))


def create_app(settings: ServeSettings | None = None) -> Litestar:
    """The API, from the environment unless settings are given. Raises SettingsError."""
    settings = settings or read_settings(ServeSettings, os.environ)
    database = Database(settings.database_url, size=settings.database_connections)
    rasa = RasaClient(url=settings.rasa_url, deadline_s=1.0)
    signed_in = Database(settings.signed_in_database_url, size=settings.database_connections)
    oidc = OidcClient(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret,
        redirect_url=settings.public_base_url.rstrip("/") + CALLBACK_PATH,
        tenant_id=settings.oidc_tenant_id,
        step_up_acr=settings.oidc_step_up_acr,
    )
    keys = field_keys_of(settings)
    state = State(
        {
            "settings": settings,
            "database": database,
            "signed_in": signed_in,
            "field_keys": keys,
            "receiving": Receiving(database, keys),
            "rasa": rasa,
            "oidc": oidc,
            "words": load_words(),
            "signature_is_valid": signature_is_valid,
            "documents": Documents(ROUTES, DOCUMENTS),
            "screen_is_whole": is_whole,
        }
    )

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        set_up_logging()
        yield
        await rasa.aclose()
        await oidc.aclose()
        await database.close()
        await signed_in.close()

    make_room(ROUTES)
    app = Litestar(
        route_handlers=ROUTES,
        state=state,
        lifespan=[lifespan],
        openapi_config=None,
        logging_config=None,
        request_max_body_size=LEAST_ROOM,
        exception_handlers={
            errors.Problem: errors.answer_problem,
            HTTPException: errors.answer_http_exception,
            **dict.fromkeys(DATABASE_GONE, errors.answer_database_lost),
            Exception: errors.answer_unexpected,
        },
    )
    return stand_around(app)


def job_kinds(settings: WorkSettings, database: Database, rasa: RasaClient, twilio: TwilioClient) -> dict[str, JobKind]:
    """Every kind of job and how it runs."""
    keys = field_keys_of(settings)
    answering = Answering(
        database=database,
        keys=keys,
        rasa=rasa,
        screen=load_screen(),
        words=load_words(),
        window_s=settings.answer_window_s,
        duty_phone_e164=settings.duty_phone_e164,
        at_once=settings.jobs_at_once,
    )
    delivery = Delivery(
        database=database,
        keys=keys,
        twilio=twilio,
        public_base_url=settings.public_base_url.rstrip("/"),
        reconcile_after_s=settings.reconcile_after_s,
        at_once=settings.jobs_at_once,
    )
    codes = CodeSending(
        database=database,
        keys=keys,
        twilio=twilio,
        words=load_words(),
        public_base_url=settings.public_base_url.rstrip("/"),
    )
    telling = Telling(database=database, keys=keys, words=load_words())
    return {"answer": answering.kind(), **delivery.kinds(), "send_code": codes.kind(), TELL_ADVISER: telling.kind()}


@asynccontextmanager
async def create_worker(settings: WorkSettings) -> AsyncIterator[Worker]:
    """The worker with all it needs; what it opened is closed at the end. Raises SettingsError when it lacks a key."""
    database = Database(settings.worker_database_url, size=settings.database_connections)
    sealing = Sealing(Path(settings.audit_anchor_path) if settings.audit_anchor_path else None)
    rasa = RasaClient(url=settings.rasa_url, secret=settings.rasa_secret, deadline_s=settings.rasa_deadline_s)
    twilio = TwilioClient(
        account_sid=settings.twilio_account_sid,
        api_key_sid=settings.twilio_api_key_sid,
        api_key_secret=settings.twilio_api_key_secret,
        api_base=settings.twilio_api_base,
        from_e164=settings.twilio_from_e164,
    )
    try:
        await _check_keys(database, field_keys_of(settings))
        yield Worker(
            database=database,
            url=settings.worker_database_url,
            kinds=job_kinds(settings, database, rasa, twilio),
            lease_s=settings.job_lease_s,
            chores=(*CHORES, Chore("seal the audit", SEAL_EVERY_S, sealing.seal)),
        )
    finally:
        await twilio.aclose()
        await rasa.aclose()
        await database.close()


async def _check_keys(database: Database, keys: FieldKeys) -> None:
    """A worker that cannot read what people write had better not start; one whose database is away may wait for it."""
    with suppress(*DATABASE_AWAY):
        async with database.acting_as(WORKER) as connection:
            if missing := await keys.list_missing(connection):
                numbers = ", ".join(map(str, missing))
                raise SettingsError(f"FIELD_KEYS lacks the key that data keys are wrapped by: number {numbers}.")


async def migrate(settings: MigrateSettings) -> None:
    """Brings the database up to date, and encrypts what an older one holds in plain. Raises SettingsError."""
    keys, encrypted = field_keys_of(settings), 0

    async def encrypt(connection: Connection) -> None:
        nonlocal encrypted
        encrypted += await data_keys.encrypt_plain(connection, keys)

    await migrate_database(settings, {"0012": encrypt})
    if encrypted:
        async with administrator(settings.migration_database_url) as connection:
            await data_keys.forget_statistics(connection)


async def rotate_keys(settings: MigrateSettings) -> Rotated:
    """Wraps every data key with the newest of FIELD_KEYS."""
    async with administrator(settings.migration_database_url) as connection:
        return await data_keys.rotate(connection, field_keys_of(settings))


async def get_in_use(settings: MigrateSettings, person_id: UUID) -> InUse:
    """What an erasure would make unreadable."""
    async with administrator(settings.migration_database_url) as connection:
        return await data_keys.get_in_use(connection, person_id)


async def erase_person(settings: MigrateSettings, person_id: UUID, reason: str) -> InUse:
    """Makes every encrypted field of a person unreadable for good. Raises NotErased."""
    async with administrator(settings.migration_database_url) as connection:
        return await data_keys.erase(connection, person_id, reason)


async def what_waits(settings: WorkSettings) -> list[str]:
    """What waits for a person, a line each, without a text, a name or a number."""
    database = Database(settings.worker_database_url, size=1)
    async with database.acting_as(WORKER) as connection:
        flags = await count_attention(connection)
        parked = await list_parked(connection)
    await database.close()
    lines = [f"{count} to look at: {reason} (since {say_day_and_time(since)})" for reason, count, since in flags]
    lines += [f"{n} parked: {kind} {error} (since {say_day_and_time(since)})" for kind, error, n, since in parked]
    return lines or ["Nothing waits for a person."]


async def retry_parked(settings: WorkSettings) -> int:
    """Lets every parked job run again; returns how many these are."""
    database = Database(settings.worker_database_url, size=1)
    async with database.acting_as(WORKER) as connection:
        count = await unpark(connection)
    await database.close()
    return count


async def check_audit(settings: CheckAuditSettings) -> Findings:
    """Checks the whole audit against itself and against what was anchored."""
    database = Database(settings.worker_database_url, size=1)
    async with database.acting_as(WORKER) as connection:
        findings = await audit.check(connection, read_anchors(Path(settings.audit_anchor_path)))
    await database.close()
    return findings


async def add_first_administrator(settings: AdministratorSettings) -> str:
    """Adds the administrator who can add everybody else; returns a sentence on what was done."""
    connection = await connect(settings.migration_database_url)
    try:
        async with connection.transaction():
            added = await staff.add_first_administrator(
                connection,
                settings.administrator_name,
                settings.oidc_issuer,
                settings.oidc_tenant_id,
                settings.administrator_subject,
            )
    except Conflict as conflict:
        return conflict.detail
    finally:
        await connection.close()
    return "The first administrator can sign in now." if added else "There is an administrator: they can add others."
