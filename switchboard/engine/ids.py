"""Ids: 24 lower-case hex digits, 4 bytes of seconds and 8 random bytes, as every dialect but company shows them."""

from __future__ import annotations

import os
import random
import re

from switchboard.engine.clock import Instant

ID_PATTERN = re.compile(r"[0-9a-f]{24}\Z")


def is_id(text: object) -> bool:
    """Whether ``text`` has the form of an id; anything else is 'not found', never an error of ours."""
    return isinstance(text, str) and ID_PATTERN.match(text) is not None


RANDOM_BYTES = 8
POOL_BYTES = 4096
"""Asked of the system at once: 512 ids. A system call for each was a fifth of what an id costs otherwise."""


class Ids:
    """Makes ids. ``chance`` is given only by simulations, whose ids must repeat; otherwise they are unguessable."""

    def __init__(self, chance: random.Random | None = None) -> None:
        self._chance = chance
        self._pool = ""
        self._used = 0
        self._second = -1
        self._head = ""
        """The first digits of an id of that second."""

    def new(self, now: Instant) -> str:
        """A fresh id whose first 8 digits are ``now`` in seconds."""
        chance, second = self._chance, now // 1000
        if second != self._second:
            self._second, self._head = second, f"{second & 0xFFFFFFFF:08x}"
        tail = self._unguessable() if chance is None else f"{chance.getrandbits(64):016x}"
        return self._head + tail

    def _unguessable(self) -> str:
        start = self._used
        if start == len(self._pool):
            self._pool, start = os.urandom(POOL_BYTES).hex(), 0
        self._used = start + 2 * RANDOM_BYTES
        return self._pool[start : self._used]
