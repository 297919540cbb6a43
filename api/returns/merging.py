"""What a return changes of one young person: compared with what is here, and refused where it does not fit."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID

from api.duties import codes
from api.duties.dates import age_on, anniversary_in_903
from api.kit.ids import new_id
from api.returns.care import merge_episodes, merge_missing
from api.returns.changes import Here, Refusal, day, put
from api.returns.checks import NAMES, document, return_kinds, show_day
from api.returns.models import Change, Filed, Kind, Record

UNNAMED = "Child"


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
    episodes = merge_episodes(change, filed["Episodes"], here, year)
    _merge_person(change, filed, here, year, born_on=born_on, episodes=episodes, team_id=team_id)
    merge_missing(change, filed["Missing"], here, year)
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
        "last_contact_on": day(cells["clea_care_leaver_latest_contact"]),
        "accommodation": cells["clea_care_leaver_accommodation"],
        "suitability": cells["clea_care_leaver_accom_suitable"],
        "activity": cells["clea_care_leaver_activity"],
        "plan_reviewed_on": day(cells["clea_pathway_plan_review_date"]),
        "personal_adviser": cells["clea_care_leaver_personal_advisor"],
        "allocated_team": cells["clea_care_leaver_allocated_team"],
        "worker_ref": cells["clea_care_leaver_worker_id"],
    }
    put(change, "care_leaver_extracts", "care_leaver_extract_id", here.extract, said)
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
    if not here.person and not headers:
        raise Refusal(rows[0], "CHILD", "has no Header row, and nobody with this number is here", "a Header row")
    known: date = here.person["born_on"] if here.person else date.fromisoformat(headers[0].cells["DOB"] or "")
    for row in rows:
        if "DOB" in row.cells and day(row.cells["DOB"]) != known:
            where = "kept here" if here.person else "of the Header"
            raise Refusal(row, "DOB", f"is not the date of birth {where}", show_day(known))
    for row in rows:
        if row.kind == "UASC" and headers and row.cells["SEX"] != headers[0].cells["SEX"]:
            raise Refusal(row, "SEX", "is not the one of the Header", str(headers[0].cells["SEX"]))
    return known


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
        said |= _header(filed["Header"][0], here, cared_for_until(episodes, year))
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


def cared_for_until(episodes: Sequence[Record], year: int) -> date:
    """Until when the return of a year looks at somebody: the day that care ended, or the last day of the year."""
    ended_on = episodes[-1]["ended_on"] if episodes else None
    return min(ended_on or date.max, codes.last_day(year))


def _header(row: Filed, here: Here, until: date) -> Record:
    cells = row.cells
    sexes = document()["sex_before_2024_25"]
    is_mother = {"1": True, "0": False}.get(cells["MOTHER"] or "")
    said: Record = {
        "sex": sexes.get(cells["SEX"], cells["SEX"]),
        "ethnic": cells["ETHNIC"],
        "upn": cells["UPN"],
        "is_mother": is_mother,
        "first_child_born_on": day(cells["MC_DOB"]),
    }
    if is_mother is False and here.person and here.person["is_mother"]:
        if (here.person["first_child_born_on"] or date.max) <= until:
            raise Refusal(row, "MOTHER", "is 0, and she is recorded here as a mother", "1")
        del said["is_mother"]
    return {name: value for name, value in said.items() if value is not None}


def _uasc(row: Filed, here: Here, born_on: date, episodes: Sequence[Record]) -> Record:
    until = day(row.cells["DUC"])
    if until is not None and until > anniversary_in_903(born_on, 18):
        allowed = f"up to {show_day(anniversary_in_903(born_on, 18))}"
        raise Refusal(row, "DUC", "is after the 18th birthday", allowed)
    since = here.person["uasc_from"] if here.person else None
    starts = [episode["started_on"] for episode in episodes]
    if since is None or since in starts:
        # The return does not say since when: whoever came alone is looked after from the day they are found.
        since = min(starts, default=None)
    if since is None:
        raise Refusal(row, "CHILD", "has no episode of care, so since when is not known", "an Episodes row")
    if until is not None and until <= since:
        raise Refusal(row, "DUC", "is not after the day care began", f"after {show_day(since)}")
    said = {"uasc_from": since, "uasc_until": until}
    return {name: value for name, value in said.items() if value is not None}


def _merge_reviews(change: Change, rows: Sequence[Filed], here: Here) -> None:
    known = {review["held_on"]: review for review in here.reviews}
    for row in rows:
        said = {"held_on": day(row.cells["REVIEW"]), "participation": row.cells["REVIEW_CODE"]}
        put(change, "looked_after_reviews", "looked_after_review_id", known.get(said["held_on"]), said)


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
        _check_home(row, age_on(born_on, birthday))
        before = of_birthday(here.in_touch, birthday)
        said = {
            "birthday_on": before["birthday_on"] if before else birthday,
            "status": row.cells["IN_TOUCH"],
            "activity": row.cells["ACTIV"],
            "accommodation": row.cells["ACCOM"],
        }
        put(change, "in_touch_records", "in_touch_record_id", before, said)


def _check_home(row: Filed, age: int) -> None:
    for limit in codes.document("oc3")["letters_not_at"]:
        if (row.cells["ACCOM"] or "").startswith(limit["letter"]) and age < limit["below_age"]:
            raise Refusal(row, "ACCOM", limit["why"].rstrip(".").lower(), f"from {limit['below_age']} on")


def _merge_filed(change: Change, kind: Kind, rows: Sequence[Filed], here: Here, year: int) -> None:
    known = {record["row_key"]: record for record in here.filed_rows if record["file"] == kind.name}
    for row in rows:
        row_key = "|".join(row.cells[column] or "" for column in kind.key)
        said = {"collection_year": year, "file": kind.name, "row_key": row_key, "cells": row.cells}
        put(change, "filed_rows", "filed_row_id", known.get(row_key), said)
