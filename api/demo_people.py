"""Made-up young people of any number, with the lives in care that the SSDA903 return asks about.

The same seed and day give the same people, and a smaller number the first of a larger. Names are plainly fictional;
postcodes are those of public buildings; there are no phones.
"""

import tomllib
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from api.duties.codes import collection_year, first_day, last_day
from api.duties.dates import age_on, anniversary_in_903

YEARS_FILED = 3


def _spread() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


SPREAD = _spread()
FIRST_NAMES = SPREAD["first_names"].split()
LAST_NAMES = SPREAD["last_names"].split()
IN_CITY = SPREAD["in_city"]
ELSEWHERE = SPREAD["elsewhere"]


class DemoEpisode(msgspec.Struct):
    """An episode of care, with the place as it is called from 2024/25 on."""

    started_on: date
    reason_new: str
    legal_status: str
    place: str
    place_provider: str
    pl_post: str
    urn: str
    ended_on: date | None = None
    reason_ended: str = ""
    reason_place_change: str = ""


class DemoChild(msgspec.Struct, kw_only=True):
    """A made-up young person; `uasc_until` is the 18th birthday of whoever came alone to seek asylum."""

    child: str
    sex: str
    born_on: date
    ethnic: str
    upn: str
    need: str
    home_post: str
    full_name: str
    preferred_name: str
    uasc_until: date | None = None
    first_child_born_on: date | None = None
    episodes: list[DemoEpisode] = msgspec.field(default_factory=list)
    missing: list[tuple[str, date, date | None]] = msgspec.field(default_factory=list)
    reviews: list[tuple[date, str]] = msgspec.field(default_factory=list)
    leaver_rows: dict[int, tuple[str, str, str]] = msgspec.field(default_factory=dict)


def last_filed_year(today: date) -> int:
    """The collection year whose return a council has filed by that day: the last one that is over."""
    return collection_year(today) - 1


def children(count: int, *, seed: int, today: date) -> Iterator[DemoChild]:
    """So many made-up young people as they were on the last day of the collection year that ended before `today`."""
    until = last_day(last_filed_year(today))
    for number in range(count):
        yield _child(number, Random(f"{seed}:{number}"), until)


def _pick(rng: Random, weights: dict[str, int]) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]


def _child(number: int, rng: Random, until: date) -> DemoChild:
    age = int(_pick(rng, SPREAD["ages"]))
    born_on = anniversary_in_903(until, -age) - timedelta(days=rng.randrange(365))
    is_uasc = rng.random() < (0.24 if age >= 16 else 0.05)
    preferred_name = rng.choice(FIRST_NAMES)
    child = DemoChild(
        child=f"{100_001 + number}",
        sex="M" if rng.random() < (0.9 if is_uasc else 0.54) else "F",
        born_on=born_on,
        ethnic=_pick(rng, SPREAD["ethnicities_uasc"] if is_uasc else SPREAD["ethnicities"]),
        upn="UN3" if is_uasc else _upn(number, rng),
        need="N8" if is_uasc else _pick(rng, SPREAD["needs"]),
        home_post="" if is_uasc else rng.choice(IN_CITY + ELSEWHERE),
        full_name=f"{preferred_name} {rng.choice(LAST_NAMES)}-{number + 1}",
        preferred_name=preferred_name,
    )
    if is_uasc:
        child.uasc_until = anniversary_in_903(born_on, 18)
    _give_care(child, rng, until)
    _give_days_missing(child, rng, until)
    _give_reviews(child, rng, until)
    _give_leaver_rows(child, rng, until)
    if child.sex == "F" and age >= 17 and rng.random() < 0.07:
        child.first_child_born_on = anniversary_in_903(born_on, 16) + timedelta(days=rng.randrange(200))
    return child


def _upn(number: int, rng: Random) -> str:
    digits = f"{892:03}{rng.randrange(2000, 2100):04}{number % 100_000:05}"
    weighted = sum(int(digit) * place for place, digit in enumerate(digits, 2))
    return "ABCDEFGHJKLMNPQRTUVWXYZ"[weighted % 23] + digits


