"""Stores the world of `access_world`: every row of every table, noted with whose it is."""

import hashlib
import secrets
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from api.kit.field_keys import SERVICE_SUBJECT
from tests.factories import next_number
from tests.rules.access_plans import add_feed, add_plans, add_reviews
from tests.rules.access_records import add_absence, add_providers, add_records
from tests.rules.access_world import MEMBERS, OPENED, PEOPLE, Actor, Member, Person, today


@dataclass
class World:
    """What is stored: every row of every table by its key, with the person or member it belongs to."""

    actors: list[Actor] = field(default_factory=list)
    rows: dict[str, dict[str, str]] = field(default_factory=dict)

    def add(self, table: str, key: object, owner: str) -> None:
        """Notes a row and whose it is."""
        self.rows.setdefault(table, {})[str(key)] = owner


async def build(admin: asyncpg.Connection) -> World:
    """Stores it all."""
    world = World()
    await _add_data_key(admin, world, SERVICE_SUBJECT, "the service")
    teams = {}
    for name in ("north", "south"):
        teams[name] = await admin.fetchval("INSERT INTO teams (name) VALUES ($1) RETURNING team_id", name)
        world.add("teams", teams[name], name)
    for member in MEMBERS:
        await _add_member(admin, world, member, teams)
    for person in PEOPLE:
        await _add_person(admin, world, person, teams)
    await _add_relations(admin, world)
    await add_reviews(admin, world.add)
    await add_providers(admin, world.add)
    await _add_of_nobody(admin, world)
    # Not a wall: what is tried is who may end an allocation, and not which days go together.
    await admin.execute("ALTER TABLE allocations DROP CONSTRAINT allocations_one_at_a_time")
    token = next(actor.token for actor in world.actors if actor.name == "manager n")
    world.actors += [
        Actor("twilio", "fifteenplus_api", claim="twilio"),
        Actor("monitor", "fifteenplus_api", claim="monitor"),
        Actor("sign-in", "fifteenplus_api", claim="sign-in"),
        Actor("worker", "fifteenplus_worker", claim="worker"),
        Actor("api claims worker", "fifteenplus_api", claim="worker"),
        Actor("worker claims twilio", "fifteenplus_worker", claim="twilio"),
        Actor("worker claims sign-in", "fifteenplus_worker", claim="sign-in"),
        Actor("bot claims worker", "fifteenplus_bot", claim="worker"),
        *(Actor(f"nobody on {login}", login) for login in ("fifteenplus_api", "fifteenplus_worker", "fifteenplus_bot")),
        *(Actor(f"token on {login}", login, token=token) for login in ("fifteenplus_api", "fifteenplus_worker")),
        Actor("nobody", "fifteenplus_signed_in"),
        Actor("no such token", "fifteenplus_signed_in", token=secrets.token_hex(32)),
        *(
            Actor(f"signed in claims {claim}", "fifteenplus_signed_in", claim=claim)
            for claim in ("twilio", "worker", "sign-in")
        ),
    ]
    return world


async def _add_session(
    admin: asyncpg.Connection, world: World, actor: Actor, column: str, owner: UUID, **ends: object
) -> None:
    token = secrets.token_hex(32)
    is_staff = column == "staff_id"
    # Hours ahead, so that nothing runs out while the matrix is tried; what has run out is hours old.
    used_at = datetime.now(UTC) + timedelta(hours=-1 if ends.get("is_idle") else 7)
    session_id = await admin.fetchval(
        f"INSERT INTO sessions ({column}, level, created_at, expires_at, revoked_at, revoked_because,"  # noqa: S608
        " last_used_at, stepped_up_at)"
        " VALUES ($1, $2, now() - $7::interval, now() + interval '9 days', $3, $4, $5, $6) RETURNING session_id",
        owner, actor.level, *((datetime.now(UTC), "signed_out") if ends.get("is_revoked") else (None, None)),
        used_at if is_staff else None,
        datetime.now(UTC) + timedelta(hours=7 if actor.is_stepped_up else -1) if is_staff else None,
        timedelta(hours=1 if is_staff and not ends.get("is_too_long") else 24),
    )  # fmt: skip
    digest = hashlib.sha256(token.encode()).digest()
    lives = timedelta(minutes=-1 if ends.get("is_expired") else 10)
    await admin.execute(
        "INSERT INTO session_tokens (token_hash, session_id, kind, expires_at) VALUES ($1, $2, 'access', $3)",
        digest, session_id, datetime.now(UTC) + lives,
    )  # fmt: skip
    world.add("sessions", session_id, str(actor.member or actor.person or ends["of"]))
    world.add("session_tokens", digest, str(actor.member or actor.person or ends["of"]))
    world.actors.append(replace(actor, token=token))


