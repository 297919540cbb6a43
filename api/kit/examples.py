"""Made-up values for the documentation, by the name and kind of a field: nobody's, and always the same."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import yaml

EXAMPLES_PATH = Path(__file__).parent.parent / "examples.yml"
DEEPEST = 8
WORDS = "Some words"

_BY_KIND: dict[type, Any] = {
    msgspec.inspect.UUIDType: "019b2f6e-4c1a-7d3e-9a51-6f0c2b7d8e94",
    msgspec.inspect.DateTimeType: "2027-03-15T10:30:00Z",
    msgspec.inspect.DateType: "2027-03-15",
    msgspec.inspect.TimeType: "10:30:00",
    msgspec.inspect.BoolType: True,
    msgspec.inspect.NoneType: None,
    msgspec.inspect.DecimalType: "25.00",
    msgspec.inspect.AnyType: {},
}
_Many = (
    msgspec.inspect.ListType
    | msgspec.inspect.SetType
    | msgspec.inspect.FrozenSetType
    | msgspec.inspect.VarTupleType
    | msgspec.inspect.CollectionType
)


class NoExample(Exception):
    """There is no value for a field that fits what is asked of it: `examples.yml` needs one."""


def example_of(kind: Any, *, only_required: bool = False) -> Any:
    """A value of that kind as JSON has it; without the fields that may be left out where `only_required`."""
    return _make(msgspec.inspect.type_info(kind), "", only_required, 0)


@cache
def _by_name() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(EXAMPLES_PATH.read_text())
    return found


def _make(kind: msgspec.inspect.Type, name: str, only_required: bool, depth: int) -> Any:
    """A value for a field of that name; `name` is the field's with its Struct's before it."""
    if isinstance(kind, msgspec.inspect.Metadata):
        kind = kind.type
    if depth > DEEPEST:
        raise NoExample(f"{name} holds itself")
    if isinstance(kind, msgspec.inspect.UnionType):
        some = [one for one in kind.types if not isinstance(one, msgspec.inspect.NoneType)]
        return _make(some[0], name, only_required, depth)
    if isinstance(kind, msgspec.inspect.StructType):
        return _of_struct(kind, only_required, depth)
    if isinstance(kind, _Many):
        return [_make(kind.item_type, name, only_required, depth + 1)]
    if isinstance(kind, msgspec.inspect.TupleType):
        return [_make(one, name, only_required, depth + 1) for one in kind.item_types]
    if isinstance(kind, msgspec.inspect.DictType):
        return {_make(kind.key_type, "", only_required, depth): _make(kind.value_type, name, only_required, depth + 1)}
    return _of_scalar(kind, name)


def _of_struct(kind: msgspec.inspect.StructType, only_required: bool, depth: int) -> dict[str, Any]:
    made = {} if kind.tag_field is None else {kind.tag_field: kind.tag}
    for field in kind.fields:
        if field.required or not only_required:
            name = f"{kind.cls.__name__}.{field.encode_name}"
            made[field.encode_name] = _make(field.type, name, only_required, depth + 1)
    return made


def _of_scalar(kind: msgspec.inspect.Type, name: str) -> Any:
    if isinstance(kind, msgspec.inspect.EnumType):
        return next(iter(kind.cls)).value
    if isinstance(kind, msgspec.inspect.LiteralType):
        return kind.values[0]
    named = _by_name().get(name, _by_name().get(name.rpartition(".")[2]))
    if named is not None and _fits(kind, named):
        return named
    if type(kind) in _BY_KIND:
        return _BY_KIND[type(kind)]
    if isinstance(kind, msgspec.inspect.IntType | msgspec.inspect.FloatType):
        return next((bound for bound in (kind.ge, kind.le) if bound is not None), 1)
    if isinstance(kind, msgspec.inspect.StrType):
        made = WORDS[: kind.max_length].ljust(kind.min_length or 0, ".")
        if _fits(kind, made):
            return made
    raise NoExample(f"{name} needs a line in {EXAMPLES_PATH.name}")


def _fits(kind: msgspec.inspect.Type, value: object) -> bool:
    if isinstance(kind, msgspec.inspect.StrType):
        is_long_enough = isinstance(value, str) and (kind.min_length or 0) <= len(value) <= (kind.max_length or 10**6)
        return is_long_enough and (kind.pattern is None or re.search(kind.pattern, str(value)) is not None)
    if isinstance(kind, msgspec.inspect.IntType):
        return isinstance(value, int) and (kind.ge or value) <= value <= (kind.le or value)
    return isinstance(kind, msgspec.inspect.UUIDType | msgspec.inspect.DateType) and isinstance(value, str)
