"""The peers that speak XMPP: rooms and their archive alone, so W1, W2 and W5."""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.process import listening
from benchmarks.postgres import USER
from benchmarks.server import ADAPTERS, Inputs, NotPrepared, Running, Sitting, Stored
from benchmarks.work import HERE
from benchmarks.workloads import USERS, Workload
from switchboard.processes import free_port

KINDS = ("W1", "W2", "W5")


@dataclass(kw_only=True)
class Xmpp:
    """A chat server with its rooms' archive in Postgres, XMPP over websocket (RFC 7395)."""

    name: str
    title: str
    programs: tuple[str, ...]
    template: str
    """Of its configuration, below this folder."""
    table: str
    column: str
    newest: str

    def lacks(self) -> str | None:
        """The first program that is not installed."""
        return next((one for one in self.programs if shutil.which(one) is None), None)

    def measures(self, workload: Workload) -> bool:
        """What happens in rooms."""
        return workload.kind in KINDS

    def stored(self, workload: Workload) -> Stored:
        """A row a message."""
        return Stored(self.name, self.table, self.column, self.newest)

    def prepare(self, sitting: Sitting) -> None:
        """Database, configuration, and what stands for tokens: SASL PLAIN of user and password."""
        home = self.home(sitting)
        home.mkdir()
        sitting.postgres.make(self.name, self.schema())
        lines = (base64.b64encode(f"\0u{n}\0pw{n}".encode()) + b"\n" for n in range(1, USERS + 1))
        (home / "tokens").write_bytes(b"".join(lines))

    def schema(self) -> list[Path]:
        """SQL files, where it does not make its tables itself. Raises: NotPrepared."""
        return []

    def configured(self, sitting: Sitting, port: int) -> Path:
        """The file of its configuration."""
        source = HERE / "peers" / self.template
        text = source.read_text()
        values = {
            "PORT": port,
            "PGPORT": sitting.postgres.port,
            "PGUSER": USER,
            "PGPASSWORD": sitting.postgres.password,
            "HOME": self.home(sitting),
        }
        for name, value in values.items():
            text = text.replace(f"@{name}@", str(value))
        file = self.home(sitting) / source.stem
        file.write_text(text)
        return file

    def command(self, sitting: Sitting, port: int) -> tuple[list[str], dict[str, str]]:
        """What starts it, and with which environment."""
        raise NotImplementedError

    @contextmanager
    def running(self, sitting: Sitting) -> Iterator[Running]:
        """One process and its helpers."""
        port = free_port()
        command, environment = self.command(sitting, port)
        log = self.home(sitting) / "output.log"
        with listening(command, log, port, environment) as pid:
            yield Running(port, (pid,))

    def inputs(self, workload: Workload, sitting: Sitting) -> Inputs:
        """Rooms and users by their numbers."""
        return Inputs(ADAPTERS / f"{self.name}.txt", self.home(sitting) / "tokens")

    def home(self, sitting: Sitting) -> Path:
        """Its folder."""
        return sitting.folder / self.name


class Ejabberd(Xmpp):
    """As Debian's ``ejabberdctl`` starts it, but without ``su`` and without Erlang's distribution."""

    def prepare(self, sitting: Sitting) -> None:
        """Its users, too."""
        super().prepare(sitting)
        sitting.postgres.run(
            self.name,
            "INSERT INTO users (username, password) "
            f"SELECT 'u' || n, 'pw' || n FROM generate_series(1, {USERS}) AS n",
        )

    def schema(self) -> list[Path]:
        """Its own SQL, which its package brings."""
        program = shutil.which("ejabberdctl")
        assert program is not None, "it is one of its programs"
        file = Path(program).resolve().parents[1] / "share" / "ejabberd" / "sql" / "pg.sql"
        if not file.exists():
            raise NotPrepared(f"{file} is missing")
        return [file]

    def command(self, sitting: Sitting, port: int) -> tuple[list[str], dict[str, str]]:
        """Erlang with its libraries."""
        home, file = self.home(sitting), self.configured(sitting, port)
        files = subprocess.run(
            ["dpkg", "-L", "ejabberd"], capture_output=True, text=True, check=True
        )
        ours = next(one for one in files.stdout.split() if one.endswith("/ebin"))
        environment = {
            "EJABBERD_CONFIG_PATH": str(file),
            "EJABBERD_LOG_PATH": str(home / "ejabberd.log"),
            "ERL_LIBS": str(Path(ours).parents[1]),
            "ERL_CRASH_DUMP": str(home / "crash.dump"),
            "HOME": str(home),
        }
        database = f'"{home / "mnesia"}"'
        command = ["erl", "-noinput", "+K", "true", "+P", "250000"]
        return [*command, "-mnesia", "dir", database, "-s", "ejabberd"], environment


class Prosody(Xmpp):
    """In the foreground."""

    def command(self, sitting: Sitting, port: int) -> tuple[list[str], dict[str, str]]:
        """Its one program."""
        file = self.configured(sitting, port)
        return ["prosody", "--config", str(file), "-F"], {}


EJABBERD = Ejabberd(
    name="ejabberd",
    title="ejabberd",
    programs=("ejabberdctl", "erl"),
    template="ejabberd/ejabberd.yml.in",
    table="archive",
    column="txt",
    newest="id",
)
PROSODY = Prosody(
    name="prosody",
    title="Prosody",
    programs=("prosody",),
    template="prosody/prosody.cfg.lua.in",
    table="prosodyarchive",
    column="value",
    newest="sort_id",
)
