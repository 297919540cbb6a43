"""The README is true: its commands exist and do what it says, its map is the tree."""

import re

import pytest

from tests.rules.source import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


@pytest.mark.parametrize("target", sorted(set(re.findall(r"make ([a-z]+)", README))))
def test_readme_when_it_names_a_make_target_then_there_is_one(target: str) -> None:
    assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE)


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:api|bot|tests|migrations)/[\w./-]*)`", README))))
def test_readme_when_it_names_a_path_then_there_is_one(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`python -m api (\w+)`", README))))
def test_readme_when_it_names_a_command_of_the_api_then_there_is_one(command: str) -> None:
    from api.__main__ import COMMANDS

    assert command in COMMANDS


def test_decisions_when_listed_then_they_are_numbered_and_each_has_its_quotable_line() -> None:
    pages = sorted((ROOT / "api" / "decisions").glob("*.md"))
    assert [page.name[:4] for page in pages] == [f"{n:04}" for n in range(1, len(pages) + 1)]
    assert all(re.search(r"^> \S", page.read_text(encoding="utf-8"), re.MULTILINE) for page in pages)


def test_words_when_a_response_is_named_in_code_then_it_is_written_in_the_domain() -> None:
    from api.kit.words import load_words

    code = "".join(
        p.read_text(encoding="utf-8") for folder in ("api", "bot/actions") for p in (ROOT / folder).rglob("*.py")
    )
    named = set(re.findall(r'"(utter_\w+)"', code))
    assert named
    assert named <= load_words().names()
