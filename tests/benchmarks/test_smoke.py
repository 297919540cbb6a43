"""The benchmarks run and print every row; how fast anything was is not judged here."""

import os
import re
import signal
import subprocess
import sys

import pytest

from tests.rules.source import ROOT

ROWS = {
    "reply stored": 2,
    "reply with Twilio": 2,
    "Rasa's turn": 2,
    "job enqueued, picked up, ended": 2,
    "backlog worked off": 1,
    "acting_as, same actor as before": 2,
    "acting_as, another actor": 2,
    "asyncpg's pool and set_config": 2,
    "webhook answered": 3,
    "a message screened": 1,
    "1,600 characters screened": 1,
}
FIGURES = r" +\d+(( +(\d+\.\d\d|–)){2} +\d+){2} +(\d+\.\d\d|–) +\d+\.\d\d±\d+\.\d\d$"


@pytest.mark.timeout(240)
def test_benchmarks_when_run_quickly_then_every_row_is_printed_with_its_floor() -> None:
    run = _run_quickly(within_s=200)
    assert run.returncode == 0, run.stdout + run.stderr
    for row, times in ROWS.items():
        assert len(re.findall(f"^  {row}{FIGURES}", run.stdout, re.MULTILINE)) == times, run.stdout
    assert "configured value, 0.15 s" in run.stdout


READS = ("next appointments", "whole plan", "caseload of an adviser (25)", "caseload of a manager (400)")


@pytest.mark.timeout(240)
def test_reads_of_records_when_run_quickly_then_each_is_printed_beside_the_others_for_both_councils() -> None:
    run = _run_quickly(within_s=200, module="tests.benchmarks.records")
    assert run.returncode == 0, run.stdout + run.stderr
    for read in READS:
        figures = rf"^  {re.escape(read)} +(-?[\d.]+ +){{10}}-?[\d.]+$"
        assert len(re.findall(figures, run.stdout, re.MULTILINE)) == 2, run.stdout


def _run_quickly(within_s: float, module: str = "tests.benchmarks") -> subprocess.CompletedProcess[str]:
    """In a process of its own, which stops what it started when this test gives up."""
    environment = {name: value for name, value in os.environ.items() if name != "ANSWER_WINDOW_S"}
    command = [sys.executable, "-m", module, "--quick"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            output, errors = process.communicate(timeout=within_s)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=30)
    return subprocess.CompletedProcess(command, process.returncode, output, errors)