async def _add_data_key(admin: asyncpg.Connection, world: World, subject_id: UUID, owner: str) -> None:
    await admin.execute("INSERT INTO data_keys (subject_id, wrapped_key) VALUES ($1, 'wrapped')", subject_id)
    world.add("data_keys", subject_id, owner)


async def _add_member(admin: asyncpg.Connection, world: World, member: Member, teams: dict[str, UUID]) -> None:
    await admin.execute(
        "INSERT INTO staff (staff_id, team_id, role, full_name, shown_name, left_on, disabled_at)"
        " VALUES ($1, $2, $3, $4, $4, $5, CASE WHEN $6 THEN now() END)",
        member.staff_id, teams[member.team], member.role, member.name, today() if member.has_left else None,
        member.is_disabled,
    )  # fmt: skip
    world.add("staff_identities", await admin.fetchval(IDENTITY, member.staff_id), member.name)
    await admin.execute("INSERT INTO working_hours VALUES ($1, 1, '09:00', '17:00')", member.staff_id)
    world.add("staff", member.staff_id, member.name)
    world.add("working_hours", member.staff_id, member.name)
    if member.shift is not None:
        starts_at = datetime.now(UTC) + timedelta(hours=member.shift)
        duty_id = await admin.fetchval(
            "INSERT INTO duty_rota (staff_id, starts_at, ends_at) VALUES ($1, $2, $3) RETURNING duty_id",
            member.staff_id, starts_at, starts_at + timedelta(hours=8),
        )  # fmt: skip
        world.add("duty_rota", duty_id, member.name)
    await add_feed(admin, world.add, member)
    await add_absence(admin, world.add, member)
    await _add_key(admin, world, member.staff_id, member.name)
    actor = Actor(member.name, "fifteenplus_signed_in", member=member.name)
    await _add_session(admin, world, replace(actor, is_stepped_up=True), "staff_id", member.staff_id)
    if member.name in NOT_STEPPED_UP_AS_WELL:
        await _add_session(
            admin, world, replace(actor, name=f"{member.name} not stepped up"), "staff_id", member.staff_id
        )
        for end in ("is_idle", "is_too_long"):
            ended = Actor(f"{member.name} {end}", "fifteenplus_signed_in")
            await _add_session(admin, world, ended, "staff_id", member.staff_id, of=member.name, **{end: True})


IDENTITY = (
    "INSERT INTO staff_identities (staff_id, issuer, subject)"
    " VALUES ($1, 'https://provider.example', $1::uuid::text) RETURNING staff_identity_id"
)
NOT_STEPPED_UP_AS_WELL = {"adviser n", "manager n", "protection", "administrator"}


async def _add_key(admin: asyncpg.Connection, world: World, actor_id: UUID, owner: str) -> None:
    """What is kept of a write of theirs."""
    await admin.execute(
        "INSERT INTO idempotency_keys (actor_id, idempotency_key, request_hash) VALUES ($1, $2, sha256(''))",
        actor_id, str(actor_id),
    )  # fmt: skip
    world.add("idempotency_keys", actor_id, owner)


