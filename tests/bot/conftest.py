"""A trained model, a database, an action server and a bot process, shared by the tests."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.model_files import intact_model
from tests.bot import fake_actions
from tests.bot.brain import Brain
from tests.bot.migrated import migrate
from tests.bot.process import ROOT, Bot, Person
from tests.stack.postgres import EmbeddedPostgres


@pytest.fixture(scope="session")
def model() -> Path:
    """The folder with the model that matches the files."""
    subprocess.run([sys.executable, "-m", "bot.train"], cwd=ROOT, check=True)
    return Path(os.environ.get("BOT_MODELS") or ROOT / "bot" / "models")


@pytest.fixture(scope="session")
def brain(model: Path) -> Brain:
    """The model in this process."""
    return Brain(intact_model())


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL of our own with the bot's table."""
    with tempfile.TemporaryDirectory(prefix="fifteenplus-bot-") as folder:
        Path(folder).chmod(0o755)
        with EmbeddedPostgres(Path(folder) / "postgres", durable=False) as server:
            asyncio.run(migrate(server.admin_url))
            yield server


@pytest.fixture(scope="session")
def database_url(postgres: EmbeddedPostgres) -> str:
    """The database as the bot's role sees it."""
    return postgres.url(user="fifteenplus_bot")


@pytest.fixture(scope="session")
def action_server() -> Iterator[fake_actions.FakeActions]:
    server = fake_actions.FakeActions()
    yield server
    server.stop()


@pytest.fixture
def actions(action_server: fake_actions.FakeActions) -> fake_actions.FakeActions:
    """The action server, without memory of other tests."""
    action_server.forget()
    return action_server


@pytest.fixture(scope="session")
def environment(action_server: fake_actions.FakeActions, database_url: str) -> dict[str, str]:
    """What a bot process needs to know."""
    return {
        "BOT_DATABASE_URL": database_url,
        "BOT_ACTIONS_URL": action_server.url,
        "BOT_ACTIONS_SECRET": fake_actions.SECRET,
    }


@pytest.fixture(scope="session")
def running_bot(model: Path, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    """One bot for all tests that do it no harm."""
    bot = Bot(tmp_path_factory.mktemp("bot") / "log", **environment)
    bot.start()
    yield bot
    assert bot.stop() == 0, bot.printed()


@pytest.fixture
def bot(running_bot: Bot, actions: fake_actions.FakeActions) -> Bot:
    return running_bot


@pytest.fixture
def own_bot(model: Path, environment: dict[str, str], tmp_path: Path) -> Iterator[Bot]:
    """A bot of the test's own, to be killed."""
    bot = Bot(tmp_path / "log", **environment)
    bot.start()
    yield bot
    if bot.process and bot.process.poll() is None:
        bot.stop()


@pytest.fixture
def person(bot: Bot) -> Person:
    return Person(bot)
