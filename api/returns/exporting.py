"""Writes the returns from the records: what is known, as it stood at the end of the year; what is not, is listed."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import date
from pathlib import Path

from api.audit.models import Verb
from api.duties import codes
from api.duties.dates import add_months, anniversary_in_903
from api.duties.models import Missing
from api.duties.returns import inspection_row, oc3_row
from api.kit.db import Connection
from api.kit.field_keys import FieldKeys
from api.returns import queries
from api.returns.checks import NAMES, document, return_kinds, show_day
from api.returns.facts import Facts, inspected_facts, inspection_facts, leaver_facts, load, of_extract
from api.returns.files import Writer, written
from api.returns.merging import cared_for_until, leaver_birthday, of_birthday
from api.returns.models import ExportSummary, Kind, Record
from api.returns.postcodes import open_postcodes

AT_ONCE = 500
OLDEST_YEARS = 27
INSPECTED_TO = 25
TO_COMPLETE = "to-complete"
TO_COMPLETE_COLUMNS = ("file", "child", "column", "what", "source")
LIST_9 = "annex-a-list-9"


class Lists:
    """The files of one export, and the list of what is not known."""

    def __init__(self, writers: Mapping[str, Writer], to_complete: Writer) -> None:
        self._writers = writers
        self._to_complete = to_complete
        self.summary = ExportSummary(rows=dict.fromkeys(writers, 0))

    def add(self, file: str, *cells: str | None) -> None:
        """Writes a row."""
        self._writers[file].writerow(cells)
        self.summary.rows[file] += 1

    def lacks(self, file: str, child: str, missing: tuple[Missing, ...]) -> None:
        """Lists what a row lacks."""
        for one in missing:
            self._to_complete.writerow((file, child, one.where, one.what, one.source))
        self.summary.incomplete += bool(missing)


async def write_ssda903(
    connection: Connection, keys: FieldKeys, folder: Path, *, year: int, today: date, by: str
) -> ExportSummary:
    """Writes every file of the return. The files take their names when the audit has it that they were written."""
    kinds = [kind for kind in return_kinds(year) if kind.name != NAMES]
    oldest, youngest = add_months(codes.first_day(year), -12 * OLDEST_YEARS), codes.last_day(year)
    with ExitStack() as files:
        columns = {kind.name: kind.columns for kind in kinds}
        lists = _open(files, folder, columns, TO_COMPLETE_COLUMNS, is_for_spreadsheet=False)
        async with connection.transaction(isolation="repeatable_read"):
            reason = f"{year - 1}/{year % 100:02}, by {by}"
            await queries.note(connection, Verb.EXPORTED, "ssda903", reason, [None])
            lists.summary.people_unnumbered = await queries.count_unnumbered(connection)
            async for batch in _batches(connection, oldest, youngest, year):
                await open_postcodes(connection, keys, [episode for one in batch for episode in one.episodes])
                filed = [one for one in batch if _write_person(one, year, today, kinds, lists)]
                people = [one.person["person_id"] for one in filed]
                await queries.note(connection, Verb.EXPORTED, "ssda903", reason, people)
    return lists.summary


async def write_annex_a(connection: Connection, folder: Path, *, on: date, by: str) -> ExportSummary:
    """Writes list 9 of a day, and what its rows lack."""
    columns = {LIST_9: tuple(codes.document("annex_a_list_9")["columns"])}
    with ExitStack() as files:
        lists = _open(files, folder, columns, TO_COMPLETE_COLUMNS, is_for_spreadsheet=True)
        async with connection.transaction(isolation="repeatable_read"):
            reason = f"of {on}, by {by}"
            await queries.note(connection, Verb.EXPORTED, LIST_9, reason, [None])
            lists.summary.people_unnumbered = await queries.count_unnumbered(connection)
            oldest = add_months(on, -12 * (INSPECTED_TO + 1))
            async for batch in _batches(connection, oldest, on, codes.collection_year(on)):
                more = {row["person_id"]: row for row in await queries.list_inspected(connection, [
                    one.person["person_id"] for one in batch
                ], on)}  # fmt: skip
                inspected = [one for one in batch if _write_inspected(one, more[one.person["person_id"]], on, lists)]
                people = [one.person["person_id"] for one in inspected]
                await queries.note(connection, Verb.EXPORTED, LIST_9, reason, people)
    return lists.summary


def _open(
    files: ExitStack, folder: Path, columns: Mapping[str, tuple[str, ...]], listed: tuple[str, ...],
    *, is_for_spreadsheet: bool,
) -> Lists:  # fmt: skip
    (folder / TO_COMPLETE).mkdir(mode=0o700)
    writers = {
        name: files.enter_context(
            written(folder / f"{name.lower()}.csv", of_file, is_for_spreadsheet=is_for_spreadsheet)
        )
        for name, of_file in columns.items()
    }
    path = folder / TO_COMPLETE / "rows.csv"
    return Lists(writers, files.enter_context(written(path, listed, is_for_spreadsheet=True)))


async def _batches(connection: Connection, oldest: date, youngest: date, year: int) -> AsyncIterator[list[Facts]]:
    after = ""
    while people := await queries.list_to_file(connection, after, oldest, youngest, AT_ONCE):
        yield await load(connection, people, year)
        after = people[-1]["child_id_la"]


def _write_person(one: Facts, year: int, today: date, kinds: list[Kind], lists: Lists) -> bool:
    """Writes a person's rows of a year; False for somebody of whom there is nothing to file."""
    starts_on, ends_on = codes.first_day(year), codes.last_day(year)
    child, born_on = one.person["child_id_la"], show_day(one.person["born_on"])
    episodes = [episode for episode in one.episodes if _is_of(episode, starts_on, ends_on)]
    leaver = _leaver_row(one, year, today, lists)
    filed = [row for row in one.filed_rows if episodes]
    if not (episodes or leaver or filed):
        return False
    _write_header(one, year, lists, episodes)
    for episode in episodes:
        lists.add("Episodes", child, *_episode(episode, ends_on))
        lists.lacks("Episodes", child, _codes_of_other_years(episode, year))
    if leaver:
        lists.add("OC3", *leaver)
    if episodes:
        for spell in (spell for spell in one.missing if _is_of(spell, starts_on, ends_on)):
            lists.add("Missing", child, born_on, spell["kind"], show_day(spell["started_on"]), _ended(spell, ends_on))
        for review in (review for review in one.reviews if starts_on <= review["held_on"] <= ends_on):
            lists.add("Reviews", child, born_on, show_day(review["held_on"]), review["participation"])
        if _was_uasc(one.person, starts_on, ends_on):
            until = one.person["uasc_until"] or anniversary_in_903(one.person["born_on"], 18)
            lists.add("UASC", child, _sex(one.person, year), born_on, show_day(until))
    of_kind = {kind.name: kind for kind in kinds}
    for row in filed:
        lists.add(row["file"], child, *_kept(of_kind[row["file"]], row["cells"]))
    return True


