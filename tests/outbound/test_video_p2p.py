"""The vendorless video provider."""

from __future__ import annotations

import jwt
import pytest

from switchboard.outbound import PeerToPeer

KEY = b"v" * 32


async def test_a_room_is_the_channel_named_after_its_session() -> None:
    """The two browsers meet there."""
    room = await PeerToPeer(KEY, {"gig": "app"}).open("gig", "a" * 24)
    assert (room.provider, room.session_id) == ("p2p", f"presence-gig-{'a' * 24}")
    assert room.api_key == "app"


async def test_each_party_has_its_own_key_to_its_own_room() -> None:
    """Signed, for the video alone, and not for ever."""
    provider = PeerToPeer(KEY)
    room = await provider.open("gig", "a" * 24)
    now = 4_000_000_000_000
    one, other = provider.token(room, "x", now), provider.token(room, "y", now)
    assert one != other
    read = provider.read_key(one, now)
    assert read is not None
    assert (read.account, read.room, read.issued_at) == ("x", room.session_id, now)
    assert provider.read_key(one, read.expires_at) is None


@pytest.mark.parametrize(
    "broken",
    [
        {"room": None},
        {"aud": "dropin"},
        {"iat": "soon"},
        {"exp": None},
        {"sub": 5},
        {"room": 5},
        {"jti": None},
        {"exp": "late"},
    ],
)
def test_what_is_no_key_is_read_as_none(broken: dict[str, object]) -> None:
    """Signed by us or not."""
    provider = PeerToPeer(KEY)
    claims = {"aud": "video", "sub": "x", "room": "r", "jti": "j", "iat": 1.5, "exp": 3}
    good = jwt.encode(claims, KEY, algorithm="HS256")
    assert provider.read_key(good, 1500) is not None
    changed = {name: value for name, value in (claims | broken).items() if value is not None}
    assert provider.read_key(jwt.encode(changed, KEY, algorithm="HS256"), 1500) is None
    assert provider.read_key(jwt.encode(claims, b"o" * 32, algorithm="HS256"), 1500) is None


def test_a_short_key_is_refused() -> None:
    """RFC 7518, 3.2."""
    with pytest.raises(ValueError, match="32"):
        PeerToPeer(b"short")