def _give_care(child: DemoChild, rng: Random, until: date) -> None:
    """From coming into care to leaving it, or to the last day, in episodes that join."""
    started_on, ended_on, reason_ended = _care(child, rng, until)
    legal_status = "V2" if child.uasc_until else rng.choices(["C2", "C1", "V2"], [45, 25, 30])[0]
    episode = _episode(child, rng, started_on, "S", legal_status, None)
    child.episodes.append(episode)
    while (moved_on := episode.started_on + timedelta(days=25 + int(rng.expovariate(1 / 520)))) < min(ended_on, until):
        if ended_on - moved_on < timedelta(days=25):
            break
        following = _following(child, rng, episode, moved_on)
        episode.ended_on, episode.reason_ended = moved_on, "X1"
        if following.reason_new in "PTBU":
            episode.reason_place_change = _pick(rng, SPREAD["why_moved"])
        child.episodes.append(following)
        episode = following
    if ended_on <= until:
        if reason_ended == "E17" and not episode.place.startswith("U"):
            reason_ended = "E5"
        episode.ended_on, episode.reason_ended = ended_on, reason_ended


def _care(child: DemoChild, rng: Random, until: date) -> tuple[date, date, str]:
    """When care begins and when and why it would end."""
    days_old = (until - child.born_on).days
    eighteenth = anniversary_in_903(child.born_on, 18)
    if child.uasc_until:
        started_on = child.born_on + timedelta(days=min(rng.randrange(5480, 6400), days_old - 20))
        return started_on, eighteenth, _pick(rng, {"E5": 60, "E6": 20, "E17": 20})
    if days_old > 6300 and rng.random() < 0.05:
        started_on = child.born_on + timedelta(days=rng.randrange(5900, 6150))
        return started_on, started_on + timedelta(days=rng.randrange(20, 85)), "E4A"
    latest_years = min(days_old - 60, 5900) / 365.25
    started_on = child.born_on + timedelta(days=int(rng.triangular(3, latest_years, latest_years - 2) * 365.25))
    if days_old > 6000 and rng.random() < 0.24:
        ended_on = child.born_on + timedelta(days=rng.randrange(5990, 6560))
        if (ended_on - started_on).days > 30:
            return started_on, ended_on, _pick(rng, SPREAD["left_early"])
    return started_on, eighteenth, _pick(rng, SPREAD["left_at_18"])


def _episode(
    child: DemoChild, rng: Random, started_on: date, reason_new: str, legal_status: str, not_at: str | None
) -> DemoEpisode:
    age = age_on(child.born_on, started_on)
    weights = (
        SPREAD["places_uasc"]
        if child.uasc_until
        else SPREAD["places_under_16"]
        if age < 16
        else SPREAD["places_from_16"]
    )
    no_parents = legal_status not in {"C1", "C2"}
    no_17 = {"P1"} if no_parents else set()
    place = _pick(rng, {p: w for p, w in weights.items() if p not in no_17 and (age >= 16 or p != "K3")})
    if place == "P1":
        return DemoEpisode(started_on, reason_new, legal_status, place, "PR0", child.home_post, "")
    provider = _pick(rng, SPREAD["providers"].get(place, SPREAD["providers"]["U"]))
    far = 0 if provider == "PR1" else 0.3
    posts = [p for p in (ELSEWHERE if rng.random() < far else IN_CITY) if p not in {child.home_post, not_at}]
    post = "" if child.uasc_until else rng.choice(posts)
    if child.uasc_until:
        post = rng.choice([p for p in IN_CITY if p != not_at])
    return DemoEpisode(started_on, reason_new, legal_status, place, provider, post, _urn(place, provider, rng))


def _urn(place: str, provider: str, rng: Random) -> str:
    if place[0] in "PRTZ":
        return ""
    kinds = ["U", "K1", "K2", "K3", "S1"]
    kind = place if place in kinds else "U"
    number = kinds.index(kind) * 100 + int(provider[2]) * 10 + (0 if provider == "PR1" else rng.randrange(8))
    return f"SC{400_000 + number}" if kind in {"U", "K2"} else f"{2_500_000 + number}"