def _is_of(spell: Record, starts_on: date, ends_on: date) -> bool:
    return spell["started_on"] <= ends_on and (spell["ended_on"] is None or spell["ended_on"] >= starts_on)


def _ended(spell: Record, ends_on: date) -> str:
    """The day it ended; nothing where it was still going on at the end of the year."""
    return show_day(spell["ended_on"]) if (spell["ended_on"] or date.max) <= ends_on else ""


def _episode(episode: Record, ends_on: date) -> Iterator[str]:
    yield show_day(episode["started_on"])
    yield from (episode[name] or "" for name in ("reason_new", "legal_status", "category_of_need", "place"))
    yield episode["place_provider"] or ""
    ended_on = _ended(episode, ends_on)
    yield ended_on
    yield from ((episode[name] or "") if ended_on else "" for name in ("reason_ended", "reason_place_change"))
    yield from (episode[name] or "" for name in ("home_post", "pl_post", "urn"))


def _codes_of_other_years(episode: Record, year: int) -> tuple[Missing, ...]:
    """What the return of the year does not take as it is recorded: a person has to say what it is now."""
    lists = {"LS": "legal_status", "CIN": "category_of_need", "PLACE": "place", "PLACE_PROVIDER": "place_provider"}
    return tuple(
        Missing(name, f"{code} is no code of {year - 1}/{year % 100:02}.", codes.code_list(name, year).source)
        for name, code in ((name, episode[column]) for name, column in lists.items())
        if code is not None and not codes.is_valid(name, code, year)
    )