async def _add_person(admin: asyncpg.Connection, world: World, person: Person, teams: dict[str, UUID]) -> None:
    await admin.execute(
        "INSERT INTO young_people (person_id, full_name, preferred_name, born_on, died_on, team_id)"
        " VALUES ($1, $2, $2, '2009-01-01', $3, $4)",
        person.person_id, person.name, today() if person.has_died else None, teams.get(person.team or ""),
    )  # fmt: skip
    world.add("young_people", person.person_id, person.name)
    await _add_data_key(admin, world, person.person_id, person.name)
    staff = {m.name: m.staff_id for m in MEMBERS}
    for one in person.allocations:
        allocation_id = await admin.fetchval(
            "INSERT INTO allocations (person_id, staff_id, starts_on, ended_on) VALUES ($1, $2, $3, $4)"
            " RETURNING allocation_id",
            person.person_id, staff[one.member], today() + timedelta(days=one.from_day),
            None if one.to_day is None else today() + timedelta(days=one.to_day),
        )  # fmt: skip
        world.add("allocations", allocation_id, person.name)
    for table, sql in PERSONAL_ROWS.items():
        world.add(table, await admin.fetchval(sql, person.person_id, staff["adviser n"]), person.name)
    await add_plans(admin, world.add, person)
    await add_records(admin, world.add, person)
    await _add_key(admin, world, person.person_id, person.name)
    if person.is_restricted:
        await admin.execute("INSERT INTO restricted_cases (person_id) VALUES ($1)", person.person_id)
        world.add("restricted_cases", person.person_id, person.name)
        for name in person.named:
            await admin.execute("INSERT INTO restricted_case_staff VALUES ($1, $2)", person.person_id, staff[name])
            world.add("restricted_case_staff", staff[name], person.name)
    await _add_conversation(admin, world, person.name, person.person_id)
    for level in ("full", "limited"):
        actor = Actor(f"{person.name} {level}", "fifteenplus_signed_in", person=person.name, level=level)
        await _add_session(admin, world, actor, "person_id", person.person_id)
    for end in ("is_revoked", "is_expired"):
        actor = Actor(f"{person.name} {end}", "fifteenplus_signed_in")
        await _add_session(admin, world, actor, "person_id", person.person_id, of=person.name, **{end: True})


PERSONAL_ROWS = {
    "record_history": "INSERT INTO record_history"
    " (table_name, record_id, person_id, version, changed_by_kind, changed_by_id, row_before)"
    " VALUES ('young_people', $1, $1, 1, 'staff', $2, '{}') RETURNING history_id",
    "contact_points": "INSERT INTO contact_points (person_id, phone_e164) VALUES ($1, '+4477009' ||"
    " lpad((random() * 99999)::int::text, 5, '0')) RETURNING contact_point_id, $2::uuid",
    "appointments": "INSERT INTO appointments (person_id, staff_id, starts_at, ends_at)"
    " SELECT $1, $2, starts_at, starts_at + interval '1 second' FROM (SELECT now() + interval '1 day' * (1 + random())"
    " AS starts_at) AS s RETURNING appointment_id",
    "enrolment_codes": "INSERT INTO enrolment_codes (code_hash, person_id, made_by_staff_id)"
    " VALUES (sha256($1::uuid::text::bytea), $1, $2) RETURNING code_hash",
    "sign_in_challenges": "INSERT INTO sign_in_challenges (phone_digest, person_id, code_hash)"
    " VALUES (sha256($2::uuid::text::bytea), $1, '$argon2id$') RETURNING challenge_id",
}


