"""Ids: 24 lower-case hex digits, 4 bytes of seconds and 8 random bytes, as every dialect but company shows them."""

from __future__ import annotations

import random
import re
import secrets

from switchboard.engine.clock import Instant

ID_PATTERN = re.compile(r"[0-9a-f]{24}\Z")


def is_id(text: object) -> bool:
    """Whether ``text`` has the form of an id; anything else is 'not found', never an error of ours."""
    return isinstance(text, str) and ID_PATTERN.match(text) is not None


class Ids:
    """Makes ids. ``chance`` is given only by simulations, whose ids must repeat; otherwise they are unguessable."""

    def __init__(self, chance: random.Random | None = None) -> None:
        self._chance = chance

    def new(self, now: Instant) -> str:
        """A fresh id whose first 8 digits are ``now`` in seconds."""
        tail = (
            secrets.token_hex(8) if self._chance is None else f"{self._chance.getrandbits(64):016x}"
        )
        return f"{(now // 1000) & 0xFFFFFFFF:08x}{tail}"
