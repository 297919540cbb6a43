"""The law as data: every entry has its source and days, nothing is said that nobody read, no number hides in code."""

import ast
import sys
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

import api.duties
from api.duties import codes, law
from api.duties.safeguards import may_send, verify_level
from api.duties.shapes import Rule, read_as
from tests.api.duties.cases import LONG_IN_CARE, care, history

FOLDER = Path(api.duties.__file__).parent
TOML = sorted(FOLDER.rglob("*.toml"))
MODULES = sorted(FOLDER.glob("*.py"))


def entries(value: Any) -> list[dict[str, Any]]:
    """Every table of a file that cites something."""
    if isinstance(value, list):
        return [found for item in value for found in entries(item)]
    if not isinstance(value, dict):
        return []
    return [value] * ("source" in value) + [found for item in value.values() for found in entries(item)]


@pytest.mark.parametrize("path", TOML, ids=lambda path: path.stem)
def test_law_when_written_down_then_every_entry_has_source_and_whether_it_was_confirmed(path: Path) -> None:
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    assert document["version"]
    for entry in entries(document):
        assert entry["source"].strip()
        assert isinstance(entry["verified"], bool)
        if "sentence" not in entry:
            assert isinstance(entry["valid_from"], date)


def test_rules_when_read_then_each_code_has_one_wording_for_a_day() -> None:
    for rule in law.rules():
        same = [other for other in law.rules() if other.code == rule.code and other is not rule]
        assert all(
            (other.valid_to or date.max) < rule.valid_from or (rule.valid_to or date.max) < other.valid_from
            for other in same
        )


def test_rules_when_a_day_is_forgotten_then_the_file_is_refused() -> None:
    entry = dict(law.document("duties")["rules"][0])
    del entry["in_force_from"]
    with pytest.raises(msgspec.ValidationError):
        read_as(entry, Rule)


def test_rules_when_a_word_is_misspelt_then_the_file_is_refused() -> None:
    entry = dict(law.document("duties")["rules"][0]) | {"month": 3}
    with pytest.raises(msgspec.ValidationError):
        read_as(entry, Rule)


def test_rule_when_asked_before_its_first_wording_then_the_first_and_when_unknown_then_refused() -> None:
    assert law.rule("yearly_offer", date(2015, 1, 1)).valid_from == date(2018, 4, 1)
    with pytest.raises(LookupError):
        law.rule("nothing_of_the_kind", date(2026, 1, 1))


def test_rule_when_its_last_wording_ended_then_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    first = msgspec.structs.replace(law.rules()[0], valid_to=date(2026, 3, 31))
    second = msgspec.structs.replace(first, valid_from=date(2026, 4, 1), valid_to=date(2026, 12, 31), months=2)
    monkeypatch.setattr(law, "rules", lambda: (second, first))
    assert law.rule(first.code, date(2026, 3, 31)).months == 3
    assert law.rule(first.code, date(2026, 4, 1)).months == 2
    with pytest.raises(LookupError):
        law.rule(first.code, date(2027, 1, 1))


def test_prospective_when_no_day_is_set_or_it_is_to_come_then_it_is_no_law_yet() -> None:
    assert law.is_prospective(None, date(2099, 1, 1))
    assert law.is_prospective(date(2027, 4, 1), date(2027, 3, 31))
    assert not law.is_prospective(date(2027, 4, 1), date(2027, 4, 1))


@pytest.mark.parametrize("code", sorted(law.document("categories")["reasons"]))
def test_reason_when_written_then_it_has_a_sentence_and_law(code: str) -> None:
    text = law.reason_text(code)
    assert text.sentence.endswith(".")
    assert text.source


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_duties_when_they_import_then_only_the_standard_library_and_themselves(path: Path) -> None:
    allowed = {"api.duties"} | ({"msgspec"} if path.stem in {"models", "shapes"} else set())
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            own = name in allowed or name.startswith("api.duties.")
            assert own or name.split(".", maxsplit=1)[0] in sys.stdlib_module_names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_duties_when_they_run_then_they_ask_no_clock(path: Path) -> None:
    called = {
        node.func.attr
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert called & {"now", "today", "utcnow", "time"} == set()


@pytest.mark.parametrize("path", [path for path in MODULES if path.stem != "codes"], ids=lambda path: path.stem)
def test_duties_when_the_law_has_a_number_then_it_stands_in_a_file(path: Path) -> None:
    small = {0, 1, 2, 3, 5, 12}
    found = {
        node.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and type(node.value) is int
    }
    assert found <= small


def test_version_when_stored_then_it_names_every_file_of_the_law() -> None:
    assert all(path.stem in law.version() for path in (FOLDER / "law").glob("*.toml"))


@pytest.mark.parametrize(
    ("intent", "level"),
    [
        ("crisis_lines", 0),
        ("raise_concern", 0),
        ("talk_to_person", 0),
        ("check_appointments", 1),
        ("pathway_plan", 2),
        ("home", 2),
        ("records", 3),
        ("something_new", 3),
        ("", 3),
    ],
)
def test_verify_level_when_asked_then_what_the_list_says_and_the_highest_for_the_rest(intent: str, level: int) -> None:
    assert verify_level(intent) == level


def test_sending_when_somebody_died_then_nothing_goes_out() -> None:
    assert may_send(LONG_IN_CARE)
    assert not may_send(history(care(date(2020, 1, 6)), died_on=date(2026, 1, 1)))
    assert not may_send(history(care(date(2020, 1, 6), date(2026, 1, 1), reason_ended="E2")))
    assert not may_send(history(care(date(2020, 1, 6), date(2026, 1, 1), "V4", reason_ended="E2")))


def test_inspection_words_when_they_name_codes_then_every_code_of_the_return_has_words() -> None:
    words = codes.document("annex_a_list_9")
    assert set(words["in_touch"]) == codes.allowed("IN_TOUCH", 2026)
    assert {*words["activity"], "0"} == codes.allowed("ACTIV", 2026)
    assert {*words["accommodation"], "0"} == {code[0] for code in codes.allowed("ACCOM", 2026)}
    assert set(words["sex"]) == codes.allowed("SEX", 2026)
    assert set(words["ethnicity"]["order"]) == codes.allowed("ETHNIC", 2026)