def _write_header(one: Facts, year: int, lists: Lists, episodes: Sequence[Record]) -> None:
    person = one.person
    is_mother, child_born_on = _motherhood(person, cared_for_until(episodes, year)) if episodes else ("", "")
    cells = (_sex(person, year), show_day(person["born_on"]), person["ethnic"] or "", person["upn"] or "")
    lists.add("Header", person["child_id_la"], *cells, is_mother, child_born_on)
    needed = {"SEX": cells[0], "ETHNIC": cells[2]}
    if episodes:
        needed |= {"UPN": cells[3]} | ({"MOTHER": is_mother} if person["sex"] == "F" else {})
    source = str(document()["source"])
    lacking = tuple(Missing(name, f"{name} is not recorded.", source) for name, said in needed.items() if not said)
    lists.lacks("Header", person["child_id_la"], lacking)


def _sex(person: Record, year: int) -> str:
    if year > 2024:
        return person["sex"] or ""
    before: dict[str, str] = {new: old for old, new in document()["sex_before_2024_25"].items() if old != "source"}
    return before.get(person["sex"], "")


def _motherhood(person: Record, until: date) -> tuple[str, str]:
    """Whether she had a child while she was looked after, and its birthday; a child born later is not asked about."""
    if person["sex"] != "F" or person["is_mother"] is None:
        return "", ""
    if not person["is_mother"] or (person["first_child_born_on"] or date.min) > until:
        return "0", ""
    return "1", show_day(person["first_child_born_on"])


def _was_uasc(person: Record, starts_on: date, ends_on: date) -> bool:
    since, until = person["uasc_from"], person["uasc_until"]
    return since is not None and since <= ends_on and (until is None or until >= starts_on)


def _kept(kind: Kind, cells: Mapping[str, str | None]) -> Iterator[str]:
    for name in kind.columns[1:]:
        said = cells.get(name)
        is_day = said is not None and kind.cells[name].is_date
        yield show_day(date.fromisoformat(said)) if is_day and said else said or ""


def _leaver_row(one: Facts, year: int, today: date, lists: Lists) -> tuple[str, ...] | None:
    """The row of OC3: as it was recorded for the birthday, or else from the records; None where there is none."""
    child = one.person["child_id_la"]
    birthday = leaver_birthday(one.person["born_on"], year)
    if birthday is None:
        return None
    recorded = of_birthday(one.in_touch, birthday)
    result = oc3_row(leaver_facts(one, birthday), year, today)
    source = codes.code_list("IN_TOUCH", year).source
    if result.status == "not_in_cohort":
        if recorded or (one.knows_no_care and of_extract(one)):
            what = (
                f"{'Recorded for the birthday' if recorded else 'A care leaver elsewhere'}, and not filed: {result.why}"
            )
            lists.lacks("OC3", child, (Missing("CHILD", what, source),))
        return None
    if recorded and recorded["activity"] is not None:
        row = {"IN_TOUCH": recorded["status"], "ACTIV": recorded["activity"], "ACCOM": recorded["accommodation"]}
        wrong = [name for name, code in row.items() if not codes.is_valid(name, code, year)]
        what = "The recorded code is not one of the year."
        lists.lacks("OC3", child, tuple(Missing(name, what, source) for name in wrong))
        return None if wrong else (child, show_day(one.person["born_on"]), *row.values())
    lists.lacks("OC3", child, result.missing)
    if result.row is None:
        return None
    return (child, result.row.dob, result.row.in_touch, result.row.activ, result.row.accom)


def _write_inspected(one: Facts, more: Record, on: date, lists: Lists) -> bool:
    child = one.person["child_id_la"]
    result = inspection_row(inspected_facts(one), inspection_facts(one, more), on)
    if result is None:
        if one.knows_no_care and (said := of_extract(one)):
            what = f"The case system says “{said}”; without episodes of care here, the category cannot be told."
            lists.lacks(LIST_9, child, (Missing("Eligibility Category", what, str(document()["source"])),))
        return False
    lists.add(LIST_9, *result.row.values())
    lists.lacks(LIST_9, child, result.missing)
    return True
