"""Code lists of the SSDA903 return and of Annex A, by collection year, and what codes mean to the rules."""

import tomllib
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from api.duties.dates import age_on, anniversary
from api.duties.law import ages
from api.duties.shapes import CodeGroup, CodeList, read_as

FOLDER = Path(__file__).with_name("code_lists")
GROUP_FILES = ("placements", "care")


@cache
def document(name: str) -> dict[str, Any]:
    """One file of code lists, as it stands."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def collection_year(on: date) -> int:
    """The SSDA903 year of a day, named by the year it ends in: 1 April 2025 is 2026."""
    return on.year + 1 if (on.month, on.day) >= (4, 1) else on.year


def first_day(year: int) -> date:
    """The first day of a collection year."""
    return date(year - 1, 4, 1)


def last_day(year: int) -> date:
    """The last day of a collection year."""
    return date(year, 3, 31)


@cache
def _lists() -> dict[str, CodeList]:
    read = (read_as(entry, CodeList) for entry in document("ssda903")["lists"])
    return {entry.name: entry for entry in read}


@cache
def _groups() -> dict[str, CodeGroup]:
    read = (read_as(entry, CodeGroup) for name in GROUP_FILES for entry in document(name)["groups"])
    return {entry.name: entry for entry in read}


def _is_of_year(valid_from: date, valid_to: date | None, year: int) -> bool:
    return valid_from <= last_day(year) and (valid_to is None or first_day(year) <= valid_to)


def _check_year(year: int) -> None:
    known = document("ssda903")
    if not known["first_year"] <= year <= known["last_year"]:
        raise LookupError(f"no code lists are known for the collection year {year}")


@cache
def code_list(name: str, year: int) -> CodeList:
    """A list with the codes that the Department takes in that collection year (2026 is 2025/26), and its source.

    Raises LookupError for an unknown list, a year in which there was none, and a year whose lists nobody has read.
    """
    _check_year(year)
    found = _lists().get(name)
    if found is None or not _is_of_year(found.valid_from, found.valid_to, year):
        raise LookupError(f"no code list {name} in the collection year {year}")
    codes = tuple(c for c in found.codes if _is_of_year(c.valid_from or found.valid_from, c.valid_to, year))
    return CodeList(
        name=found.name,
        title=found.title,
        source=found.source,
        verified=found.verified,
        labels_verified=found.labels_verified,
        labels_source=found.labels_source,
        valid_from=found.valid_from,
        valid_to=found.valid_to,
        codes=codes,
        note=found.note,
    )


@cache
def allowed(name: str, year: int) -> frozenset[str]:
    """The codes of a list in a collection year; raises LookupError as `code_list` does."""
    return frozenset(code.code for code in code_list(name, year).codes)


def is_valid(name: str, code: str, year: int) -> bool:
    """Whether a code is taken in that collection year, spelt exactly so."""
    return code in allowed(name, year)


def list_names() -> tuple[str, ...]:
    """Every code list, in the order of the file."""
    return tuple(_lists())


@cache
def columns(file: str, year: int) -> tuple[str, ...]:
    """The columns of a file of the return in their order; raises LookupError where the year has no such file."""
    _check_year(year)
    for entry in document("ssda903_files")["files"]:
        if entry["name"] == file and _is_of_year(entry["valid_from"], entry.get("valid_to"), year):
            return tuple(entry["columns"])
    raise LookupError(f"no file {file} in the collection year {year}")


def care_version() -> str:
    """The version of the codes that the categories turn on, to be stored with what they decided."""
    return f"care-{document('care')['version']}"


def group(name: str) -> CodeGroup:
    """Codes that mean the same to a rule; raises KeyError for an unknown group."""
    return _groups()[name]


def is_in(name: str, code: str | None) -> bool:
    """Whether a code belongs to a group; no code belongs to none."""
    return code is not None and code in group(name).codes


def duc_faults(born_on: date, ceased_on: date | None, year: int) -> tuple[str, ...]:
    """What is wrong with DUC, the day on which somebody stopped being an unaccompanied asylum-seeking child.

    Nothing is right: still unaccompanied. Rules 304 and 1014 of the validator, and that the day is not after the year.
    """
    if ceased_on is None:
        return (
            ("Still unaccompanied at 18: the day it ended is missing.",)
            if age_on(born_on, last_day(year)) >= ages().adult
            else ()
        )
    faults = []
    if ceased_on > anniversary(born_on, ages().adult):
        faults.append("It ended after the 18th birthday.")
    if ceased_on > last_day(year):
        faults.append("It ended after the collection year.")
    if ceased_on < born_on:
        faults.append("It ended before birth.")
    return tuple(faults)
