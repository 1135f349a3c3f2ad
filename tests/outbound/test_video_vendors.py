"""LiveKit and OpenTok, each against a stand-in that checks what it is asked, and what is made without asking."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import jwt
import pytest
from push_vendors import NOW, Says, clock, vendor
from trio.testing import MockClock

from switchboard.engine.errors import VideoRefused, VideoUnavailable
from switchboard.engine.sessions.video import VideoSession
from switchboard.outbound import LiveKit, OpenTok, PeerToPeer, Providers

SECRET = "s" * 32
UNTIMED: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}


async def test_a_key_to_a_livekit_room_says_who_may_do_what_there() -> None:
    provider = LiveKit("wss://video.example.test", "key", SECRET, clock())
    room = await provider.open("gig", "g1")
    assert room == VideoSession("livekit", "gig-g1", "key", "wss://video.example.test")
    claims = jwt.decode(
        provider.token(room, "ann", NOW), SECRET, algorithms=["HS256"], options=UNTIMED
    )
    assert claims == {
        "iss": "key",
        "sub": "ann",
        "nbf": NOW // 1000 - 60,
        "exp": NOW // 1000 + 86_400,
        "video": {
            "roomJoin": True,
            "room": "gig-g1",
            "canPublish": True,
            "canSubscribe": True,
        },
    }


async def test_the_end_closes_a_livekit_room_and_one_that_is_not_there_is_closed() -> None:
    async with vendor() as server:
        provider = LiveKit(server.url.replace("http", "ws"), "key", SECRET, clock())
        room = await provider.open("stream", "s1")
        for answer in (Says(body={}), Says(404, {"code": "not_found"})):
            server.says = [answer]
            await provider.close(room)
        asked = server.asked[0]
        assert (asked.method, asked.path) == ("POST", "/twirp/livekit.RoomService/DeleteRoom")
        assert asked.json() == {"room": "stream-s1"}
        key = asked.headers["authorization"].removeprefix("Bearer ")
        claims = jwt.decode(key, SECRET, algorithms=["HS256"], options=UNTIMED)
        assert claims["iss"] == "key"
        assert claims["video"] == {"roomCreate": True, "roomAdmin": True, "room": "stream-s1"}
        server.says = [Says(503)]
        with pytest.raises(VideoUnavailable) as busy:
            await provider.close(room)
        assert not isinstance(busy.value, VideoRefused)
        server.says = [Says(401)]
        with pytest.raises(VideoRefused):
            await provider.close(room)


async def test_an_opentok_session_is_made_by_a_signed_call_and_its_keys_are_signed_here() -> None:
    async with vendor() as server:
        server.usually = Says(body=[{"session_id": "2_MX4", "project_id": "p"}])
        provider = OpenTok(server.url, "project", SECRET, clock())
        room = await provider.open("gig", "g1")
        assert room == VideoSession("opentok", "2_MX4", "project")
        (asked,) = server.asked
        assert (asked.method, asked.path) == ("POST", "/session/create")
        assert dict(parse_qsl(asked.body.decode()))["p2p.preference"] == "disabled"
        assert asked.headers["accept"] == "application/json"
        auth = jwt.decode(
            asked.headers["x-opentok-auth"], SECRET, algorithms=["HS256"], options=UNTIMED
        )
        assert (auth["iss"], auth["ist"]) == ("project", "project")
        assert 0 < auth["exp"] - auth["iat"] <= 300
        claims = jwt.decode(
            provider.token(room, "ann", NOW), SECRET, algorithms=["HS256"], options=UNTIMED
        )
        assert claims.pop("jti")
        assert claims == {
            "iss": "project",
            "ist": "project",
            "session_id": "2_MX4",
            "scope": "session.connect",
            "role": "publisher",
            "connection_data": "ann",
            "iat": NOW // 1000,
            "exp": NOW // 1000 + 86_400,
        }
        await provider.close(room)
        assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("answer", "final"),
    [
        (Says(500), False),
        (Says(429), False),
        (Says(403), True),
        (Says(400), True),
        (Says(200, {"session_id": 7}), False),
        (Says(200, []), False),
    ],
)
async def test_what_opentok_refuses_for_good_is_told_from_what_may_pass(
    answer: Says, final: bool
) -> None:
    async with vendor() as server:
        server.usually = answer
        with pytest.raises(VideoUnavailable) as refused:
            await OpenTok(server.url, "project", SECRET, clock()).open("gig", "g1")
        assert isinstance(refused.value, VideoRefused) == final


class Shaky(PeerToPeer):
    """Fails so often before it opens a room."""

    name = "shaky"

    def __init__(self, *fails: VideoUnavailable) -> None:
        super().__init__(b"v" * 32)
        self.fails = list(fails)

    async def open(self, kind: str, session: str) -> VideoSession:
        """The room of that session."""
        if self.fails:
            raise self.fails.pop(0)
        return await super().open(kind, session)


async def test_a_failure_that_may_pass_is_tried_again_and_one_for_good_is_not(
    autojump_clock: MockClock,
) -> None:
    shaky = Shaky(VideoUnavailable("a"), VideoUnavailable("b"))
    assert (await Providers(shaky).open("gig", "g")).session_id == "presence-gig-g"
    shaky.fails = [VideoUnavailable("a")] * 3
    with pytest.raises(VideoUnavailable):
        await Providers(shaky).open("gig", "g")
    shaky.fails = [VideoRefused("never"), VideoUnavailable("a")]
    with pytest.raises(VideoRefused):
        await Providers(shaky).open("gig", "g")
    assert len(shaky.fails) == 1


async def test_rooms_of_a_provider_that_was_left_still_get_keys_while_it_is_set_up() -> None:
    old, new = PeerToPeer(b"v" * 32), LiveKit("wss://v.example.test", "key", SECRET, clock())
    room = await old.open("gig", "g")
    both = Providers(new, [old])
    key = both.read_key(both.token(room, "ann", NOW), NOW)
    assert key is not None
    assert (key.account, key.room) == ("ann", room.session_id)
    assert both.read_key(new.token(room, "ann", NOW), NOW) is None
    with pytest.raises(VideoRefused, match="p2p"):
        Providers(new).token(room, "ann", NOW)
