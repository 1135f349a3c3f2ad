"""The swap of hypercorn's classes, and the look at them before it."""

from __future__ import annotations

import importlib
from importlib import metadata

import hypercorn.protocol
import hypercorn.protocol.h11
import hypercorn.trio.run
import pytest
from hypercorn.trio.tcp_server import TCPServer

from switchboard.engine.errors import StartError
from switchboard.web import transport
from switchboard.web.transport.installing import PLACES, SIGNATURES, check


def names_in_place() -> list[object]:
    """What hypercorn would make now."""
    return [getattr(importlib.import_module(place.module), place.name) for place in PLACES]


def test_it_may_be_repeated_and_undone() -> None:
    released = names_in_place()
    for _ in range(2):
        transport.install()
        assert names_in_place() == [place.ours for place in PLACES]
    for _ in range(2):
        transport.uninstall()
        assert names_in_place() == released


def test_ours_are_subclasses_of_what_they_replace() -> None:
    """So that whatever hypercorn does with them beside what we know still works."""
    transport.uninstall()
    for place, released in zip(PLACES, names_in_place(), strict=True):
        assert issubclass(place.ours, released)  # type: ignore[arg-type]


@pytest.mark.parametrize("distribution", ["hypercorn", "quart-trio"])
def test_another_minor_version_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, distribution: str
) -> None:
    version = metadata.version

    def newer(name: str) -> str:
        return "0.99.1" if name == distribution else version(name)

    monkeypatch.setattr(metadata, "version", newer)
    with pytest.raises(StartError, match=rf"built on {distribution} 0\.\d+, but 0\.99\.1"):
        transport.install()


def test_another_signature_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    async def other(self: object, event: object, more: object) -> None:
        """As a later version may have it."""

    monkeypatch.setattr(TCPServer, "protocol_send", other)
    with pytest.raises(StartError, match=r"TCPServer\.protocol_send\(self, event\), found: self,"):
        check()


def test_a_name_that_has_gone_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    before = names_in_place()
    monkeypatch.delattr(hypercorn.protocol, "H11Protocol")
    with pytest.raises(StartError, match=r"replaces hypercorn\.protocol\.H11Protocol"):
        transport.install()
    monkeypatch.undo()
    assert names_in_place() == before
    monkeypatch.delattr(hypercorn.protocol.h11.H11Protocol, "_maybe_recycle")
    with pytest.raises(StartError, match=r"_maybe_recycle\(self\), found: nothing"):
        check()


def test_what_is_looked_at_is_there_today() -> None:
    """And a message is one line."""
    check()
    assert len(SIGNATURES) > 30
    assert "TCPServer" in vars(hypercorn.trio.run)
