"""A process that has an embedded Postgres: ``python embedded_owner.py DATA_DIR [USER]`` prints the server's pid.

Started by root it can become another user first, after everything is imported: that one need not be able to read our
Python.

It stops the server and ends when its standard input is closed, and leaves the server behind when it is killed.
"""

from __future__ import annotations

import os
import pwd
import sys
from pathlib import Path

import trio

from switchboard.store.embedded import embedded_postgres


async def own(data_dir: Path) -> None:
    """Runs the server until standard input ends."""

    def log(event: str, /, **fields: object) -> None:
        print(event, fields, file=sys.stderr, flush=True)

    async with (
        embedded_postgres(data_dir, log) as server,
        trio.lowlevel.FdStream(os.dup(0)) as line,
    ):
        print(server.pid, flush=True)
        while await line.receive_some(100):
            pass


if __name__ == "__main__":
    if len(sys.argv) > 2:
        entry = pwd.getpwnam(sys.argv[2])
        os.setgroups([])
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
    trio.run(own, Path(sys.argv[1]))
