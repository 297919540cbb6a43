"""The SSDA903 files of a council that looked after made-up young people, and the command that loads them."""

import argparse
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from random import Random

from api.demo_people import LAST_NAMES, YEARS_FILED, DemoChild, DemoEpisode, children, last_filed_year
from api.duties.codes import columns, first_day, last_day
from api.duties.dates import age_on
from api.kit import clock
from api.kit.db import connect
from api.returns.commands import Reach, run_import
from api.returns.files import Writer, written
from api.returns.service import NotAllowed, prepare_for_made_up

FILES = ("Header", "Episodes", "Missing", "Reviews", "UASC", "OC3", "OC2", "PrevPerm", "SWEpisodes")
NAMES = ("CHILD", "FULL_NAME", "PREFERRED_NAME")
DEMO_TEAM = "15+ team"


def write(folder: Path, people: Iterator[DemoChild], *, today: date) -> list[int]:
    """Writes a folder for each collection year as a council would have filed it, and the names; returns the years.

    The first year's episodes go back to the beginning, so that everybody's history is whole.
    """
    last = last_filed_year(today)
    years = list(range(last - YEARS_FILED + 1, last + 1))
    with ExitStack() as files:
        writers = {}
        for year in years:
            (folder / str(year)).mkdir(parents=True, exist_ok=True)
            for file in (*FILES, "Names"):
                path = folder / str(year) / f"{file.lower()}.csv"
                of_file = NAMES if file == "Names" else columns(file, year)
                writers[year, file] = files.enter_context(written(path, of_file))
        for child in people:
            for year in years:
                _write_year(
                    child, year, {file: writers[year, file] for file in (*FILES, "Names")}, is_first=year == years[0]
                )
    return years


def _day(on: date | None) -> str:
    return "" if on is None else f"{on:%d/%m/%Y}"


def _write_year(child: DemoChild, year: int, files: dict[str, Writer], *, is_first: bool) -> None:
    starts_on, ends_on = first_day(year), last_day(year)
    episodes = [
        episode
        for episode in child.episodes
        if episode.started_on <= ends_on and (is_first or episode.ended_on is None or episode.ended_on >= starts_on)
    ]
    leaver = child.leaver_rows.get(year)
    if not episodes and not leaver:
        return
    files["Names"].writerow((child.child, child.full_name, child.preferred_name))
    born_on = _day(child.born_on)
    is_mother, child_born_on = ("", "")
    if episodes:
        is_mother, child_born_on = _motherhood(child, min(episodes[-1].ended_on or ends_on, ends_on))
    files["Header"].writerow(
        (child.child, _sex(child, year), born_on, child.ethnic, child.upn, is_mother, child_born_on)
    )
    for episode in episodes:
        files["Episodes"].writerow(_episode_row(child, episode, year))
    for kind, started_on, ended_on in child.missing:
        if started_on <= ends_on and (ended_on is None or ended_on >= starts_on) and episodes:
            is_open = ended_on is None or ended_on > ends_on
            files["Missing"].writerow((child.child, born_on, kind, _day(started_on), "" if is_open else _day(ended_on)))
    for held_on, participation in child.reviews:
        if starts_on <= held_on <= ends_on:
            files["Reviews"].writerow((child.child, born_on, _day(held_on), participation))
    if child.uasc_until and episodes:
        files["UASC"].writerow((child.child, _sex(child, year), born_on, _day(child.uasc_until)))
    _write_kept(child, episodes, year, files)
    if leaver:
        files["OC3"].writerow((child.child, born_on, *leaver))


def _write_kept(child: DemoChild, episodes: Sequence[DemoEpisode], year: int, files: dict[str, Writer]) -> None:
    """What the team only keeps for the return: health, what came before care, the social worker."""
    if not episodes:
        return
    starts_on, ends_on = first_day(year), last_day(year)
    born_on, begun_on, left_on = _day(child.born_on), child.episodes[0].started_on, child.episodes[-1].ended_on
    rng = Random(f"{child.child}:{year}")
    if begun_on >= starts_on:
        files["PrevPerm"].writerow((child.child, born_on, "Z1", "", ""))
    if begun_on <= starts_on and (left_on is None or left_on >= ends_on):
        is_school_age = age_on(child.born_on, starts_on - timedelta(days=1)) < 17
        score = str(rng.randrange(31)) if is_school_age else ""
        misuse, convicted = rng.random() < 0.05, rng.random() < 0.04
        checks = ("1" if rng.random() < 0.85 else "0" for _ in range(3))
        files["OC2"].writerow(
            (child.child, born_on, score, "", int(convicted), "", *checks, int(misuse), "1" if misuse else "", "")
        )
    worker = f"SW{4000 + int(child.child) % 150}"
    files["SWEpisodes"].writerow((child.child, born_on, worker, _day(begun_on), "", "FCONTA"))


def _sex(child: DemoChild, year: int) -> str:
    return child.sex if year > 2024 else {"M": "1", "F": "2"}[child.sex]


def _motherhood(child: DemoChild, on: date) -> tuple[str, str]:
    if child.sex != "F":
        return "", ""
    if child.first_child_born_on is None or child.first_child_born_on > on:
        return "0", ""
    return "1", _day(child.first_child_born_on)


def _episode_row(child: DemoChild, episode: DemoEpisode, year: int) -> Sequence[str]:
    is_open = episode.ended_on is None or episode.ended_on > last_day(year)
    place = "H5" if episode.place == "K3" and year <= 2024 else episode.place
    urn = "" if place == "H5" else episode.urn
    return (
        child.child, _day(episode.started_on), episode.reason_new, episode.legal_status, child.need, place,
        episode.place_provider, *(("", "", "") if is_open else
            (_day(episode.ended_on), episode.reason_ended, episode.reason_place_change)),
        child.home_post, episode.pl_post, urn,
    )  # fmt: skip


async def run_demo(words: Sequence[str], reach: Reach, say: Callable[[str], None]) -> int:
    """Makes so many people up, and imports the files made for them into a database that holds nobody real."""
    parser = argparse.ArgumentParser(prog="python -m api demo", description="Made-up young people.")
    parser.add_argument("--people", type=int, required=True, help="how many")
    parser.add_argument("--seed", type=int, default=15, help="another number makes others")
    parser.add_argument("--files", type=Path, help="only write the files into this folder, a folder a year")
    asked = parser.parse_args(words)
    today = clock.london_day(clock.now())
    people = children(asked.people, seed=asked.seed, today=today)
    if asked.files:
        say(f"Written: {', '.join(str(asked.files / str(year)) for year in write(asked.files, people, today=today))}")
        return 0
    given = reach()
    connection = await connect(given.url)
    try:
        await prepare_for_made_up(connection, LAST_NAMES, DEMO_TEAM)
    except NotAllowed as error:
        say(str(error))
        return 1
    finally:
        await connection.close()
    with tempfile.TemporaryDirectory(prefix="fifteenplus-demo-") as folder:
        write(Path(folder), people, today=today)
        return await run_import(["ssda903", folder, "--team", DEMO_TEAM, "--by", "demo"], lambda: given, say)
