"""What a return changes of one young person: compared with what is here, and refused where it does not fit.

A file knows nothing after its collection year: what is open in it and ended later here stays ended. An empty cell
takes nothing away. Nothing is ever removed.
"""

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

from api.duties import codes
from api.duties.dates import anniversary_in_903
from api.returns.checks import NAMES, document, return_kinds, show_day
from api.returns.models import Change, Filed, Kind, Record, RefusedRow

UNNAMED = "Child"
FILE_OF = {"episodes": "Episodes", "missing_episodes": "Missing"}


class Here(NamedTuple):
    """What is here of one person: none where nobody with that number is."""

    person: Record | None = None
    care_periods: Sequence[Record] = ()
    episodes: Sequence[Record] = ()
    missing: Sequence[Record] = ()
    reviews: Sequence[Record] = ()
    in_touch: Sequence[Record] = ()
    filed_rows: Sequence[Record] = ()
    extract: Record | None = None


class Refusal(Exception):
    """A row does not fit to what is here or to the other rows."""

    def __init__(self, row: Filed | None, column: str, reason: str, allowed: str = "", *, file: str = "") -> None:
        super().__init__(reason)
        self.refused = RefusedRow(
            file=row.kind if row else file,
            line=row.line if row else 0,
            column=column,
            value=_as_written(row.cells.get(column)) if row else "",
            reason=reason,
            allowed=allowed,
        )


def new_id() -> UUID:
    """A new row's id, in order of time as the database makes them."""
    value = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    return UUID(int=value & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62)


def unnamed(child: str) -> str:
    """What stands for a name until somebody gives one."""
    return f"{UNNAMED} {child}"


def merge(child: str, rows: Sequence[Filed], here: Here, year: int, team_id: UUID | None) -> Change:
    """What the rows of one child change. Raises Refusal for the first that does not fit."""
    kinds = {kind.name: kind for kind in return_kinds(year)}
    filed = {name: [row for row in rows if row.kind == name] for name in kinds}
    for name, of_kind in filed.items():
        _check_once(kinds[name], of_kind)
    born_on = _born_on(rows, filed["Header"], here)
    person_id = here.person["person_id"] if here.person else new_id()
    change = Change(child, person_id)
    episodes = _merge_episodes(change, filed["Episodes"], here, year)
    _merge_person(change, filed, here, year, born_on=born_on, episodes=episodes, team_id=team_id)
    _merge_missing(change, filed["Missing"], here, year)
    _merge_reviews(change, filed["Reviews"], here)
    _merge_in_touch(change, filed["OC3"], here, year, born_on)
    for name, kind in kinds.items():
        if kind.is_kept_as_filed:
            _merge_filed(change, kind, filed[name], here, year)
    return change


def merge_extract(child: str, rows: Sequence[Filed], here: Here) -> Change:
    """What the row of the case system's extract changes. Raises Refusal where nobody here has that number."""
    if here.person is None:
        raise Refusal(rows[0], "clea_person_id", "nobody with this number is here", "import SSDA903 files first")
    if len(rows) > 1:
        raise Refusal(rows[1], "clea_person_id", f"is a second row of this person, after line {rows[0].line}")
    change = Change(child, here.person["person_id"])
    cells = rows[0].cells
    said = {
        "table_ref": cells["clea_table_id"],
        "eligibility": cells["clea_care_leaver_eligibility"],
        "in_touch": cells["clea_care_leaver_in_touch"],
        "last_contact_on": _day(cells["clea_care_leaver_latest_contact"]),
        "accommodation": cells["clea_care_leaver_accommodation"],
        "suitability": cells["clea_care_leaver_accom_suitable"],
        "activity": cells["clea_care_leaver_activity"],
        "plan_reviewed_on": _day(cells["clea_pathway_plan_review_date"]),
        "personal_adviser": cells["clea_care_leaver_personal_advisor"],
        "allocated_team": cells["clea_care_leaver_allocated_team"],
        "worker_ref": cells["clea_care_leaver_worker_id"],
    }
    _put(change, "care_leaver_extracts", "care_leaver_extract_id", here.extract, said)
    return change