def _following(child: DemoChild, rng: Random, before: DemoEpisode, on: date) -> DemoEpisode:
    """The next episode: another placement, another legal status, both, or another kind of place with the same carer."""
    may_change_status = before.legal_status in {"C1", "V2"} and not child.uasc_until and before.place != "P1"
    chance = rng.random()
    if may_change_status and chance < 0.25:
        return msgspec.structs.replace(
            before, started_on=on, reason_new="L", legal_status="C2", ended_on=None, reason_ended="",
            reason_place_change="",
        )  # fmt: skip
    if before.place == "U6" and chance < 0.4:
        return msgspec.structs.replace(
            before, started_on=on, reason_new="T", place="U4", ended_on=None, reason_ended="", reason_place_change=""
        )
    if may_change_status and chance < 0.5:
        return _episode(child, rng, on, "B", "C2", before.pl_post)
    return _episode(child, rng, on, "P", before.legal_status, before.pl_post)


def _give_days_missing(child: DemoChild, rng: Random, until: date) -> None:
    since = first_day(collection_year(until) - YEARS_FILED + 1)
    for episode in child.episodes:
        ended_on = episode.ended_on or until
        if ended_on <= since or age_on(child.born_on, ended_on) < 12 or rng.random() > 0.25:
            continue
        on = max(episode.started_on, since) + timedelta(days=rng.randrange(1, 20))
        while on + timedelta(days=9) < ended_on:
            found_on = on + timedelta(days=rng.choice([0, 1, 1, 1, 2, 4, 8]))
            child.missing.append((rng.choice("MMMA"), on, found_on))
            on = found_on + timedelta(days=rng.randrange(20, 400))


def _give_reviews(child: DemoChild, rng: Random, until: date) -> None:
    since = first_day(collection_year(until) - YEARS_FILED + 1)
    ended_on = child.episodes[-1].ended_on or until
    on = max(child.episodes[0].started_on + timedelta(days=26), since + timedelta(days=rng.randrange(180)))
    while on < ended_on:
        child.reviews.append((on, _pick(rng, SPREAD["participations"]) if age_on(child.born_on, on) >= 4 else "PN0"))
        on += timedelta(days=rng.randrange(150, 184))


def _days_in_care(child: DemoChild, from_age: int) -> int:
    since = anniversary_in_903(child.born_on, from_age)
    return sum(max(0, (e.ended_on - max(e.started_on, since)).days) for e in child.episodes if e.ended_on)


def _give_leaver_rows(child: DemoChild, rng: Random, until: date) -> None:
    """What was filed around each birthday from 17 to 21 of the years on file, for who had left care by then."""
    last = child.episodes[-1]
    if last.ended_on is None or last.reason_ended in {"E2", "E3"}:
        return
    if _days_in_care(child, 14) < 91 or _days_in_care(child, 16) < 1:
        return
    first_year = collection_year(until) - YEARS_FILED + 1
    for age in range(17, 22):
        birthday = anniversary_in_903(child.born_on, age)
        has_left = last.ended_on < birthday if age < 19 else last.ended_on <= birthday
        year = collection_year(birthday)
        if has_left and first_year <= year <= collection_year(until):
            child.leaver_rows[year] = row = _leaver_row(child, rng, age)
            if row[0] == "DIED":
                return


def _leaver_row(child: DemoChild, rng: Random, age: int) -> tuple[str, str, str]:
    if rng.random() < 0.004:
        return "DIED", "0", "0"
    if child.episodes[-1].reason_ended in {"E4A", "E4B"} and rng.random() < 0.4:
        return "RHOM", "0", "0"
    status = _pick(rng, SPREAD["in_touch"])
    if status != "YES":
        return status, "0", "0"
    homes = {code: weight for code, weight in SPREAD["homes"].items() if age >= 18 or code[0] not in "TZ"}
    return status, _pick(rng, SPREAD["activities"]), _pick(rng, homes)
