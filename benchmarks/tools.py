"""What is built or installed once in the work folder: the load generator, the peers' own environments."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.server import NotPrepared
from benchmarks.work import HERE

LOADGEN = HERE / "loadgen" / "loadgen.c"
REQUIREMENTS = HERE / "peers" / "requirements.txt"
PACKAGE = HERE / "peers" / "express" / "package.json"

COMPILER = "gcc"


def load_generator(work: Path) -> Path:
    """The compiled load generator. Raises: NotPrepared."""
    program = work / "loadgen"
    if shutil.which(COMPILER) is None:
        raise NotPrepared(f"{COMPILER} is missing, which compiles the load generator")
    stamp = _Stamp(program.with_suffix(".stamp"), *sorted(LOADGEN.parent.iterdir()))
    if not stamp.fits or not program.exists():
        _run([COMPILER, "-O2", "-o", str(program), str(LOADGEN)], work)
        stamp.write()
    return program


def python_environment(work: Path) -> Path:
    """The folder of programs of the Python peers' environment. Raises: NotPrepared."""
    folder = work / "python"
    stamp = _Stamp(folder / "installed.stamp", REQUIREMENTS)
    if not stamp.fits:
        _run([sys.executable, "-m", "venv", str(folder)], work)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
        _run([*pip, "install", "--quiet", "-r", str(REQUIREMENTS)], work)
        stamp.write()
    return folder / "bin"


def node_modules(work: Path) -> Path:
    """The folder of the Node peer's modules. Raises: NotPrepared."""
    folder = work / "node"
    stamp = _Stamp(folder / "installed.stamp", PACKAGE)
    if not stamp.fits:
        folder.mkdir(exist_ok=True)
        shutil.copy(PACKAGE, folder)
        _run(["npm", "install", "--no-audit", "--no-fund", "--silent"], folder)
        stamp.write()
    return folder / "node_modules"


class _Stamp:
    """Remembers from which content something was made."""

    def __init__(self, file: Path, *sources: Path) -> None:
        self._file = file
        self._content = hashlib.sha256(b"".join(one.read_bytes() for one in sources)).hexdigest()

    @property
    def fits(self) -> bool:
        return self._file.exists() and self._file.read_text() == self._content

    def write(self) -> None:
        self._file.write_text(self._content)


def _run(command: Sequence[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-1000:]
        raise NotPrepared(f"{command[0]} failed:\n{said}")