async def _add_conversation(admin: asyncpg.Connection, world: World, owner: str, person_id: UUID | None) -> None:
    conversation_id = await admin.fetchval(
        "INSERT INTO conversations (person_id, phone_e164) VALUES ($1, $2) RETURNING conversation_id",
        person_id, None if person_id else next_number(),
    )  # fmt: skip
    world.add("conversations", conversation_id, owner)
    await _add_data_key(admin, world, conversation_id, f"{owner} (thread)")
    for age, when in ((" (old)", timedelta(days=-30)), ("", timedelta(0))):
        message_id = await admin.fetchval(
            "INSERT INTO messages"
            " (conversation_id, direction, kind, phone_e164, body, provider_sid, status, created_at)"
            " VALUES ($1, 'inbound', 'text', '+447700900001', 'text', gen_random_uuid()::text, 'received', $2)"
            " RETURNING message_id",
            conversation_id, datetime.now(UTC) + when,
        )  # fmt: skip
        world.add("messages", message_id, owner + age)
        concern_id = await admin.fetchval(
            "INSERT INTO concerns (conversation_id, message_id, risk, kinds, rules_hit, screen_version)"
            " VALUES ($1, $2, 'low', ARRAY['other'], ARRAY['rule'], '1') RETURNING concern_id",
            conversation_id, message_id,
        )  # fmt: skip
        world.add("concerns", concern_id, owner)
        await admin.execute("INSERT INTO attention_flags (message_id, reason) VALUES ($1, 'worry')", message_id)
        world.add("attention_flags", message_id, owner)
        await admin.execute("INSERT INTO message_events (message_id, provider_status) VALUES ($1, 'sent')", message_id)
    if person_id:
        claim = f"conversation:{conversation_id}"
        for login in ("fifteenplus_api", "fifteenplus_worker"):
            world.actors.append(Actor(f"thread of {owner} on {login}", login, claim=claim, person=owner))
        world.actors.append(Actor(f"signed in claims thread of {owner}", "fifteenplus_signed_in", claim=claim))


async def _add_relations(admin: asyncpg.Connection, world: World) -> None:
    staff = {m.name: m.staff_id for m in MEMBERS}
    people = {p.name: p.person_id for p in PEOPLE}
    for one in OPENED:
        break_glass_id = await admin.fetchval(
            "INSERT INTO break_glass_grants (person_id, staff_id, reason, starts_at, ends_at)"
            " VALUES ($1, $2, 'a reason of more than twenty letters', $3, $4) RETURNING break_glass_id",
            people[one.person], staff[one.member],
            datetime.now(UTC) + timedelta(hours=one.from_hour), datetime.now(UTC) + timedelta(hours=one.to_hour),
        )  # fmt: skip
        world.add("break_glass_grants", break_glass_id, f"{one.member} of {one.person}")


async def _add_of_nobody(admin: asyncpg.Connection, world: World) -> None:
    """Rows that are nobody's: a thread of an unknown number, an alert, a job, a beat, an allowance."""
    await _add_conversation(admin, world, "nobody", None)
    await admin.execute(
        "INSERT INTO messages (direction, kind, phone_e164, body, status)"
        " VALUES ('outbound', 'alert', '+447700900002', 'alert', 'stored')"
    )
    await admin.execute("INSERT INTO jobs (kind, serial_key, payload) VALUES ('deliver', 'x', '{}')")
    await admin.execute("INSERT INTO worker_beats VALUES (gen_random_uuid(), now())")
    await admin.execute("INSERT INTO rate_limits (bucket, tokens) VALUES ('x', 1)")
    await admin.execute(
        "INSERT INTO staff_sign_ins (state_hash, browser_hash, return_to, is_step_up)"
        " VALUES (sha256('a'), sha256('b'), '/', false)"
    )
    await admin.execute(
        "INSERT INTO opt_out_events (phone_e164, is_opted_out, source, detail)"
        " VALUES ('+447700900003', true, 'staff', '')"
    )
    await _add_audit(admin, world)
    await admin.execute("INSERT INTO bot.trackers (conversation_id, state) VALUES (gen_random_uuid(), 'x')")


async def _add_audit(admin: asyncpg.Connection, world: World) -> None:
    """A look at everybody, beside what the database itself noted of all the above; and a block that seals them."""
    await admin.execute(
        "INSERT INTO audit_entries (verb, person_id, table_name)"
        " SELECT 'viewed', person_id, 'young_people' FROM young_people"
    )
    await admin.execute("INSERT INTO audit_blocks (block_no) VALUES (1)")
    names = {p.person_id: p.name for p in PEOPLE}
    for entry_id, person_id, verb in await admin.fetch("SELECT entry_id, person_id, verb FROM audit_entries"):
        is_look = verb in {"viewed", "opened"}
        world.add("audit_entries", entry_id, names.get(person_id, "nobody") + ("" if is_look else " (not a look)"))
