"""Calls every route as every caller about every young person, and compares with what `http_oracle` says.

Everything a request does is undone after it was answered, so that one cell cannot change another.
"""

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import asyncpg
import structlog
from litestar import Litestar
from twilio.request_validator import RequestValidator

from api.app import DOCUMENTS, create_app
from api.kit import access
from api.kit.access import STAFF_COOKIE
from api.kit.crypto import Place
from api.kit.db import Database, _Held
from api.kit.examples import example_of
from api.kit.openapi import Operation, list_operations
from tests.api.client import ACCOUNT_SID, ACTIONS_SECRET, FORM, PUBLIC_BASE_URL, TOKENS, _Fields, serve_settings
from tests.conftest import TestDatabase
from tests.fields import RING
from tests.rules.access_oracle import KEYS
from tests.rules.access_rows import World
from tests.rules.access_world import MEMBERS, PEOPLE, Person
from tests.rules.http_oracle import OF_ONE, Caller, Route, may_answer, refused, sees

PARAMETER = re.compile(r"\{(\w+)\}")
# A parameter that is the key of no table, or of more than one: the table whose rows it names.
TABLES = {key: table for table, key in reversed(KEYS.items())} | {"person_id": "young_people", "staff_id": "staff"}
# A parameter that is named for what it does: the one whose ids it takes.
SAME_AS = {"with": "plan_id"}
MORE_IDS = {"enrolment_code_id": "enrolment_codes"}
_TYPE = re.compile(r":\w+\}")
PLAIN = {"date": "2027-03-15", "date-time": "2027-03-15T10:30:00Z", "integer": "1", "boolean": "true"}


class Undoing(Database):
    """Lends connections on which nothing that is done stays done."""

    @asynccontextmanager
    async def _lent(self) -> AsyncIterator[_Held]:
        async with super()._lent() as held:
            transaction = held.connection.transaction()
            await transaction.start()
            try:
                yield held
            finally:
                held.actor = None
                with suppress(asyncpg.InterfaceError):
                    await transaction.rollback()


@dataclass
class Report:
    """How many cells were looked at, and which differ."""

    cells: int = 0
    requests: int = 0
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Answer:
    """A status and a body."""

    status: int
    body: str


@asynccontextmanager
async def http_matrix(database: TestDatabase, world: World, **changes: Any) -> AsyncIterator["HttpMatrix"]:
    """The matrix on a database that holds the world."""
    app = create_app(serve_settings(database, **changes))
    for name, url in (("database", database.api_url), ("signed_in", database.signed_in_url)):
        await getattr(app.state, name).close()
        app.state[name] = Undoing(url, size=2)
    told: list[str] = []
    with quiet(told):
        yield HttpMatrix(app, world, await read_more_ids(database), told)
    await app.state.rasa.aclose()
    await app.state.oidc.aclose()
    await app.state.database.close()
    await app.state.signed_in.close()


@contextmanager
def quiet(told: list[str]) -> Iterator[None]:
    """Collects what is logged, instead of printing it."""
    before = structlog.get_config()
    structlog.configure(processors=[_JSON], logger_factory=lambda *_: _Collecting(told))
    try:
        yield
    finally:
        structlog.configure(**before)


_JSON = structlog.processors.JSONRenderer()


class _Collecting:
    def __init__(self, told: list[str]) -> None:
        self.info = self.warning = self.error = told.append


async def read_more_ids(database: TestDatabase) -> dict[str, dict[str, str]]:
    """Of each id that is no table's key but names a row of a person's, whose it is."""
    names = {person.person_id: person.name for person in PEOPLE}
    admin = await asyncpg.connect(database.admin_url)
    found = {}
    for name, table in MORE_IDS.items():
        rows = await admin.fetch(f"SELECT {name}, person_id FROM {table}")  # noqa: S608 - names from above
        found[name] = {str(key): names[person_id] for key, person_id in rows}
    await admin.close()
    return found


