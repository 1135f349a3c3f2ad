"""The load generator against a server that counts, and Switchboard measured for an instant."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from benchmarks.comparison import Comparison, Plan, Told, sitting
from benchmarks.ours.server import Switchboard
from benchmarks.probe import probe
from benchmarks.results import Measured
from benchmarks.tools import COMPILER, load_generator
from benchmarks.work import VARIABLE
from benchmarks.workloads import named

pytestmark = pytest.mark.skipif(
    shutil.which(COMPILER) is None, reason=f"{COMPILER} compiles the load generator"
)

LIFE = """
prepare = B POST 200 /prepare/{user} {}
id_key = "thing":{"id":
step = A POST 200 /things {"user":{user}}
step = B POST 200 /things/{id}/{room} {}
step = A POST 200 /things/{id}/end {}
"""

SHORT = Plan(
    repetitions=1,
    extra=0,
    fresh_repetitions=1,
    seconds=1.0,
    first_warm_seconds=0.2,
    warm_seconds=0.2,
    settle_seconds=0.1,
    quiet_seconds_most=0.0,
)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The load generator, compiled."""
    return load_generator(tmp_path_factory.mktemp("tools"))


class Counting(BaseHTTPRequestHandler):
    """Answers everything and counts what was asked by whom."""

    protocol_version = "HTTP/1.1"
    seen: Counter[tuple[str, str]]

    def do_POST(self) -> None:
        """A thing, whatever was asked for."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.seen[self.path, self.headers["Authorization"]] += 1
        body = b'{"thing":{"id":"x7","of":1}}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@contextmanager
def counting() -> Iterator[tuple[int, Counter[tuple[str, str]]]]:
    """Its port, and what was asked of it."""
    seen: Counter[tuple[str, str]] = Counter()
    handler = type("Handler", (Counting,), {"seen": seen})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port, seen
        finally:
            server.shutdown()
            thread.join()


def test_lifecycles_are_prepared_once_and_ended_before_it_ends(
    program: Path, tmp_path: Path
) -> None:
    adapter, tokens, rooms = tmp_path / "life.txt", tmp_path / "tokens", tmp_path / "rooms"
    adapter.write_text(LIFE)
    tokens.write_text("".join(f"token{number}\n" for number in range(1, 5)))
    rooms.write_text("1 kitchen\n2 hall\n")
    with counting() as (port, seen):
        command = [str(program), "life", "--outstanding", "2", "--port", str(port)]
        command += ["--adapter", str(adapter), "--tokens", str(tokens), "--secs", "0.3"]
        command += ["--warm", "0.1", "--settle", "0", "--room-names", str(rooms)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    result = json.loads(done.stdout)
    assert result["errors"] == 0
    assert result["messages_s"] > 0
    # Two connections: users 1 and 2 in room 1, users 3 and 4 in room 2.
    assert seen["/prepare/2", "Bearer token2"] == seen["/prepare/4", "Bearer token4"] == 1
    first = seen["/things", "Bearer token1"]
    assert first == seen["/things/x7/kitchen", "Bearer token2"]
    assert first == seen["/things/x7/end", "Bearer token1"]
    assert seen["/things", "Bearer token3"] == seen["/things/x7/hall", "Bearer token4"]
    assert sum(seen.values()) == 2 + result["sent"]


def test_what_a_server_refuses_is_counted_and_shown(program: Path, tmp_path: Path) -> None:
    adapter, tokens = tmp_path / "rest.txt", tmp_path / "tokens"
    adapter.write_text("rest = A POST 201 /messages {}\n")
    tokens.write_text("token1\n")
    with counting() as (port, _):
        command = [str(program), "rest", "--outstanding", "1", "--port", str(port)]
        command += ["--adapter", str(adapter), "--tokens", str(tokens), "--secs", "0.1"]
        done = subprocess.run(
            [*command, "--warm", "0", "--settle", "0"], capture_output=True, text=True, check=False
        )
    assert done.returncode == 1
    assert json.loads(done.stdout)["errors"] > 0
    assert "POST /messages -> HTTP/1.1 200" in done.stderr


def left_over(work: Path) -> list[Path]:
    """The folders of sittings that have ended and were not removed."""
    return list(work.glob("sitting-*"))


def test_switchboard_is_measured_and_commits_before_it_tells(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    measured: list[Measured] = []
    told = Told(left_out=pytest.fail, begins=lambda _what: None, measured=measured.append)
    workloads, ours = named(("W1 N=2 K=64", "W3", "W4")), Switchboard()
    with sitting(told.begins) as place:
        Comparison(SHORT, workloads, told, place, program).run([ours])
        (probed,) = probe([ours], place)
    assert probed.passed, probed
    assert [one.workload for one in measured] == [work.label for work in workloads]
    for one in measured:
        assert one.load is not None, one.failed
        assert one.load.deliveries_s > 0
        assert (one.load.lost, one.load.dup, one.load.errors) == (0, 0, 0)
        assert one.load.fifo_bad == 0
        assert one.load.same_order is not False
    assert not left_over(tmp_path)
