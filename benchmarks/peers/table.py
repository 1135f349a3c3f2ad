"""The peers."""

from __future__ import annotations

from benchmarks.peers.common import Peer
from benchmarks.server import Sitting
from benchmarks.tools import node_modules, python_environment
from benchmarks.work import HERE

PEERS = HERE / "peers"


class Express(Peer):
    """Express 5, pg and ws in one Node process."""

    def install(self, sitting: Sitting) -> None:
        """Its modules."""
        node_modules(sitting.work)

    def command(self, sitting: Sitting, port: int) -> list[str]:
        """Node on the one file."""
        return ["node", str(PEERS / "express" / "server.js")]


class Uvicorn(Peer):
    """An ASGI app under uvicorn, one worker."""

    app: str
    folder: str

    def install(self, sitting: Sitting) -> None:
        """The Python peers' environment."""
        python_environment(sitting.work)

    def command(self, sitting: Sitting, port: int) -> list[str]:
        """uvicorn without an access log."""
        program = [str(sitting.work / "python" / "bin" / "uvicorn"), self.app]
        place = ["--app-dir", str(PEERS / self.folder), "--host", "127.0.0.1", "--port", str(port)]
        return [*program, *place, "--workers", "1", "--log-level", "warning", "--no-access-log"]


class FastAPI(Uvicorn):
    """FastAPI and asyncpg."""

    app, folder = "server:app", "fastapi"


class Django(Uvicorn):
    """Django, REST framework and Channels with Redis."""

    app, folder = "app.asgi:application", "django"


EXPRESS = Express(name="express", title="Express", programs=("node", "npm"))
EXPRESS_ORDERED = Express(
    name="express-ordered",
    title="Express, in order",
    programs=("node", "npm"),
    only=("W1 N=2 ", "W2"),
    environment={"IN_ORDER": "1"},
)
"""The usual handler lets one sender's messages overtake each other, this one does not: as Switchboard."""
FASTAPI = FastAPI(name="fastapi", title="FastAPI")
DJANGO = Django(name="django", title="Django", redis=True)