class HttpMatrix:
    """Goes through every route, caller and young person."""

    def __init__(self, app: Litestar, world: World, more_ids: dict[str, dict[str, str]], logged: list[str]) -> None:
        self.app = app
        self.logged = logged
        self.world = world
        self.more_ids = more_ids
        self.report = Report()
        self.callers = list(callers(world))
        self.marks = marks(world)
        self._query = needed_queries(app)
        self._any_mark = re.compile("|".join(map(re.escape, self.marks)))

    async def run(self, expected: dict[tuple[str, str], Any], scopes: dict[tuple[str, str], str]) -> Report:
        """Every route there is, whose guard and scope are looked up in what was decided."""
        decided = {(method, _TYPE.sub("}", path)): guard for (method, path), guard in expected.items()}
        for operation in list_operations(self.app):
            key = operation.method, operation.path
            if key in decided and key in scopes:
                await self._try(operation, Route(*key, name_of(decided[key]), scopes[key]))
            else:
                self.report.wrong.append(f"{operation.method} {operation.path}: nobody said who may call it about whom")
        # A session is logged by its id, so that whoever is turned away again and again is noticed.
        sessions = self.world.rows["sessions"]
        found = {mark for line in self.logged for mark in self._any_mark.findall(line)}
        told = {self.marks[mark] for mark in found if mark not in sessions}
        self.report.wrong += [f"the log tells something of {person}" for person in sorted(told)]
        return self.report

    async def _try(self, operation: Operation, route: Route) -> None:
        for number, caller in enumerate(self.callers):
            is_refused = refused(route, caller) is not None
            # Young people at a door that is not theirs are turned away all alike: a fifth for each route, in turn.
            is_far = caller.is_young and not (route.path.startswith("/client/") and caller.shows == "bearer")
            if is_refused and is_far and (number + len(route.path)) % 5:
                continue
            is_about_each = route.scope in OF_ONE and not is_refused
            # Whoever is turned away is so whatever they ask for: each about another person.
            for person in PEOPLE if is_about_each else [PEOPLE[number % len(PEOPLE)]]:
                answer = await self._call(operation, caller, person.name)
                self._compare(route, caller, person.name, answer)

    def _compare(self, route: Route, caller: Caller, target: str, answer: Answer) -> None:
        self.report.requests += 1
        self.report.cells += len(PEOPLE)
        what = f"{route.method} {route.path} as {caller.name} about {target}"
        expected = may_answer(route, caller, target)
        if answer.status not in expected:
            self.report.wrong.append(f"{what}: {answer.status}, expected {sorted(expected)}")
        told = {self.marks[mark] for mark in self._any_mark.findall(answer.body)}
        if route.scope != "oversee" or refused(route, caller) is not None:
            for person in told - sees(route, caller):
                self.report.wrong.append(f"{what}: the answer tells something of {person}")

    async def _call(self, operation: Operation, caller: Caller, target: str) -> Answer:
        path = PARAMETER.sub(lambda found: self._id(found[1], target), operation.path)
        asked = self._query.get((operation.method, operation.path), {})
        query = urlencode(
            {name: self._id(name, target) if name in {*TABLES, *SAME_AS} else value for name, value in asked.items()}
        )
        body, headers = self._body(operation, caller, target, path)
        return await call(self.app, operation.method, path, query, headers | _shown(caller), body)

    def _id(self, name: str, target: str) -> str:
        name = SAME_AS.get(name, name)
        rows = self.more_ids.get(name) or self.world.rows.get(TABLES.get(name, ""), {})
        own = [key for key, owner in rows.items() if owner.removesuffix(" (old)") == target]
        if own:
            return own[0]
        if name.endswith("_on") or name == "day":
            return date.today().isoformat()  # noqa: DTZ011 - whichever day
        return next(iter(rows), str(uuid4()))

    def _body(self, operation: Operation, caller: Caller, target: str, path: str) -> tuple[bytes, dict[str, str]]:
        if operation.path.startswith("/webhooks/"):
            return _webhook(caller, path)
        if operation.path == "/bot/actions":
            call_ = {"next_action": "action_none", "sender_id": str(uuid4()), "tracker": {"slots": {}}}
            return json.dumps(call_).encode(), {"content-type": "application/json"}
        if operation.body is None:
            return b"", {"idempotency-key": str(uuid4()), "if-match": '"1"'}
        body = self._with_ids(example_of(operation.body, only_required=True), target)
        headers = {"content-type": "application/json", "idempotency-key": str(uuid4()), "if-match": '"1"'}
        return json.dumps(body).encode(), headers

    def _with_ids(self, body: Any, target: str) -> Any:
        """A body about the target: every id in it that is of a table we know is of a row there is."""
        if not isinstance(body, dict):
            return body
        return {name: self._id_in_body(name, value, target) for name, value in body.items()}

    def _id_in_body(self, name: str, value: Any, target: str) -> Any:
        if name.removesuffix("s") in TABLES and isinstance(value, list):
            return [self._id(name.removesuffix("s"), target)]
        return self._id(name, target) if name in TABLES else value


def callers(world: World) -> Iterator[Caller]:
    """Everybody who may call, and how they show who they are; each of them in the wrong way too."""
    yield Caller("nobody")
    yield Caller("elsewhere", is_elsewhere=True)
    yield Caller("bot", "bot", "right")
    yield Caller("bot with another secret", "bot", "wrong")
    yield Caller("twilio", "twilio", "right")
    yield Caller("twilio with another signature", "twilio", "wrong")
    for way in ("bearer", "cookie"):
        yield Caller(f"malformed {way}", way, "")
        for actor in world.actors:
            if actor.login == "fifteenplus_signed_in" and actor.token and not actor.claim:
                yield Caller(f"{actor.name} by {way}", way, actor.token, actor)
    manager = next(actor for actor in world.actors if actor.name == "manager n")
    yield Caller("manager n from another site", "cookie", manager.token, manager, is_elsewhere=True)


