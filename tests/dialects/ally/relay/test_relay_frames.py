"""The relay's frames as text: quotes of every kind, and what is wrong named."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from relay_worlds import SEEDS_MESSAGE

from switchboard.engine import errors
from switchboard.engine.errors import Invalid
from switchboard.web.dialects.ally.relay import frames
from switchboard.web.reading import read

ROOM = "55409c8d239728dbe4d4ea8b"

SEEDS_READ = """{
"type": \u201cread\u201d,
"content": {
         "room": "55409c8d239728dbe4d4ea8b",
         "message": "55409c8d239728dbe4d4ea22"
        }
}"""

SEEDS_USER_DATA = """{
"type": \u201cuser_data\u201d,\x20
"content": {
         "alias": \u201c1234567890\u201d,
         "parse_id": \u201cAGC1O4\u201d
        }
}"""


@pytest.mark.parametrize("binary", [False, True])
def test_the_seeds_frames_are_read_as_they_stand_in_the_document(binary: bool) -> None:
    def parsed(text: str) -> frames.Received:
        return frames.parse(text.encode() if binary else text)

    assert parsed(SEEDS_MESSAGE) == (
        "message",
        {"room": ROOM, "message": "Hello Friend!", "file": "http://host/1.jpg"},
    )
    assert parsed(SEEDS_READ) == ("read", {"room": ROOM, "message": "55409c8d239728dbe4d4ea22"})
    content = {"alias": "1234567890", "parse_id": "AGC1O4"}
    assert parsed(SEEDS_USER_DATA) == ("user_data", content)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ('{"a": "he said \u201chi\u201d"}', {"a": "he said \u201chi\u201d"}),
        (
            '{"type": \u201cx\u201d, "a": "he said \u201chi\u201d, then \\"bye\\""}',
            {"type": "x", "a": 'he said \u201chi\u201d, then "bye"'},
        ),
        ('{\u201ca\u201d: \u201csaid "hi"\u201d}', {"a": 'said "hi"'}),
        ('{\u201ea\u201c: \u201d\\u0041 \\" \\\\\u201d}', {"a": 'A " \\'}),
        ('\ufeff{"a": 1}', {"a": 1}),
        ("\ufeff{\u201ca\u201d: 1}", {"a": 1}),
    ],
)
def test_typographic_quotes_are_quotes_around_strings_and_text_within_them(
    text: str, meant: Any
) -> None:
    assert frames._json(text.removeprefix(frames.BYTE_ORDER_MARK)) == meant


@pytest.mark.parametrize(
    "hostile",
    [
        '"' + '\\"' * 32_000,
        "\u201c" * 21_000,
        "\u201c\\" * 16_000,
        '"\u201c' * 16_000,
        "[" * 65_000,
    ],
)
def test_a_hostile_frame_costs_no_more_than_its_length(hostile: str) -> None:
    started = time.perf_counter()
    with pytest.raises(Invalid):
        frames.parse(hostile)
    assert time.perf_counter() - started < 1


BAD: tuple[tuple[str | bytes, str], ...] = (
    ("", "Invalid field: frame must be JSON"),
    (b"", "Invalid field: frame must be JSON"),
    (b"\xff\xfe", "Invalid field: frame must be JSON"),
    ('{"type":"message","content":{"message":"\\ud800"}}', "Invalid field: frame must be JSON"),
    ("[" * 5000, "Invalid field: frame must be JSON"),
    ("[]", "Invalid field: frame must be an object"),
    ("null", "Invalid field: frame must be an object"),
    ("{}", "Missing field type"),
    ('{"type":7}', "Invalid field: type must be one of message, read, user_data"),
    ('{"type":"shout"}', "Invalid field: type must be one of message, read, user_data"),
    ('{"type":"message"}', "Missing field content"),
    ('{"type":"message","content":[]}', "Invalid field: content must be an object"),
    ('{"type":"message","content":"{"}', "Invalid field: content must be an object"),
)

BAD_CONTENTS: tuple[tuple[str, Any, str], ...] = (
    ("message", {"message": "x"}, "Missing field room"),
    ("message", {"room": "a room", "message": "x"}, "Invalid field: room must be an id"),
    ("message", {"room": [ROOM, ROOM]}, "Invalid field: room must be one value"),
    ("message", {"room": ROOM, "message": {}}, "Invalid field: message must be a string"),
    ("message", {"room": ROOM, "message": "\0"}, "Invalid field: message must not contain NUL"),
    (
        "message",
        {"room": ROOM, "message": "x" * 10_001},
        "Invalid field: message must have at most 10000 characters",
    ),
    (
        "message",
        {"room": ROOM, "file": "javascript:1"},
        "Invalid field: file must be an http or https URL",
    ),
    (
        "message",
        {"room": ROOM, "message": "x", "client_id": "x" * 256},
        "Invalid field: client_id must have at most 255 characters",
    ),
    ("read", {"room": ROOM}, "Missing field message"),
    ("read", {"message": ROOM}, "Missing field room"),
    ("user_data", {"parse_id": []}, ""),
    ("user_data", {"parse_id": {}}, "Invalid field: parse_id must be a string"),
)

READERS = {"message": frames.said, "read": frames.was_read, "user_data": frames.push_address}


@pytest.mark.parametrize(("frame", "told"), BAD)
def test_what_is_wrong_with_a_frame_is_named(frame: str | bytes, told: str) -> None:
    with pytest.raises(Invalid) as raised:
        frames.parse(frame)
    assert frames.error_content(raised.value) == {"code": 1040, "message": told}


@pytest.mark.parametrize(("type", "content", "told"), BAD_CONTENTS)
def test_what_is_wrong_with_a_content_is_named(type: str, content: Any, told: str) -> None:
    received = frames.parse(json.dumps({"type": type, "content": content}))
    if not told:
        assert read(received.content, READERS[type]) is None
        return
    with pytest.raises(Invalid) as raised:
        read(received.content, READERS[type])
    assert frames.error_content(raised.value) == {"code": 1040, "message": told}


TEXTS: st.SearchStrategy[object] = st.sampled_from(
    ["hello", "", "\0", "\u201chi\u201d", "x" * 10_000, "x" * 10_001, 7, None, ["hello"], {}]
)
CONTENTS = st.fixed_dictionaries(
    {},
    optional={
        "room": st.sampled_from([ROOM, "a room", "", None, [ROOM]]),
        "message": TEXTS,
        "client_id": st.sampled_from(["c1", "", "\0", "x" * 255, "x" * 256, 5, None]),
        "file": st.sampled_from(["http://host/1.jpg", "", None, "javascript:1"]),
        "more": st.just("x"),
    },
)
FRAMES = st.fixed_dictionaries(
    {"content": st.one_of(CONTENTS, CONTENTS.map(json.dumps), st.none())},
    optional={
        "type": st.sampled_from(["message", "message", "read", "shout", None]),
        "more": st.none(),
    },
)


def without_haste(frame: str | bytes) -> frames.Said | None:
    """What ``said_in`` says, by the reading that knows everything."""
    received = frames.parse(frame)
    return read(received.content, frames.said) if received.type == "message" else None


def outcome(reading: Callable[[str | bytes], frames.Said | None], frame: str | bytes) -> object:
    """What it returned, or raised."""
    try:
        return reading(frame)
    except Invalid as error:
        return error.args


@given(st.one_of(FRAMES.map(json.dumps), st.sampled_from([frame for frame, _ in BAD])))
@example(
    '{"type":"message","content":{"room":"%s","message":"a","message":"b"}}'.replace("%s", ROOM)
)
@example('{"type":"message","content":{"room":"%s","message":"\\ud800"}}'.replace("%s", ROOM))
@example('\ufeff{"type":"message","content":{"room":"%s","message":"a"}}'.replace("%s", ROOM))
def test_the_usual_message_is_read_as_any_other_would_be(frame: str | bytes) -> None:
    assert outcome(frames.said_in, frame) == outcome(without_haste, frame)
    if isinstance(frame, str):
        binary = frame.encode()
        assert outcome(frames.said_in, binary) == outcome(without_haste, binary)


def test_refusals_keep_the_codes_of_the_calls_and_name_the_message_that_they_are_of() -> None:
    assert frames.error_content(errors.NotAllowed("no")) == {"code": 2403, "message": "Not allowed"}
    assert frames.error_content(errors.StoreDown(), "a1") == {
        "code": 2503,
        "message": "The service is busy, try again",
        "client_id": "a1",
    }
    assert frames.error_content(errors.KeyReused("key"))["code"] == 2400
