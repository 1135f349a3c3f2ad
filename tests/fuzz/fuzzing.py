"""Runs schemathesis against a demo server of its own, once a role, and counts what it did.

Not checked: that what the document forbids is refused (``negative_data_rejection``), because the APIs' clients are
tolerated much that no document should promise; and that a call without its token is refused (``ignored_auth``) neither
in the run without one, because schemathesis makes up tokens out of those that it was answered with, nor of ally, which
refuses with 400 as its documents have it. The matrices of tests/dialects see to both.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import httpx
from roles import Logins, Role, Stage
from server_process import ServerProcess, serve

HERE = Path(__file__).parent

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)

SECONDS_MOST = 900
"""Of one role."""


@dataclass(frozen=True)
class Outcome:
    """What came of one role."""

    role: Role
    cases: int
    passed: bool
    output: str


def logins(server: ServerProcess) -> Logins:
    """What the first start printed."""
    return Logins(
        password=server.wait_for(r"^\s+dealer1\s+(\S+)")[1],
        widget_key=server.wait_for(r"^\s+(sb_\S+)\s+API key")[1],
        admin_password=server.wait_for(r"^\s+admin\s+(\S+)$")[1],
    )


def demo_server(data_dir: Path) -> AbstractContextManager[ServerProcess]:
    """A server that believes what a proxy on this machine says about addresses."""
    proxies = {"SWITCHBOARD_TRUSTED_PROXIES": "127.0.0.0/8"}
    return serve(data_dir, "--demo", **proxies)


def stage(server: ServerProcess) -> tuple[list[Role], dict[str, list[str]]]:
    """Everybody, and what exists."""
    with httpx.Client(timeout=20, trust_env=False) as client:
        made = Stage(client, server.base(), logins(server))
        return made.roles(), made.known


def fuzz(
    base: str,
    role: Role,
    known: dict[str, list[str]],
    folder: Path,
    *,
    examples: int,
    seed: int,
    phases: str = "examples,coverage,fuzzing",
) -> Outcome:
    """One role."""
    refuses = role.headers and not role.paths.startswith("^/ally")
    checks = (*CHECKS, "ignored_auth") if refuses else CHECKS
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{base}/openapi.json"),
        *("--checks", ",".join(checks), "--max-examples", str(examples), "--seed", str(seed)),
        *("--include-path-regex", role.paths, "--phases", phases),
        *("--continue-on-failure", "--no-color", "--warnings", "off", "--request-timeout", "20"),
    ]
    for name, value in role.headers.items():
        command += ["--header", f"{name}:{value}"]
    environment = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": "hooks",
        "PYTHONPATH": str(HERE),
        "FUZZ_KNOWN": json.dumps(known),
        "FUZZ_SEED": str(seed),
        "NO_PROXY": "127.0.0.1",
    }
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS_MOST,
        check=False,
    )
    cases = re.search(r"(\d[\d,]*) generated", done.stdout)
    count = 0 if cases is None else int(cases[1].replace(",", ""))
    return Outcome(role, count, done.returncode == 0, done.stdout + done.stderr)
