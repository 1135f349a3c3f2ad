"""Where the embedded Postgres lives: its folders, the lock and the password.

Everything here is a few system calls on small files and runs before the server starts, so it is synchronous.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from switchboard.engine.errors import StartError
from switchboard.store import embedded_user
from switchboard.store.embedded_programs import programs
from switchboard.store.embedded_user import ServerUser, server_user

SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_BYTES_MOST = 107
"""``sun_path`` has 108 bytes on Linux, the last of which is the closing zero (unix(7))."""
PLAIN_PATH = re.compile(r"[\w./+~-]+\Z", re.ASCII)
"""Paths that mean the same in a setting of Postgres, in a URL and to asyncpg, which splits hosts at commas."""


@dataclass(frozen=True, slots=True)
class Place:
    """All that is needed to run a server for one data folder."""

    data_dir: Path
    cluster: Path
    """The server's own folder (PGDATA), resolved; it may not exist yet."""
    user: ServerUser
    binaries: Path
    """The folder with ``postgres`` and ``initdb``."""
    password: str
    log_file: Path

    @property
    def program(self) -> Path:
        """The server's executable."""
        return self.binaries / "postgres"


@contextmanager
def locked(data_dir: Path) -> Iterator[None]:
    """Holds the data folder for this process, making it if needed; the kernel lets go when the process ends.

    Raises: StartError: another process holds it, or it cannot be a data folder.
    """
    try:
        # Only for passing through: what lies inside has its own permissions.
        data_dir.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        handle = os.open(data_dir / "switchboard.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise unusable(data_dir, error) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 20).decode("ascii", "replace").strip() or "unknown"
            raise StartError(
                f"data folder {data_dir} is in use by another Switchboard (process {holder})"
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def prepare(data_dir: Path) -> Place:
    """Finds or makes everything but the server's own files. Raises: StartError."""
    try:
        user = server_user(data_dir)
        data_dir = data_dir.resolve(strict=True)
        if user.lent and not user.may_enter(data_dir) and user.may_enter(data_dir.parent):
            data_dir.chmod(stat.S_IMODE(data_dir.stat().st_mode) | stat.S_IXOTH)
        return Place(
            data_dir=data_dir,
            cluster=_cluster(data_dir, user),
            user=user,
            binaries=programs(user),
            password=_password(data_dir),
            log_file=data_dir / "postgres.log",
        )
    except OSError as error:
        raise unusable(data_dir, error) from error


def _cluster(data_dir: Path, user: ServerUser) -> Path:
    """The server's folder, checked as far as can be without starting it."""
    link = data_dir / "postgres"
    if link.is_symlink() and not link.exists():
        raise StartError(f"the database's files are gone: {link} points to {os.readlink(link)}")
    if not link.exists():
        return link
    cluster = link.resolve()
    if not cluster.is_dir():
        raise StartError(f"{link} is a file, not a folder with a database")
    if cluster.stat().st_uid != user.uid:
        owner = cluster.stat().st_uid
        raise StartError(f"the database in {link} belongs to another user (uid {owner})")
    if not user.may_enter(cluster):
        raise StartError(
            f"user {user.uid}, as whom Postgres runs, may not enter {cluster}: "
            "move the data folder, or let others pass through the folders above it (chmod o+x)"
        )
    return cluster


def new_cluster(place: Place) -> Path:
    """An empty folder ``postgres.new`` for initdb, reachable for the server's user; leftovers are removed."""
    fresh = place.data_dir / "postgres.new"
    discard(fresh)
    if place.user.may_enter(place.data_dir):
        fresh.mkdir(mode=0o700)
    else:
        embedded_user.REACHABLE_ROOT.mkdir(mode=0o711, parents=True, exist_ok=True)
        fresh.symlink_to(tempfile.mkdtemp(prefix="postgres-", dir=embedded_user.REACHABLE_ROOT))
    place.user.give(fresh.resolve())
    return fresh


def discard(folder: Path) -> None:
    """Removes a half-made server folder, also behind a symbolic link."""
    if folder.is_symlink():
        shutil.rmtree(folder.resolve(), ignore_errors=True)
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)


def _password(data_dir: Path) -> str:
    """The password in the data folder, made on the first start (0600)."""
    file = data_dir / "postgres.password"
    if not file.exists():
        if (data_dir / "postgres").exists():
            raise StartError(f"{file} is missing: without it the database cannot be opened")
        scratch = file.with_name("postgres.password.new")
        write_secret(scratch, secrets.token_hex(24))
        scratch.rename(file)
    password = file.read_text(errors="replace").strip()
    if not re.fullmatch(r"[0-9a-f]{48}", password):
        raise StartError(f"{file} does not hold the password that was written there")
    return password


def write_secret(file: Path, text: str) -> None:
    """Writes ``text`` durably to a file that is nobody else's to read."""
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())


@contextmanager
def socket_folder(place: Place, present: Path | None) -> Iterator[Path]:
    """A folder for the server's socket: ``present`` if a server to be adopted has one, else the server's own folder.

    A private temporary folder stands in if that path is too long for a socket or has unusual characters; it is
    removed at the end.
    """
    path = present or place.cluster
    temporary = path != place.cluster
    if not fits(path):
        path, temporary = Path(tempfile.mkdtemp(prefix="switchboard-")), True
        place.user.give(path)
    try:
        yield path
    finally:
        if temporary:
            shutil.rmtree(path, ignore_errors=True)


def fits(folder: Path) -> bool:
    """Whether a socket in ``folder`` can be named in the kernel, in a setting and in a URL."""
    name = os.fsencode(folder / SOCKET_NAME)
    return len(name) <= SOCKET_PATH_BYTES_MOST and PLAIN_PATH.match(str(folder)) is not None


def unusable(data_dir: Path, error: OSError) -> StartError:
    """The one line about a data folder that the system refuses."""
    at = f" ({error.filename})" if error.filename and str(error.filename) != str(data_dir) else ""
    return StartError(f"data folder {data_dir} cannot be used: {error.strerror or error}{at}")
