"""The log on stdout."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

SCRIPT = """
import logging, structlog
from switchboard.logging_setup import configure
configure({format!r})
structlog.get_logger('one').warning('first', odd={{1}}, broken='\\ud800', raw=b'x')
logging.getLogger('library').warning('second %s', 2)
hidden = 'a local ' + 'secret'
try:
    raise ValueError('third')
except ValueError:
    structlog.get_logger('one').exception('failed')
"""


def log_lines(format: str) -> list[str]:
    """What a process with that format logs."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(format=format)],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_json_is_one_object_a_line_whatever_a_field_holds() -> None:
    lines = [json.loads(line) for line in log_lines("json")]
    assert [line["event"] for line in lines] == ["first", "second 2", "failed"]
    assert [line["level"] for line in lines] == ["warning", "warning", "error"]
    assert lines[1]["logger"] == "library"
    assert "ValueError: third" in lines[2]["exception"]
    assert "a local secret" not in lines[2]["exception"]


def test_the_console_shows_events_and_tracebacks() -> None:
    # The console's encoding may have no form for a lone surrogate; what is lost there must stop nothing.
    text = "\n".join(log_lines("console"))
    assert "second 2" in text
    assert "ValueError: third" in text
    assert "a local secret" not in text


@pytest.mark.parametrize("format", ["json", "console"])
def test_a_reader_that_went_away_stops_nothing(format: str) -> None:
    script = SCRIPT.format(format=format) + "import sys; print('alive', file=sys.stderr)\n"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert "alive" in process.stderr.read()
        process.wait(30)
