"""Frames of both versions, binary pushes, tokens in subprotocols."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from switchboard.web.realtime.phoenix.frames import (
    Malformed,
    Received,
    decode,
    encode,
    reply,
    version_of,
)
from switchboard.web.realtime.phoenix.socket import token_in
from switchboard.web.transport import encode_text, payload_of


@pytest.mark.parametrize(
    ("vsn", "version"),
    [
        (None, 1),
        ("1.0.0", 1),
        ("2.0.0", 2),
        ("2.0.7", 2),
        ("2.1.0", None),
        ("3.0.0", None),
        ("", None),
        ("2", None),
        ("2.0.0\n", None),
    ],
)
def test_a_version_is_1_where_nothing_is_said(vsn: str | None, version: int | None) -> None:
    assert version_of(vsn) == version


def test_an_array_is_a_frame_of_version_2_and_an_object_of_version_1() -> None:
    """Refs come back as they were; what is left out is null."""
    expected = Received("1", "2", "room:chat", "send_msg", {"a": 1})
    assert decode(2, '["1","2","room:chat","send_msg",{"a":1}]') == expected
    assert decode(2, '[null,7,"phoenix","heartbeat"]') == Received(
        None, 7, "phoenix", "heartbeat", None
    )
    given = '{"topic":"room:chat","event":"send_msg","payload":{"a":1},"ref":"2","join_ref":"1"}'
    assert decode(1, given) == expected
    assert decode(1, '{"topic":"t","event":"e"}') == Received(None, None, "t", "e", None)


@pytest.mark.parametrize(
    ("version", "data"),
    [
        (2, '{"topic":"t","event":"e","payload":{},"ref":"1"}'),
        (1, '["1","1","t","e",{}]'),
        (2, '["1","1","t"]'),
        (2, '[1.5,"1","t","e",{}]'),
        (2, '["1","1","t",null,{}]'),
        (2, '["1","1","\\ud800","e",{}]'),
        (2, ""),
        (2, "[" * 100_000),
        (2, b""),
        (2, b"\x00\x01"),
        (2, b"\x00\x01\x01\x01\x05abc"),
        (2, b"\x01\x00\x00\x00\x00"),
        (2, b"\x00\x01\x00\x00\x00\xff"),
        (1, b'["1","1","t","e",{}]'),
    ],
)
def test_what_is_no_frame_is_malformed(version: Any, data: str | bytes) -> None:
    with pytest.raises(Malformed):
        decode(version, data)


def test_the_head_of_a_binary_push_is_read() -> None:
    """As ``serializer.js`` writes it: kind, four lengths, four texts, the payload."""
    data = bytes((0, 2, 3, 4, 5)) + b"12" + b"345" + "chät"[:3].encode() + b"event" + b"\x00\xff"
    assert decode(2, data) == Received("12", "345", "chä", "event", None, binary=True)
    assert decode(2, bytes(5)) == Received(None, None, "", "", None, binary=True)


def test_replies_and_what_is_told_have_their_versions_form() -> None:
    """Version 1 has four members and no join_ref."""
    to = Received("1", "2", "t", "e", None)
    answer = {"status": "ok", "response": {"a": "é"}}
    assert json.loads(payload_of(reply(2, to, "ok", {"a": "é"}))) == [
        "1",
        "2",
        "t",
        "phx_reply",
        answer,
    ]
    assert json.loads(payload_of(reply(1, to, "ok", {"a": "é"}))) == {
        "topic": "t",
        "event": "phx_reply",
        "payload": answer,
        "ref": "2",
    }
    assert json.loads(payload_of(encode(2, "t", "e", {}))) == [None, None, "t", "e", {}]


@pytest.mark.parametrize("length", [0, 125, 126, 65_535, 65_536])
def test_the_payload_of_a_frame_is_what_was_put_in(length: int) -> None:
    """Whatever its head's length."""
    assert payload_of(encode_text(b"x" * length)) == b"x" * length


def test_a_token_is_read_from_either_alphabet_with_and_without_padding() -> None:
    """The library writes the plain one without padding; its name says base64url."""
    for text in ("a.b.c", "x", "??>>", "~~~"):
        plain = base64.b64encode(text.encode()).decode()
        url = base64.urlsafe_b64encode(text.encode()).decode()
        for one in (plain, plain.rstrip("="), url, url.rstrip("=")):
            assert token_in(f"base64url.bearer.phx.{one}") == text
    for wrong in ("phoenix", "base64url.bearer.phx.!", "base64url.bearer.phx.w6k="):
        assert token_in(wrong) is None