def _check_once(kind: Kind, rows: Sequence[Filed]) -> None:
    seen: dict[tuple[str | None, ...], int] = {}
    for row in rows:
        key = tuple(row.cells[column] for column in kind.key)
        if key in seen:
            what = f"is a second row of this child{' for the same day' if kind.key else ''}, after line {seen[key]}"
            raise Refusal(row, kind.key[0] if kind.key else "CHILD", what, "one row")
        seen[key] = row.line


def _born_on(rows: Sequence[Filed], headers: Sequence[Filed], here: Here) -> date:
    """The one date of birth of all rows. A child's number with another birthday may be another child's."""
    known = here.person["born_on"] if here.person else None
    if known is None:
        if not headers:
            raise Refusal(rows[0], "CHILD", "has no Header row, and nobody with this number is here", "a Header row")
        known = _day(headers[0].cells["DOB"])
    assert known is not None
    for row in rows:
        if "DOB" in row.cells and _day(row.cells["DOB"]) != known:
            where = "kept here" if here.person else "of the Header"
            raise Refusal(row, "DOB", f"is not the date of birth {where}", show_day(known))
    for row in rows:
        if row.kind == "UASC" and headers and row.cells["SEX"] != headers[0].cells["SEX"]:
            raise Refusal(row, "SEX", "is not the one of the Header", str(headers[0].cells["SEX"]))
    known_on: date = known
    return known_on


def _merge_person(
    change: Change,
    filed: Mapping[str, Sequence[Filed]],
    here: Here,
    year: int,
    *,
    born_on: date,
    episodes: Sequence[Record],
    team_id: UUID | None,
) -> None:
    said: Record = {}
    if filed["Header"]:
        said |= _header(filed["Header"][0], here, year)
    if filed["UASC"]:
        said |= _uasc(filed["UASC"][0], here, born_on, episodes)
    if here.person is None:
        said |= {"child_id_la": change.child, "born_on": born_on, "team_id": team_id}
        said |= {"full_name": unnamed(change.child), "preferred_name": unnamed(change.child)}
    if filed[NAMES] and (here.person is None or here.person["full_name"] == unnamed(change.child)):
        full_name = filed[NAMES][0].cells["FULL_NAME"] or ""
        said |= {"full_name": full_name}
        said |= {"preferred_name": filed[NAMES][0].cells["PREFERRED_NAME"] or full_name.split()[0]}
    if here.person is None:
        change.added["young_people"] = [{"person_id": change.person_id, **said}]
    elif any(here.person[name] != value for name, value in said.items()):
        change.changed["young_people"] = [here.person | said]


def _header(row: Filed, here: Here, year: int) -> Record:
    cells = row.cells
    sexes = document()["sex_before_2024_25"]
    is_mother = {"1": True, "0": False}.get(cells["MOTHER"] or "")
    said: Record = {
        "sex": sexes.get(cells["SEX"], cells["SEX"]),
        "ethnic": cells["ETHNIC"],
        "upn": cells["UPN"],
        "is_mother": is_mother,
        "first_child_born_on": _day(cells["MC_DOB"]),
    }
    if is_mother is False and here.person and here.person["is_mother"]:
        if (here.person["first_child_born_on"] or date.max) <= codes.last_day(year):
            raise Refusal(row, "MOTHER", "is 0, and she is recorded here as a mother", "1")
        del said["is_mother"]
    return {name: value for name, value in said.items() if value is not None}


def _uasc(row: Filed, here: Here, born_on: date, episodes: Sequence[Record]) -> Record:
    until = _day(row.cells["DUC"])
    if until is not None and until > anniversary_in_903(born_on, 18):
        allowed = f"up to {show_day(anniversary_in_903(born_on, 18))}"
        raise Refusal(row, "DUC", "is after the 18th birthday", allowed)
    since = here.person["uasc_from"] if here.person else None
    since = since or min((episode["started_on"] for episode in episodes), default=None)
    if since is None:
        raise Refusal(row, "CHILD", "has no episode of care, so since when is not known", "an Episodes row")
    if until is not None and until <= since:
        raise Refusal(row, "DUC", "is not after the day care began", f"after {show_day(since)}")
    said = {"uasc_from": since, "uasc_until": until}
    return {name: value for name, value in said.items() if value is not None}


