"""Passwords as Argon2id, hashed in two threads at most."""

from __future__ import annotations

import functools

import argon2
import trio

THREADS_MOST = 2
"""Measured: with 2 the event loop's lag stays at 5 ms (p99) under a storm of logins; Trio's default of 40 made it
317 ms."""

PROFILE = argon2.profiles.RFC_9106_LOW_MEMORY
"""64 MiB and 3 passes: RFC 9106's second recommendation, for servers that hash many at a time."""


class Passwords:
    """Hashes and checks passwords. For people that do not exist it does the same work.

    Args:
        parameters: how costly; only tests take less than the profile.
    """

    def __init__(self, parameters: argon2.Parameters = PROFILE) -> None:
        self._hasher = argon2.PasswordHasher.from_parameters(parameters)
        self._limiter = trio.CapacityLimiter(THREADS_MOST)
        # A real hash of nobody's password, with the same parameters as everybody's.
        self._nobody = self._hasher.hash("nobody's password")

    async def hash(self, password: str) -> str:
        """The password in PHC form, with a salt of its own."""
        return await trio.to_thread.run_sync(self._hasher.hash, password, limiter=self._limiter)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether it is that password; with None it takes as long and is False."""
        right = await trio.to_thread.run_sync(
            functools.partial(self._verify, stored or self._nobody, password),
            limiter=self._limiter,
        )
        return right and stored is not None

    def outdated(self, stored: str) -> bool:
        """Whether it was hashed with other settings than today's."""
        return self._hasher.check_needs_rehash(stored)

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except argon2.exceptions.VerifyMismatchError:
            return False
