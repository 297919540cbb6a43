"""Stands in for the packages in left_out.txt while Rasa is imported, and for nothing after that.

Rasa imports TensorFlow and a dozen chat vendors at the top of files whose other contents we need. While
`importing()` is open such an import gives a stand-in that can be subclassed and used in annotations; afterwards
any use of it raises.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

LEFT_OUT_MODULES = frozenset(
    {
        "aio_pika",
        "aiogram",
        "aiormq",
        "apscheduler",
        "boto3",
        "botocore",
        "cachecontrol",
        "colorclass",
        "coloredlogs",
        "confluent_kafka",
        "fbmessenger",
        "google",
        "keras",
        "matplotlib",
        "mattermostwrapper",
        "prompt_toolkit",
        "psycopg2",
        "pydot",
        "pymongo",
        "questionary",
        "randomname",
        "rasa_sdk",
        "redis",
        "rocketchat_API",
        "sanic_cors",
        "sanic_jwt",
        "sentry_sdk",
        "sklearn_crfsuite",
        "slack_sdk",
        "socketio",
        "structlog_sentry",
        "tensorflow",
        "tensorflow_hub",
        "tensorflow_text",
        "terminaltables",
        "twilio",
        "webexteamssdk",
    }
)


class LeftOutError(ImportError):
    """Something used a package that this environment leaves out."""


class _StandInType(type):
    """A class whose every attribute is another such class."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        _refuse_when_closed(f"{cls.__module__}.{name}")
        return _stand_in(name, cls.__module__)

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        _refuse_when_closed(cls.__module__)
        return args[0] if args and callable(args[0]) else _stand_in(cls.__name__, cls.__module__)


class _Loader(Loader):
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = ModuleType(spec.name)
        module.__path__ = []
        module.__getattr__ = lambda name: _module_attribute(spec.name, name)  # type: ignore[method-assign]
        return module

    def exec_module(self, module: ModuleType) -> None:
        return None


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] not in LEFT_OUT_MODULES:
            return None
        return ModuleSpec(fullname, _Loader(), is_package=True)


_open = False


def _refuse_when_closed(what: str) -> None:
    if not _open:
        raise LeftOutError(f"{what} was used, but bot/left_out.txt leaves that package out")


def _stand_in(name: str, module: str) -> _StandInType:
    return _StandInType(name, (), {"__module__": module})


def _module_attribute(module: str, name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    _refuse_when_closed(f"{module}.{name}")
    return _stand_in(name, module)


@contextmanager
def importing() -> Iterator[None]:
    """Let imports of left-out packages succeed inside the block, and fail again after it."""
    global _open  # noqa: PLW0603
    finder = _Finder()
    _allow_imports()
    sys.meta_path.insert(0, finder)
    _open = True
    try:
        yield
    finally:
        _open = False
        sys.meta_path.remove(finder)
        _refuse_imports()


def _refuse_imports() -> None:
    for name in _left_out_in_use():
        sys.modules[name] = None  # type: ignore[assignment]


def _allow_imports() -> None:
    for name in _left_out_in_use():
        del sys.modules[name]


def _left_out_in_use() -> list[str]:
    return [name for name in sys.modules if name.partition(".")[0] in LEFT_OUT_MODULES]