def _merge_episodes(change: Change, rows: Sequence[Filed], here: Here, year: int) -> list[Record]:
    """The episodes as they will be; what is new or other is put into the change, with the periods of care."""
    if not rows:
        return list(here.episodes)
    known = {episode["started_on"]: episode for episode in here.episodes}
    lines = {_day(row.cells["DECOM"]): row for row in rows}
    merged = known | {on: _episode(row, known.get(on), year) for on, row in lines.items() if on is not None}
    episodes = [merged[on] for on in sorted(merged)]
    _check_apart(episodes, "DECOM", lines.get, file="Episodes")
    periods = _periods(change, episodes, here)
    for episode, period_id in zip(episodes, periods, strict=True):
        before = known.get(episode["started_on"])
        said = {name: value for name, value in episode.items() if name not in {"episode_id", "person_id"}}
        _put(change, "episodes", "episode_id", before, said | {"care_period_id": period_id})
    return episodes


def _episode(row: Filed, before: Record | None, year: int) -> Record:
    cells = row.cells
    said: Record = {
        "started_on": _day(cells["DECOM"]),
        "reason_new": cells["RNE"],
        "legal_status": cells["LS"],
        "category_of_need": cells["CIN"],
        "place": cells["PLACE"],
        "place_provider": cells["PLACE_PROVIDER"],
        "ended_on": _day(cells["DEC"]),
        "reason_ended": cells["REC"],
        "reason_place_change": cells["REASON_PLACE_CHANGE"],
        "home_post": cells["HOME_POST"],
        "pl_post": cells["PL_POST"],
        "urn": cells["URN"],
    }
    if before is None:
        return said
    for optional in ("place_provider", "home_post", "pl_post", "urn"):
        said[optional] = said[optional] or before[optional]
    if before["place"] in document()["carried_over"].get(said["place"], ()):
        said["place"] = before["place"]
    return before | said | _end(said, before, year, ("ended_on", "reason_ended", "reason_place_change"))


def _end(said: Record, before: Record, year: int, columns: tuple[str, ...]) -> Record:
    """How it ended: as the file says, unless it is open there and ended here after the file's year."""
    ended_later = said["ended_on"] is None and (before["ended_on"] or date.min) > codes.last_day(year)
    return {column: (before if ended_later else said)[column] for column in columns}


def _check_apart(
    spells: Sequence[Record], column: str, row_of: Callable[[date], Filed | None], *, file: str
) -> None:
    for earlier, later in pairwise(spells):
        if earlier["ended_on"] is None or earlier["ended_on"] > later["started_on"]:
            until = show_day(earlier["ended_on"]) or "today"
            row = row_of(later["started_on"]) or row_of(earlier["started_on"])
            reason = f"overlaps: one from {show_day(earlier['started_on'])} to {until}, and one from " + show_day(
                later["started_on"]
            )
            raise Refusal(row, column, reason, "the earlier ended by the day the later begins", file=file)


def _periods(change: Change, episodes: Sequence[Record], here: Here) -> list[UUID]:
    """The period of care of each episode: without a break from its start to the day that care ended."""
    known = {period["care_period_id"]: period for period in here.care_periods}
    taken: set[UUID] = set()
    ids: list[UUID] = []
    for chain in _chains(episodes):
        said = {
            "started_on": chain[0]["started_on"],
            "ended_on": chain[-1]["ended_on"],
            "is_short_break": all(codes.is_in("short_break", episode["legal_status"]) for episode in chain),
        }
        before = known.get(_period_of(chain, here.care_periods, taken) or UUID(int=0))
        period_id = _put(change, "care_periods", "care_period_id", before, said)
        taken.add(period_id)
        ids += [period_id] * len(chain)
    return ids


def _chains(episodes: Sequence[Record]) -> Iterator[list[Record]]:
    chain: list[Record] = []
    for episode in episodes:
        if chain and (chain[-1]["ended_on"] != episode["started_on"] or chain[-1]["reason_ended"] != "X1"):
            yield chain
            chain = []
        chain.append(episode)
    if chain:
        yield chain


