"""Everybody who can take part, in the order of the tables."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from benchmarks.ours.server import Switchboard
from benchmarks.peers.table import DJANGO, EXPRESS, EXPRESS_ORDERED, FASTAPI
from benchmarks.peers.xmpp import EJABBERD, PROSODY
from benchmarks.server import Server

OURS = "switchboard"


def servers() -> Mapping[str, Server]:
    """Fresh ones for a sitting, by name."""
    some: tuple[Server, ...] = (
        Switchboard(),
        Switchboard(
            name="switchboard-dowell",
            title="Switchboard, dowell",
            rest="dowell",
            kinds=("W3",),
        ),
        EXPRESS,
        EXPRESS_ORDERED,
        FASTAPI,
        DJANGO,
        EJABBERD,
        PROSODY,
    )
    return MappingProxyType({one.name: one for one in some})


QUICK = (OURS, "express", "express-ordered", "fastapi")
"""Those of daily use."""
