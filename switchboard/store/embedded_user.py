"""Who the embedded Postgres runs as: ourselves, or, since it refuses root, a user whom root lends to it."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from switchboard.engine.errors import StartError

REACHABLE_ROOT = Path("/var/lib/switchboard")
"""Where root keeps the server's files if its unprivileged user may not enter the data folder's parents (/root)."""


class ProcessOptions(TypedDict, total=False):
    """The part of ``subprocess.Popen``'s options that says who a process runs as."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class ServerUser:
    """Who the server runs as. Postgres refuses to run as root, so root lends it another user."""

    uid: int
    gid: int
    lent: bool
    """Whether our own process is root and the server's is not."""

    def process_options(self) -> ProcessOptions:
        """How to run a process as this user."""
        if not self.lent:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def give(self, path: Path) -> None:
        """Makes the user the owner of ``path``."""
        if self.lent:
            os.chown(path, self.uid, self.gid)

    def may_enter(self, folder: Path) -> bool:
        """Whether the user may pass through ``folder`` and all that is above it, by their permission bits.

        For ourselves the answer is yes: the system will say otherwise when it comes to it.
        """
        return not self.lent or all(self._may_pass(part) for part in [folder, *folder.parents])

    def _may_pass(self, folder: Path) -> bool:
        status = folder.stat()
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)


def server_user(data_dir: Path) -> ServerUser:
    """Ourselves; for root the owner of the existing server folder, else ``nobody``. Raises: StartError."""
    if os.geteuid() != 0:
        return ServerUser(os.geteuid(), os.getegid(), lent=False)
    cluster = data_dir / "postgres"
    if cluster.exists() and cluster.stat().st_uid != 0:
        status = cluster.stat()
        return ServerUser(status.st_uid, status.st_gid, lent=True)
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise StartError(
            "Postgres refuses to run as root and there is no user 'nobody' to run it as"
        ) from None
    return ServerUser(entry.pw_uid, entry.pw_gid, lent=True)