def marks(world: World) -> dict[str, str]:
    """What tells of a person: their name, their id, and the id of every row that is theirs."""
    found = {str(person.person_id): person.name for person in PEOPLE}
    found |= {canary(person.name): person.name for person in PEOPLE}
    names = {person.name for person in PEOPLE}
    for rows in world.rows.values():
        found |= {
            key: owner.removesuffix(" (old)")
            for key, owner in rows.items()
            if owner.removesuffix(" (old)") in names and len(key) == 36
        }
    return {mark: name for mark, name in found.items() if mark not in {str(m.staff_id) for m in MEMBERS}}


def canary(person: str) -> str:
    """A name that stands nowhere by chance."""
    return "Canary" + person.title().replace(" ", "")


async def plant_canaries(admin: asyncpg.Connection) -> None:
    """Gives every young person a name that is known wherever it stands, and writes it into every secret field."""
    for (subject_id,) in await admin.fetch("SELECT subject_id FROM data_keys"):
        wrapped = RING.new_wrapped_key(subject_id)
        await admin.execute("UPDATE data_keys SET wrapped_key = $2 WHERE subject_id = $1", subject_id, wrapped)
    for person in PEOPLE:
        await admin.execute(
            "UPDATE young_people SET full_name = $2, preferred_name = $2 WHERE person_id = $1",
            person.person_id,
            canary(person.name),
        )
        for table, column in await admin.fetch(SECRET_COLUMNS):
            await _write_secrets(admin, person, table, column)


async def _write_secrets(admin: asyncpg.Connection, person: Person, table: str, column: str) -> None:
    wrapped = await admin.fetchval("SELECT wrapped_key FROM data_keys WHERE subject_id = $1", person.person_id)
    cipher, key = RING.cipher(wrapped, person.person_id), KEYS[table]
    # A number is no canary: it is shown as one.
    secret = "+447700900123" if column.startswith("phone") else canary(person.name)
    kept_of = f"SELECT {key} FROM {table} WHERE person_id = $1 AND {column} IS NOT NULL"  # noqa: S608
    for (row_id,) in await admin.fetch(kept_of, person.person_id):
        kept = cipher.encrypt(secret, Place(table, column, row_id))
        await admin.execute(f"UPDATE {table} SET {column} = $2 WHERE {key} = $1", row_id, kept)  # noqa: S608


SECRET_COLUMNS = """
    SELECT c.table_name, c.column_name FROM information_schema.columns AS c
    JOIN information_schema.columns AS p USING (table_schema, table_name)
    WHERE c.table_schema = 'public' AND c.column_name LIKE '%\\_enc' AND p.column_name = 'person_id'
"""


def _shown(caller: Caller) -> dict[str, str]:
    headers = {"sec-fetch-site": "cross-site"} if caller.is_elsewhere else {}
    if caller.shows == "bearer":
        return headers | {"authorization": f"Bearer {caller.secret or 'x' * 64}"}
    if caller.shows == "cookie":
        return headers | {"cookie": f"{STAFF_COOKIE}={caller.secret or 'x' * 64}"}
    if caller.shows == "bot":
        return headers | {"authorization": f"Bearer {ACTIONS_SECRET if caller.secret == 'right' else 'x' * 32}"}
    return headers


def _webhook(caller: Caller, path: str) -> tuple[bytes, dict[str, str]]:
    fields = [
        ("AccountSid", ACCOUNT_SID),
        ("MessageSid", "SM" + uuid4().hex),
        ("MessageStatus", "delivered"),
        ("From", "+447700900555"),
        ("Body", "hello"),
    ]
    signature = RequestValidator(TOKENS[0]).compute_signature(PUBLIC_BASE_URL + path, _Fields(fields))
    if caller.shows != "twilio":
        signature = ""
    elif caller.secret != "right":
        signature = signature.swapcase()
    return urlencode(fields).encode(), {"content-type": FORM, "x-twilio-signature": signature}


def needed_queries(app: Litestar) -> dict[tuple[str, str], dict[str, str]]:
    """What each route has to be asked with, as its document says."""
    return {
        (method.upper(), path): {
            one["name"]: PLAIN.get(one["schema"].get("format", one["schema"].get("type")), "Ash")
            for one in operation["parameters"]
            if one["in"] == "query" and one.get("required")
        }
        for name in DOCUMENTS
        for path, methods in app.state.documents.get(name)["paths"].items()
        for method, operation in methods.items()
    }


def name_of(guard: Any) -> str:
    """What a guard is called."""
    return next(name for name, value in vars(access).items() if value is guard)


async def call(app: Litestar, method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> Answer:
    """Calls the application, without a client between."""
    status, parts = 0, []

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)
        parts.append(message.get("body", b""))
        parts.extend(value for name, value in message.get("headers", ()) if name not in {b"request-id"})

    scope = {
        "type": "http", "http_version": "1.1", "method": method, "path": path, "raw_path": path.encode(),
        "query_string": query.encode(), "client": ("127.0.0.1", 1), "server": ("inside", 80), "scheme": "http",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    await app(scope, receive, send)  # type: ignore[arg-type]
    return Answer(status, b"\n".join(parts).decode("utf-8", "replace"))
