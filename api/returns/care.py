"""What a return changes of somebody's care: episodes, the periods they make, and days missing.

A file knows nothing after its collection year: what is open in it and ended later here stays ended. An empty cell
takes nothing away. Nothing is ever removed.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from itertools import pairwise
from uuid import UUID

from api.duties import codes
from api.returns.changes import Here, Refusal, day, put
from api.returns.checks import document, show_day
from api.returns.models import Change, Filed, Record


def merge_episodes(change: Change, rows: Sequence[Filed], here: Here, year: int) -> list[Record]:
    """The episodes as they will be; what is new or other is put into the change, with the periods of care.

    Raises Refusal for episodes that overlap.
    """
    if not rows:
        return list(here.episodes)
    known = {episode["started_on"]: episode for episode in here.episodes}
    lines = {day(row.cells["DECOM"]): row for row in rows}
    merged = known | {on: _episode(row, known.get(on), year) for on, row in lines.items() if on is not None}
    episodes = [merged[on] for on in sorted(merged)]
    _check_apart(episodes, "DECOM", lines.get, file="Episodes")
    periods = _periods(change, episodes, here)
    for episode, period_id in zip(episodes, periods, strict=True):
        before = known.get(episode["started_on"])
        said = {name: value for name, value in episode.items() if name not in {"episode_id", "person_id"}}
        put(change, "episodes", "episode_id", before, said | {"care_period_id": period_id})
    return episodes


def _episode(row: Filed, before: Record | None, year: int) -> Record:
    cells = row.cells
    said: Record = {
        "started_on": day(cells["DECOM"]),
        "reason_new": cells["RNE"],
        "legal_status": cells["LS"],
        "category_of_need": cells["CIN"],
        "place": cells["PLACE"],
        "place_provider": cells["PLACE_PROVIDER"],
        "ended_on": day(cells["DEC"]),
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


def _check_apart(spells: Sequence[Record], column: str, row_of: Callable[[date], Filed | None], *, file: str) -> None:
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
        period_id = put(change, "care_periods", "care_period_id", before, said)
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
    begun = [period["care_period_id"] for period in periods if period["started_on"] == chain[0]["started_on"]]
    return next((period_id for period_id in own + begun if period_id not in taken), None)


def merge_missing(change: Change, rows: Sequence[Filed], here: Here, year: int) -> None:
    """Puts when somebody was missing into the change. Raises Refusal for times that overlap."""
    known = {spell["started_on"]: spell for spell in here.missing}
    lines = {day(row.cells["MIS_START"]): row for row in rows}
    merged = dict(known)
    for on, row in lines.items():
        said = {"started_on": on, "kind": row.cells["MISSING"], "ended_on": day(row.cells["MIS_END"])}
        before = known.get(on)
        merged[on] = said if before is None else before | said | _end(said, before, year, ("ended_on",))
    _check_apart([merged[on] for on in sorted(merged)], "MIS_START", lines.get, file="Missing")
    for on in lines:
        said = {name: merged[on][name] for name in ("started_on", "kind", "ended_on")}
        put(change, "missing_episodes", "missing_episode_id", known.get(on), said)
