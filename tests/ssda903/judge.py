"""Judges a folder of SSDA903 files with `csc-validator-be-903`; prints what it found as JSON.

Runs in the judge's own environment (Python 3.11, tests/ssda903/judge.lock), never in the service's:
    judge.py FOLDER --year 2026 --authority E06000018 [--previous FOLDER]
Exit code 0 when it could judge, whatever it found.
"""

import argparse
import contextlib
import importlib
import json
import logging
import sys
from pathlib import Path
from typing import Any


def main() -> int:
    """Judge one folder, with last year's beside it if there is one."""
    parser = argparse.ArgumentParser(description="Judge a folder of SSDA903 files.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--year", type=int, required=True, help="the year in which the collection year ends")
    parser.add_argument("--authority", required=True, help="the local authority's code, E06000018")
    parser.add_argument("--previous", type=Path, help="last year's files")
    asked = parser.parse_args()
    # Rules print; what they print is not part of the verdict.
    with contextlib.redirect_stdout(sys.stderr):
        found = judge(asked.folder, asked.previous, asked.year, asked.authority)
    json.dump(found, sys.stdout)
    return 0


def judge(folder: Path, previous: Path | None, year: int, authority: str) -> dict[str, Any]:
    """The rules that ran, were skipped or crashed, and each row that failed one."""
    logging.disable(logging.CRITICAL)
    ruleset = importlib.import_module(f"lac_validator.rules.lac{year - 1}_{year % 100:02}")
    validator = importlib.import_module("lac_validator.lac_validator").LacValidator(
        metadata={"collectionYear": f"{year}", "localAuthority": authority},
        files=[*_files(folder, "This year"), *(_files(previous, "Prev year") if previous else [])],
        registry=ruleset.registry,
    )
    return {
        "run": sorted(validator.dones),
        "skipped": sorted(validator.skips),
        "crashed": sorted(validator.fails),
        "failures": list(_failures(validator, ruleset.registry)),
    }


def _files(folder: Path, description: str) -> list[dict[str, Any]]:
    return [
        {"name": file.name, "description": description, "file_content": file.read_bytes()}
        for file in sorted(folder.glob("*.csv"))
    ]


def _failures(validator: Any, registry: dict[str, Any]) -> Any:
    for table, rows in sorted(validator.ds_results.items()):
        if table == "metadata":
            continue
        for column in [name for name in rows.columns if name.startswith("ERR_")]:
            rule = registry[column.removeprefix("ERR_")]
            for index, row in rows[rows[column].eq(True)].iterrows():
                known = row[[name for name in rows.columns if not name.startswith(("ERR_", "__"))]].dropna()
                row_in_words = {name: str(value) for name, value in known.items()}
                yield {
                    "rule": rule.code,
                    "message": rule.message,
                    "table": table,
                    "line": int(index) + 2,
                    "row": row_in_words,
                }


if __name__ == "__main__":
    sys.exit(main())