def _period_of(chain: Sequence[Record], periods: Iterable[Record], taken: set[UUID]) -> UUID | None:
    """The period that is here already for these episodes."""
    own = [episode["care_period_id"] for episode in chain if "care_period_id" in episode]
    begun = [
        period["care_period_id"] for period in periods if period["started_on"] == chain[0]["started_on"]
    ]
    return next((period_id for period_id in own + begun if period_id not in taken), None)


def _merge_missing(change: Change, rows: Sequence[Filed], here: Here, year: int) -> None:
    known = {spell["started_on"]: spell for spell in here.missing}
    lines = {_day(row.cells["MIS_START"]): row for row in rows}
    merged = dict(known)
    for on, row in lines.items():
        said = {"started_on": on, "kind": row.cells["MISSING"], "ended_on": _day(row.cells["MIS_END"])}
        before = known.get(on)
        merged[on] = said if before is None else before | said | _end(said, before, year, ("ended_on",))
    _check_apart([merged[on] for on in sorted(merged)], "MIS_START", lines.get, file="Missing")
    for on in lines:
        said = {name: merged[on][name] for name in ("started_on", "kind", "ended_on")}
        _put(change, "missing_episodes", "missing_episode_id", known.get(on), said)


def _merge_reviews(change: Change, rows: Sequence[Filed], here: Here) -> None:
    known = {review["held_on"]: review for review in here.reviews}
    for row in rows:
        said = {"held_on": _day(row.cells["REVIEW"]), "participation": row.cells["REVIEW_CODE"]}
        _put(change, "looked_after_reviews", "looked_after_review_id", known.get(said["held_on"]), said)


def leaver_birthday(born_on: date, year: int) -> date | None:
    """The birthday around which OC3 of a collection year asks; None where it asks nothing of that age."""
    birthdays = (anniversary_in_903(born_on, age) for age in codes.document("oc3")["ages"])
    return next((on for on in birthdays if codes.first_day(year) <= on <= codes.last_day(year)), None)


def of_birthday(records: Iterable[Record], birthday: date) -> Record | None:
    """What was recorded of a birthday; one on 29 February may be noted on the day before or after."""
    day = timedelta(days=1)
    return next((record for record in records if abs(record["birthday_on"] - birthday) <= day), None)


def _merge_in_touch(change: Change, rows: Sequence[Filed], here: Here, year: int, born_on: date) -> None:
    for row in rows:
        birthday = leaver_birthday(born_on, year)
        if birthday is None:
            raise Refusal(row, "DOB", "has no birthday from the 17th to the 21st in the year", "17 to 21")
        before = of_birthday(here.in_touch, birthday)
        said = {
            "birthday_on": before["birthday_on"] if before else birthday,
            "status": row.cells["IN_TOUCH"],
            "activity": row.cells["ACTIV"],
            "accommodation": row.cells["ACCOM"],
        }
        _put(change, "in_touch_records", "in_touch_record_id", before, said)


def _merge_filed(change: Change, kind: Kind, rows: Sequence[Filed], here: Here, year: int) -> None:
    known = {record["row_key"]: record for record in here.filed_rows if record["file"] == kind.name}
    for row in rows:
        row_key = "|".join(row.cells[column] or "" for column in kind.key)
        said = {"collection_year": year, "file": kind.name, "row_key": row_key, "cells": row.cells}
        _put(change, "filed_rows", "filed_row_id", known.get(row_key), said)


def _put(change: Change, table: str, key: str, before: Record | None, said: Record) -> UUID:
    """Adds the row, or changes it where it says something else; returns its id."""
    if before is None:
        row_id = new_id()
        change.added.setdefault(table, []).append({key: row_id, "person_id": change.person_id, **said})
        return row_id
    if any(before[name] != value for name, value in said.items()):
        change.changed.setdefault(table, []).append(before | said)
    known_id: UUID = before[key]
    return known_id


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _as_written(text: str | None) -> str:
    if text is None:
        return ""
    try:
        return show_day(date.fromisoformat(text))
    except ValueError:
        return text


