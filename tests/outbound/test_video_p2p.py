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
    claims = jwt.decode(one, KEY, algorithms=["HS256"], audience="video")
    assert (claims["sub"], claims["room"]) == ("x", room.session_id)
    assert claims["exp"] > now // 1000


def test_a_short_key_is_refused() -> None:
    """RFC 7518, 3.2."""
    with pytest.raises(ValueError, match="32"):
        PeerToPeer(b"short")
