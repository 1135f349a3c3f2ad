"""Events and snapshots as bytes and back, each with its format number; JSON, so that a person can read the journal.

A class is encoded with its field names, never as an array: a renamed field of an array was seen to decode silently to
its default.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec

from switchboard.engine.sessions.kind import Event, Kind

S = TypeVar("S", bound=msgspec.Struct)


class UnknownFormat(Exception):
    """Bytes were written in a format that this version does not know (a newer version wrote them)."""


class Codec(Generic[S]):
    """Encodes and decodes one kind's events and states."""

    def __init__(self, kind: Kind[S]) -> None:
        self._kind = kind
        self._names: dict[type[Event], tuple[str, int]] = {
            event: (name, number) for name, (number, event) in kind.events.items()
        }
        self._encoder = msgspec.json.Encoder()
        self._event_decoders: dict[tuple[str, int], msgspec.json.Decoder[Any]] = {
            (name, number): msgspec.json.Decoder(event)
            for name, (number, event) in kind.events.items()
        } | {key: msgspec.json.Decoder(old) for key, (old, _) in kind.upcasters.items()}
        self._state_decoder = msgspec.json.Decoder(kind.state)

    def encode_event(self, event: Event) -> tuple[str, int, bytes]:
        """(name, format, body)."""
        name, number = self._names[type(event)]
        return name, number, self._encoder.encode(event)

    def decode_event(self, name: str, number: int, body: bytes) -> Event:
        """The event as today's class, brought up from an older format if need be.

        Raises:
            UnknownFormat: no class is known for (name, number).
        """
        decoder = self._event_decoders.get((name, number))
        if decoder is None:
            raise UnknownFormat(f"{self._kind.name} event {name} format {number}")
        event = decoder.decode(body)
        if (name, number) in self._kind.upcasters:
            event = self._kind.upcasters[name, number][1](event)
        assert isinstance(event, Event)
        return event

    def encode_state(self, state: S) -> bytes:
        """The snapshot's body, in ``kind.state_format``."""
        return self._encoder.encode(state)

    def decode_state(self, number: int, body: bytes) -> S:
        """The state of a snapshot, brought up from an older format if need be."""
        if number == self._kind.state_format:
            return self._state_decoder.decode(body)
        if number in self._kind.state_upcasters:
            old, upcast = self._kind.state_upcasters[number]
            return upcast(msgspec.json.decode(body, type=old))
        raise UnknownFormat(f"{self._kind.name} snapshot format {number}")
