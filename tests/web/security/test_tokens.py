"""Tokens open what they were issued for, until they expire or are revoked, and nothing else does."""

from __future__ import annotations

import base64
import random
from typing import Any

import jwt
import msgspec
import pytest
import trio

from switchboard.engine.clock import Clock
from switchboard.engine.errors import StartError
from switchboard.engine.ids import Ids
from switchboard.store.memory_records import MemoryRevocations
from switchboard.web.security.token_forms import LIFE_MOST, PLAIN
from switchboard.web.security.tokens import TokenRefused, Tokens

EPOCH = 1_800_000_000_000
ONE, TWO = b"1" * 32, b"2" * 32
ACCOUNT = "a" * 24


def tokens(
    revocations: MemoryRevocations | None = None, keys: dict[str, bytes] | None = None
) -> Tokens:
    """Tokens at the epoch."""
    return Tokens(
        keys=keys or {"one": ONE},
        current=next(reversed(keys)) if keys else "one",
        revocations=revocations or MemoryRevocations(),
        clock=Clock(EPOCH),
        ids=Ids(random.Random(1)),
    )


def forged(
    key: bytes | str = ONE, algorithm: str = "HS256", kid: Any = "one", **changes: Any
) -> str:
    """A token as ours are, but for the changes; a claim of None is left out."""
    claims: dict[str, Any] = {
        "iss": "switchboard",
        "aud": "dropin",
        "sub": ACCOUNT,
        "jti": "b" * 24,
        "iat": EPOCH / 1000,
        "exp": EPOCH / 1000 + 60,
    }
    claims = {name: value for name, value in (claims | changes).items() if value is not None}
    headers = {} if kid is None else {"kid": kid}
    return jwt.encode(claims, key, algorithm=algorithm, headers=headers)


async def test_a_token_says_whose_it_is() -> None:
    """Checked twice: by the signature, and out of the memory."""
    made = tokens()
    text = made.issue(ACCOUNT, "dropin")
    for _ in range(2):
        token = made.check(text, "dropin")
        assert (token.account, token.audience) == (ACCOUNT, "dropin")
        assert (token.issued_at, token.expires_at) == (EPOCH, EPOCH + PLAIN.life)


async def test_a_token_of_one_dialect_is_refused_by_another() -> None:
    """Also once it has been checked."""
    made = tokens()
    text = made.issue(ACCOUNT, "dropin")
    made.check(text, "dropin")
    with pytest.raises(TokenRefused):
        made.check(text, "auto")
    with pytest.raises(TokenRefused):
        made.check(made.issue(ACCOUNT, "auto"), "dropin")


async def test_our_own_forgery_is_accepted_unchanged() -> None:
    """So that the next test's tokens are refused for their changes."""
    assert tokens().check(forged(), "dropin").account == ACCOUNT


@pytest.mark.parametrize(
    "changes",
    [
        {"key": TWO},
        {"kid": None},
        {"kid": "two"},
        {"kid": "../../etc/passwd"},
        {"kid": ""},
        {"algorithm": "HS512"},
        {"iss": "somebody"},
        {"iss": None},
        {"aud": None},
        {"aud": ["dropin"]},
        {"aud": "auto"},
        {"sub": None},
        {"sub": 7},
        {"jti": None},
        {"iat": None},
        {"exp": None},
        {"exp": EPOCH / 1000},
        {"exp": 0},
        {"exp": "tomorrow"},
    ],
)
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
async def test_a_token_with_anything_amiss_is_refused(changes: dict[str, Any]) -> None:
    """Signature, key id, algorithm and every required claim."""
    with pytest.raises(TokenRefused):
        tokens().check(forged(**changes), "dropin")


def unsigned(header: Any, claims: Any) -> str:
    """Parts put together by hand."""
    parts = [base64.urlsafe_b64encode(msgspec.json.encode(one)) for one in (header, claims)]
    return b".".join([*(part.rstrip(b"=") for part in parts), b""]).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "a.b.c",
        "....",
        "\x00",
        "\ud800",
        "é" * 100,
        "x" * 100_000,
        unsigned({"alg": "none", "kid": "one"}, {"sub": ACCOUNT, "aud": "dropin"}),
        unsigned({"alg": "HS256", "kid": ["one"]}, {}),
        unsigned({"alg": "HS256", "kid": {"a": 1}}, {}),
        unsigned({"alg": None, "kid": "one"}, {}),
        unsigned([], {}),
        unsigned("x", "y"),
    ],
)
async def test_text_that_is_no_token_is_refused(text: str) -> None:
    """Never an error of ours."""
    with pytest.raises(TokenRefused):
        tokens().check(text, "dropin")


