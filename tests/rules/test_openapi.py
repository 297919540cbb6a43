"""The documents say all that a route takes and answers, and what it takes is strict."""

import inspect
import json
import re
from collections.abc import Iterator
from typing import Any

import asyncpg
import msgspec
import pytest
from litestar import Litestar

from api.app import DOCUMENTS, ROUTES
from api.kit.access import READ, WRITE
from api.kit.examples import EXAMPLES_PATH, _by_name, example_of
from api.kit.openapi import Documents, Operation, list_operations, structs_in
from tests.conftest import TestDatabase

APP = Litestar(ROUTES, openapi_config=None)
OPERATIONS = [one for one in list_operations(APP) if one.path.startswith(("/admin/", "/client/"))]
BODIES = {one.body.__name__: one.body for one in OPERATIONS if one.body is not None}
READS_BODY = re.compile(r"\b(?:read_json|write)\(\s*request,\s*(\w+)")


def documents() -> dict[str, dict[str, Any]]:
    built = Documents(ROUTES, DOCUMENTS)
    return {name: built.get(name) for name in DOCUMENTS}


def name_of(operation: Operation) -> str:
    return f"{operation.method} {operation.path}"


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
def test_route_when_it_reads_a_body_then_it_declares_that_kind(operation: Operation) -> None:
    read = READS_BODY.search(inspect.getsource(operation._handler.fn))
    given = inspect.getclosurevars(operation._handler.fn).nonlocals
    kind = given[read[1]].__name__ if read and read[1] in given else read and read[1]
    assert (operation.body.__name__ if operation.body else None) == kind


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one.is_write], ids=name_of)
def test_write_when_it_answers_a_status_then_its_route_declares_that_one(operation: Operation) -> None:
    source = inspect.getsource(operation._handler.fn)
    said = re.search(r"\bwrite\(.*?status=(\d+)", source, re.DOTALL)
    assert operation._handler.status_code == (int(said[1]) if said else 200)


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
def test_route_when_documented_then_its_promise_and_its_answers_kind_are_said(operation: Operation) -> None:
    assert inspect.getdoc(operation._handler.fn) or operation._handler.summary
    kind = operation._handler.parsed_fn_signature.return_type.annotation
    assert kind is not Any, "the document cannot say what is answered"


def test_operations_when_listed_then_each_is_in_one_document_under_a_name_of_its_own() -> None:
    names = [
        operation["operationId"]
        for document in documents().values()
        for methods in document["paths"].values()
        for operation in methods.values()
    ]
    assert sorted(names) == sorted({one.name for one in OPERATIONS})


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for one in value.values():
            yield from references(one)
    elif isinstance(value, list):
        for one in value:
            yield from references(one)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_document_when_it_names_another_part_then_that_part_is_in_it(name: str) -> None:
    document = documents()[name]
    for reference in references(document):
        found = document
        for key in reference.removeprefix("#/").split("/"):
            found = found[key]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_document_when_it_shows_a_struct_then_no_other_field_may_stand_in_it_and_an_example_does(name: str) -> None:
    for kind, schema in documents()[name]["components"]["schemas"].items():
        if "properties" in schema:
            assert schema["additionalProperties"] is False, kind
            assert schema["examples"], kind


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("only_required", [False, True])
def test_example_when_of_a_body_then_it_would_be_taken(name: str, only_required: bool) -> None:
    body = msgspec.json.encode(example_of(BODIES[name], only_required=only_required))
    msgspec.json.decode(body, type=BODIES[name], strict=True)


def test_examples_when_listed_then_each_is_of_a_field_there_is() -> None:
    shown = json.dumps(documents())
    assert [name for name in _by_name() if f'"{name.rpartition(".")[2]}"' not in shown] == [], EXAMPLES_PATH.name


def faults(kind: type) -> list[str]:
    """What a body's kind lets in that it should not."""
    found = []
    for struct in structs_in(msgspec.inspect.type_info(kind)):
        name = struct.__name__
        info = msgspec.inspect.type_info(struct)
        assert isinstance(info, msgspec.inspect.StructType)
        if not info.forbid_unknown_fields:
            found.append(f"{name}: takes fields that nobody asked for")
        for field in info.fields:
            found += [f"{name}.{field.name}: {fault}" for fault in _field_faults(field.type)]
    return found


def _field_faults(kind: msgspec.inspect.Type) -> Iterator[str]:
    match kind:
        case msgspec.inspect.Metadata():
            yield from _field_faults(kind.type)
        case msgspec.inspect.UnionType():
            for one in kind.types:
                yield from _field_faults(one)
        case msgspec.inspect.StrType(max_length=None, pattern=None):
            yield "may be as long as it likes"
        case msgspec.inspect.IntType(ge=None, gt=None) | msgspec.inspect.IntType(le=None, lt=None):
            yield "may be larger or smaller than a column holds"
        case msgspec.inspect.DateTimeType(tz=tz) if tz is not True:
            yield "may be without a time zone"
        case msgspec.inspect.FloatType() | msgspec.inspect.AnyType():
            yield "may be anything, or is not exact"
        case msgspec.inspect.ListType() | msgspec.inspect.VarTupleType() | msgspec.inspect.DictType():
            if kind.max_length is None:
                yield "may hold as many as it likes"
            yield from _field_faults(getattr(kind, "item_type", msgspec.inspect.BoolType()))
        case _:
            return


@pytest.mark.parametrize("name", BODIES)
def test_body_when_read_then_every_field_has_its_limits(name: str) -> None:
    assert faults(BODIES[name]) == []


def test_body_when_a_field_has_no_limits_then_it_is_found() -> None:
    class Loose(msgspec.Struct):
        text: str
        count: int
        at: "__import__('datetime').datetime"  # type: ignore[valid-type]
        several: list[str]
        whatever: Any

    assert len(faults(Loose)) == 7


async def test_route_when_it_is_limited_then_its_class_has_an_allowance(template: TestDatabase) -> None:
    connection = await asyncpg.connect(template.admin_url)
    known = {row[0] for row in await connection.fetch("SELECT route_class FROM allowances")}
    await connection.close()
    named = {one._handler.opt.get("allowance", READ) for one in OPERATIONS} | {READ, WRITE}
    assert named - {None} <= known
