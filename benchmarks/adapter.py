"""Reads an adapter file: what is said to a server. The load generator (``loadgen/adapter.h``) reads the same."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

KEYS = frozenset(
    {"ws_path", "ws_header", "ws_send", "ws_delivery", "login_send", "login_expect"}
    | {"rest", "prepare", "step", "id_key"}
)


class Request(NamedTuple):
    """``who METHOD expected-status path body``."""

    who: str
    """A is the connection's user, B the next one."""
    method: str
    status: int
    path: str
    body: str


class Adapter:
    """What is said to one kind of server.

    Raises: ValueError, naming the line that is none.
    """

    def __init__(self, file: Path) -> None:
        self.lines: list[tuple[str, str]] = []
        for line in file.read_text().splitlines():
            if line.strip() and not line.lstrip().startswith("#"):
                key, equals, value = line.partition("=")
                if not equals or key.strip() not in KEYS:
                    raise ValueError(f"{file.name}: {line}")
                self.lines.append((key.strip(), value.strip()))
        self.rest = next(iter(self._requests("rest")), None)
        self.prepare = self._requests("prepare")
        self.steps = self._requests("step")

    def get(self, key: str) -> str:
        """The first value of that key, empty if there is none."""
        return next((value for name, value in self.lines if name == key), "")

    @property
    def logins(self) -> list[tuple[bool, str]]:
        """What is sent (True), and what is then waited for (False), after the upgrade."""
        names = ("login_send", "login_expect")
        return [(name == names[0], value) for name, value in self.lines if name in names]

    def _requests(self, key: str) -> list[Request]:
        found = []
        for name, value in self.lines:
            if name == key:
                who, method, status, path, *body = value.split(" ", 4)
                found.append(Request(who, method, int(status), path, "".join(body)))
        return found


def filled(template: str, **values: str) -> str:
    """The template with ``{name}`` replaced by each value."""
    for name, value in values.items():
        template = template.replace(f"{{{name}}}", value)
    return template