async def test_a_token_expires_on_the_engines_clock(mock_clock: trio.testing.MockClock) -> None:
    """To the millisecond, also out of the memory."""
    made = tokens()
    text = made.issue(ACCOUNT, "dropin")
    mock_clock.jump(PLAIN.life / 1000 - 0.002)
    made.check(text, "dropin")
    mock_clock.jump(0.004)
    with pytest.raises(TokenRefused):
        made.check(text, "dropin")


async def test_keys_can_be_rotated() -> None:
    """The new one signs, the old one is still accepted until it is taken away."""
    old = tokens(keys={"one": ONE}).issue(ACCOUNT, "dropin")
    both = tokens(keys={"one": ONE, "two": TWO})
    new = both.issue(ACCOUNT, "dropin")
    assert jwt.get_unverified_header(new)["kid"] == "two"
    both.check(old, "dropin")
    both.check(new, "dropin")
    with pytest.raises(TokenRefused):
        tokens(keys={"two": TWO}).check(old, "dropin")


@pytest.mark.parametrize("keys", [{"one": b"short"}, {"one": ONE, "two": b"2" * 31}])
async def test_a_short_key_stops_the_start(keys: dict[str, bytes]) -> None:
    """RFC 7518, 3.2."""
    with pytest.raises(StartError, match="32"):
        tokens(keys=keys)


async def test_a_current_key_that_does_not_exist_stops_the_start() -> None:
    """Nothing could be signed."""
    with pytest.raises(StartError, match="current"):
        Tokens(
            keys={"one": ONE},
            current="two",
            revocations=MemoryRevocations(),
            clock=Clock(),
            ids=Ids(),
        )


async def test_a_revoked_token_is_refused_at_once_and_after_a_restart() -> None:
    """Others of the account are not."""
    revocations = MemoryRevocations()
    made = tokens(revocations)
    gone, kept = made.issue(ACCOUNT, "dropin"), made.issue(ACCOUNT, "dropin")
    await made.revoke(made.check(gone, "dropin"))
    restarted = tokens(revocations)
    await restarted.load()
    for one in (made, restarted):
        one.check(kept, "dropin")
        with pytest.raises(TokenRefused):
            one.check(gone, "dropin")


async def test_all_of_an_accounts_tokens_but_one_can_be_revoked(
    mock_clock: trio.testing.MockClock,
) -> None:
    """In every dialect; those issued afterwards, even in the same millisecond, are good."""
    revocations = MemoryRevocations()
    made = tokens(revocations)
    old, kept = made.issue(ACCOUNT, "auto"), made.issue(ACCOUNT, "dropin")
    other = made.issue("c" * 24, "dropin")
    mock_clock.jump(1)
    same_instant = made.issue(ACCOUNT, "dropin")
    await made.revoke_account(ACCOUNT, keep=made.check(kept, "dropin").jti)
    new = made.issue(ACCOUNT, "dropin")
    restarted = tokens(revocations)
    await restarted.load()
    for one in (made, restarted):
        for good in (kept, new, other):
            one.check(good, "dropin")
        for bad, audience in ((old, "auto"), (same_instant, "dropin")):
            with pytest.raises(TokenRefused):
                one.check(bad, audience)


async def test_the_memory_of_checked_tokens_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The longest unused are forgotten, and checked afresh."""
    monkeypatch.setattr("switchboard.web.security.tokens.REMEMBERED_MOST", 3)
    made = tokens()
    texts = [made.issue(ACCOUNT, "dropin") for _ in range(5)]
    for text in [*texts, *texts]:
        made.check(text, "dropin")
        assert len(made._checked) <= 3


async def test_revocations_that_concern_no_living_token_are_forgotten(
    mock_clock: trio.testing.MockClock,
) -> None:
    """Memory does not grow with every logout there has ever been."""
    made = tokens()
    for _ in range(600):
        await made.revoke(made.check(made.issue(ACCOUNT, "dropin"), "dropin"))
    mock_clock.jump(LIFE_MOST / 1000 + 1)
    for _ in range(600):
        await made.revoke(made.check(made.issue(ACCOUNT, "dropin"), "dropin"))
    assert len(made._revoked) < 1000
