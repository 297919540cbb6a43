"""Which system user runs PostgreSQL: it refuses to run as root."""

import os
import pwd
import shutil
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.stack.problem import StackProblem

_CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True)
class ServerUser:
    """How to start a program as the server's user: words before the command, and options of Popen."""

    prefix: tuple[str, ...] = ()
    popen_options: dict[str, Any] = field(default_factory=dict)
    owner: pwd.struct_passwd | None = None

    def give(self, folder: Path) -> None:
        """Make the server's user own a folder of ours."""
        if self.owner is not None:
            os.chown(folder, self.owner.pw_uid, self.owner.pw_gid)


def server_user(data_dir: Path, programs_dir: Path) -> ServerUser:
    """Who serves this data folder: its owner or one without rights when we are root, else we ourselves."""
    if os.geteuid() != 0:
        _refuse_another_owner(data_dir)
        return ServerUser()
    owner = _owner_for(data_dir)
    unreachable = [p for p in (data_dir.parent, programs_dir) if not _reachable(p.resolve(), owner)]
    if not unreachable:
        options = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        return ServerUser(popen_options=options, owner=owner)
    return ServerUser(prefix=reading_everywhere(owner, unreachable[0]), owner=owner)


def _refuse_another_owner(data_dir: Path) -> None:
    if data_dir.exists() and data_dir.stat().st_uid != os.geteuid():
        raise StackProblem(
            f"The database folder {data_dir} belongs to another user: "
            "choose another data folder with FIFTEENPLUS_DATA, or remove it."
        )


def _owner_for(data_dir: Path) -> pwd.struct_passwd:
    if (data_dir / "PG_VERSION").exists() and data_dir.stat().st_uid != 0:
        return pwd.getpwuid(data_dir.stat().st_uid)
    for name in _CANDIDATES:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise StackProblem(
        "PostgreSQL does not run as root and there is no user postgres or nobody: start as another user."
    )


def _reachable(folder: Path, user: pwd.struct_passwd) -> bool:
    return all(_may_enter(part.stat(), user) for part in (folder, *folder.parents))


def _may_enter(entry: os.stat_result, user: pwd.struct_passwd) -> bool:
    if entry.st_uid == user.pw_uid:
        return bool(entry.st_mode & stat.S_IXUSR)
    if entry.st_gid == user.pw_gid:
        return bool(entry.st_mode & stat.S_IXGRP)
    return bool(entry.st_mode & stat.S_IXOTH)


def reading_everywhere(user: pwd.struct_passwd, unreachable: Path) -> tuple[str, ...]:
    """Root's home is closed to others: the server's user gets the right to pass folders, and no other."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise StackProblem(
            f"PostgreSQL runs as {user.pw_name}, who cannot enter {unreachable}: "
            "move the project and its data folder to where every user may enter, or do not start as root."
        )
    rights = ("--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search")
    return (setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", *rights, "--")
