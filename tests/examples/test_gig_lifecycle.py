"""The example as a newcomer runs it, against a real server."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from real_gigs import data_folder
from server_process import END_SECONDS_MOST, environment, serve

EXAMPLE = Path(__file__).parents[2] / "examples/gig_lifecycle.py"

STEPS = (
    r"operator  is online",
    r"customer  requests   -> pendingOperator .* offered to 1 operator",
    r"operator  claims     -> operatorFound",
    r"customer  confirms   -> operatorEnroute",
    r"operator  handshakes -> handshaking",
    r"customer  starts     -> streaming",
    r"customer  stops      -> purchased",
    r"customer  rates 5    -> purchased",
    r"operator  rates 4    -> voted",
    r"customer  sees       -> voted$",
    r"operator  sees       -> voted$",
    r"customer  pays       -> 10\.",
    r"operator  gets       -> 5\.",
)
"""What it prints, line by line; the amounts begin so however slow the machine is, within a minute."""


def run_example(*options: str) -> subprocess.CompletedProcess[str]:
    """The example's output and status."""
    return subprocess.run(
        [sys.executable, str(EXAMPLE), *options],
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=END_SECONDS_MOST,
        check=False,
    )


def test_the_example_takes_a_gig_from_the_request_to_the_ratings() -> None:
    with data_folder() as folder, serve(folder) as server:
        base = server.base()
        done = run_example("--url", base, "--stream-seconds", "0")
    assert done.returncode == 0, done.stdout + done.stderr
    for step, line in zip(STEPS, done.stdout.splitlines(), strict=True):
        assert re.match(step, line), f"{line!r} is not {step!r}"

    gone = run_example("--url", base)
    assert gone.returncode == 1
    assert re.fullmatch(rf"{base} does not answer: [^\n]+\n", gone.stderr)
