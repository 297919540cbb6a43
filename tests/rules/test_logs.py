"""Whatever is logged is a key we listed and a value that nobody wrote."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.kit.log import ALLOWED_KEYS
from tests.rules.source import ROOT

LEVELS = {"debug", "info", "warning", "error", "critical", "exception"}
FILES = [*(ROOT / "api").rglob("*.py"), *(ROOT / "bot" / "actions").rglob("*.py")]


def faults(tree: ast.AST) -> Iterator[str]:
    """What is wrong with each call that logs: keys that are dropped, and values that could be somebody's words."""
    caught = {node.name for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and node.name}
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_log(node.func)):
            continue
        if node.func.attr == "exception":
            yield f"line {node.lineno}: an exception's text is logged"
        if not all(isinstance(one, ast.Constant | ast.Name) for one in node.args) or len(node.args) != 1:
            yield f"line {node.lineno}: an event is a word"
        for keyword in node.keywords:
            if keyword.arg not in ALLOWED_KEYS:
                yield f"line {node.lineno}: {keyword.arg} is not listed"
            if any(_is_text(one, caught) for one in ast.walk(keyword.value)):
                yield f"line {node.lineno}: {keyword.arg} may hold what somebody wrote"


def _is_log(function: ast.Attribute) -> bool:
    return isinstance(function.value, ast.Name) and function.value.id in {"log", "logger"} and function.attr in LEVELS


def _is_text(node: ast.AST, caught: set[str]) -> bool:
    if isinstance(node, ast.JoinedStr):
        return True
    is_turned = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"str", "repr"}
    return is_turned and any(isinstance(one, ast.Name) and one.id in caught for one in ast.walk(node))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_log_call_when_written_then_its_keys_are_listed_and_its_values_are_nobodys(path: Path) -> None:
    assert list(faults(ast.parse(path.read_text()))) == []


@pytest.mark.parametrize(
    "planted",
    [
        'log.error("failed", phone="x")',
        'log.error(f"failed for {name}")',
        'log.error("failed", name)',
        'log.exception("failed")',
        "try: ...\nexcept Exception as error:\n log.error('failed', error=str(error))",
        "try: ...\nexcept Exception as error:\n log.error('failed', reason=f'{error}')",
        'log.error("failed", **everything)',
    ],
)
def test_log_call_when_it_could_leak_then_it_is_found(planted: str) -> None:
    assert list(faults(ast.parse(planted)))


def test_log_calls_when_looked_for_then_they_are_found() -> None:
    found = sum(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_log(node.func)
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text()))
    )
    assert found >= 15
