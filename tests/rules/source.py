"""What the rules read of the service's own source."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import api
import bot.actions

ROOT = Path(__file__).parents[2]
SQL = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH|CREATE|ALTER|DROP|GRANT|TRUNCATE|MERGE)\s", re.ASCII)


def modules() -> list[str]:
    """Every module of the API and of the actions, except the commands, which run when imported as a script."""
    names = [
        module.name
        for package in (api, bot.actions)
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    ]
    return [name for name in names if not name.endswith("__main__")]


def may_hold_sql(module: str) -> bool:
    """SQL belongs into a feature's queries and into kit; the demo data is a script."""
    return module.endswith(".queries") or module.startswith("api.kit.") or module == "api.demo"


def sql_constants() -> Iterator[tuple[str, str]]:
    """Every SQL constant as `module.NAME` and its text."""
    for module in modules():
        for name, value in vars(importlib.import_module(module)).items():
            if name.isupper() and isinstance(value, str) and SQL.match(value):
                yield f"{module}.{name}", value


def strings_like_sql(path: Path) -> list[int]:
    """The lines of a file on which a string looks like SQL."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docstrings
        and SQL.match(node.value)
    ]
