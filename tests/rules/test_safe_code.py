"""The service's own source: nothing that runs what is data, no weak cryptography, no secret from a weak source."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.identity import tokens
from tests.rules.source import ROOT

SOURCES = [*(ROOT / "api").rglob("*.py"), *(ROOT / "bot" / "actions").rglob("*.py")]
DANGEROUS_CALLS = {"eval", "exec", "compile", "__import__", "system", "popen"}
DANGEROUS_MODULES = {
    "pickle",
    "marshal",
    "shelve",
    "subprocess",
    "jinja2",
    "xml",
    "lxml",
    "dill",
    "telnetlib",
    "ftplib",
}
# The migration tool is a program of its own, and training starts itself again with one thread; its arguments are ours.
MAY_START_PROGRAMS = {"predicting.py", "migrations.py", "training.py"}
WEAK = {"md5", "sha1", "DES", "TripleDES", "ARC4", "ECB", "PKCS1v15", "Blowfish", "_create_unverified_context"}
MAKES_REQUEST_IDS = {"edge.py"}


def names_in(tree: ast.AST) -> Iterator[str]:
    """Every name and attribute that is used, and every module that is imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


def dangers(source: str, *, may_start_programs: bool = False) -> list[str]:
    """What is dangerous in a module: running what is data, unpacking objects, following where somebody sends us."""
    tree = ast.parse(source)
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            is_pattern = name == "compile" and isinstance(node.func, ast.Attribute)
            found += [name] if name in DANGEROUS_CALLS and not is_pattern else []
            found += [
                f"{keyword.arg}"
                for keyword in node.keywords
                if keyword.arg in {"shell", "follow_redirects"} and getattr(keyword.value, "value", 1)
            ]
            if name == "load" and getattr(getattr(node.func, "value", None), "id", "") == "yaml":
                found.append("yaml.load")
            if is_pattern and isinstance(node.args[0], ast.Call | ast.Attribute) and "escape" not in ast.unparse(node):
                found.append("a regular expression that is not ours")
    modules = DANGEROUS_MODULES - ({"subprocess"} if may_start_programs else set())
    return found + sorted(modules & set(_imports(tree)))


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_service_when_read_then_it_uses_nothing_dangerous(path: Path) -> None:
    assert dangers(path.read_text(), may_start_programs=path.name in MAY_START_PROGRAMS) == []


@pytest.mark.parametrize(
    "planted",
    [
        "eval(text)", "import pickle", "os.system(name)", "run(x, shell=True)", "import subprocess",
        "httpx.AsyncClient(follow_redirects=True)", "yaml.load(text)", "re.compile(request.query())",
        "from jinja2 import x",
    ],
)  # fmt: skip
def test_service_when_something_dangerous_is_planted_then_it_is_found(planted: str) -> None:
    assert dangers(planted)


def weaknesses(source: str) -> list[str]:
    """Weak algorithms, and connections whose certificate is not looked at."""
    tree = ast.parse(source)
    unchecked = [
        keyword.arg
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "verify" and getattr(keyword.value, "value", True) is False
    ]
    return sorted(WEAK & set(names_in(tree))) + [str(one) for one in unchecked]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_service_when_read_then_its_cryptography_is_strong(path: Path) -> None:
    assert weaknesses(path.read_text()) == []


@pytest.mark.parametrize("planted", ["hashlib.md5(x)", "modes.ECB()", "httpx.get(url, verify=False)", "hashlib.sha1()"])
def test_service_when_weak_cryptography_is_planted_then_it_is_found(planted: str) -> None:
    assert weaknesses(planted)


def test_secrets_when_made_then_they_come_from_the_systems_randomness() -> None:
    made = [tokens.new_token() for _ in range(200)]
    assert len(set(made)) == 200
    assert all(re.fullmatch("[0-9a-f]{64}", token) for token in made)
    ones = sum(int(token, 16).bit_count() for token in made)
    assert abs(ones - 200 * 128) < 5 * (200 * 256 / 4) ** 0.5
    uses_random = [path.name for path in SOURCES if "random" in set(_imports(ast.parse(path.read_text())))]
    made_up_people = {"demo_people.py", "demo_files.py"}
    trains = {"training.py", "tuning.py"}
    allowed = MAKES_REQUEST_IDS | made_up_people | trains | {"jobs.py", "twilio_transport.py"}
    assert set(uses_random) <= allowed, "for jitter, ids, made-up people and training alone"


def test_boundaries_when_checked_then_calls_go_out_of_clients_alone() -> None:
    callers = {
        path.relative_to(ROOT).parts[1]
        for path in SOURCES
        if {"httpx", "aiohttp", "requests", "urllib3", "socket"} & set(_imports(ast.parse(path.read_text())))
    }
    assert callers == {"clients"}
