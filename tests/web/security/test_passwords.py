"""Passwords are Argon2id, and nobody's password takes as much work as somebody's."""

from __future__ import annotations

import argon2
import pytest
import trio

from switchboard.web.security.passwords import PROFILE, THREADS_MOST, Passwords

CHEAP = argon2.profiles.CHEAPEST


async def test_a_password_is_recognised_and_another_is_not() -> None:
    """The stored form is Argon2id."""
    passwords = Passwords(CHEAP)
    stored = await passwords.hash("correct horse")
    assert stored.startswith("$argon2id$")
    assert await passwords.verify(stored, "correct horse")
    assert not await passwords.verify(stored, "Correct horse")


async def test_nobody_has_a_password_not_even_the_dummys() -> None:
    """None is an account that does not exist or signs in by code."""
    passwords = Passwords(CHEAP)
    assert not await passwords.verify(None, "x")
    assert not await passwords.verify(None, "nobody's password")


async def test_an_unknown_person_costs_a_full_verification(monkeypatch: pytest.MonkeyPatch) -> None:
    """The dummy has the same parameters, so the time is the same."""
    checked: list[str] = []
    verify = argon2.PasswordHasher.verify

    def watched(hasher: argon2.PasswordHasher, stored: str, password: str) -> bool:
        checked.append(stored)
        return verify(hasher, stored, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", watched)
    passwords = Passwords(CHEAP)
    await passwords.verify(None, "x")
    assert argon2.extract_parameters(checked[0]) == CHEAP


async def test_hashing_uses_two_threads_at_most() -> None:
    """More would starve the event loop."""
    passwords = Passwords(CHEAP)
    assert passwords._limiter.total_tokens == THREADS_MOST == 2
    async with trio.open_nursery() as nursery:
        for _ in range(6):
            nursery.start_soon(passwords.hash, "x")
    assert passwords._limiter.borrowed_tokens == 0


async def test_a_hash_with_weaker_settings_is_outdated() -> None:
    """It is replaced at the next sign-in."""
    assert Passwords(PROFILE).outdated(await Passwords(CHEAP).hash("x"))
    cheap = Passwords(CHEAP)
    assert not cheap.outdated(await cheap.hash("x"))


@pytest.mark.parametrize("password", ["", "\x00", "p" * 100_000, "пароль", "😀"])
async def test_any_text_can_be_a_password(password: str) -> None:
    """What is too short is for the dialects to say."""
    passwords = Passwords(CHEAP)
    assert await passwords.verify(await passwords.hash(password), password)
