"""company's JSON, both ways. Source: contracts/company.md and its seed."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from switchboard.engine.clock import Instant
from switchboard.engine.records import Account
from switchboard.engine.sessions.room import Room
from switchboard.engine.workflows.messages import Message
from switchboard.web.parsing import Values
from switchboard.web.reading import Reader

Json = dict[str, Any]

EPOCH = datetime.datetime(1970, 1, 1)
"""In UTC, which company's times do not say."""

NAME_LENGTH_MOST = 200
"""Longer than any name or title."""

PASSWORD_LENGTH_LEAST = 6
"""contracts/company.md."""

PASSWORD_LENGTH_MOST = 1000
"""Nobody's is longer, and Argon2 would hash megabytes."""

CLIENT_ID_LENGTH_MOST = 255
"""As an ``Idempotency-Key``."""

EMAIL = re.compile(r"\S+@\S+\.\S+")
"""contracts/company.md."""

NUMBER_MOST = 2**53 - 1
"""Beyond, JavaScript's numbers are not exact."""


class NewUser(NamedTuple):
    """The fields of POST /users."""

    name: str
    subname: str
    email: str
    job: str
    password: str | None


class NewWords(NamedTuple):
    """The fields of POST /messages."""

    conversation: int
    content: str


class Sent(NamedTuple):
    """What is pushed as ``send_msg``."""

    user: int
    conversation: int
    message: str
    client_id: str | None


class Shouted(NamedTuple):
    """What is pushed as ``shout``."""

    message: str
    client_id: str | None


def within(values: Values, name: str) -> Values:
    """The fields, which may stand in an object of that name or beside it."""
    inner = values.get(name)
    return {**values, **inner} if isinstance(inner, Mapping) else values


def credentials(reader: Reader) -> tuple[str, str]:
    """E-mail address and password of a login."""
    return (
        reader.required_text("email"),
        reader.required_text("password", most=PASSWORD_LENGTH_MOST),
    )


def new_user(reader: Reader) -> NewUser:
    """A registration; without a password one is made."""
    email = _words(reader, "email")
    if email and not EMAIL.fullmatch(email):
        reader.complain("email", "has invalid format")
    return NewUser(
        name=_words(reader, "name"),
        subname=_words(reader, "subname"),
        email=email,
        job=_words(reader, "job"),
        password=password(reader) if reader.has("password") else None,
    )


def _words(reader: Reader, name: str) -> str:
    """A text that is more than blanks."""
    given = reader.required_text(name, most=NAME_LENGTH_MOST).strip()
    if not given:
        reader.complain(name, "is required")
    return given


def password(reader: Reader) -> str:
    """A new password."""
    given = reader.required_text("password", most=PASSWORD_LENGTH_MOST)
    if given and len(given) < PASSWORD_LENGTH_LEAST:
        reader.complain("password", f"should be at least {PASSWORD_LENGTH_LEAST} character(s)")
    return given


def recipient(reader: Reader) -> int:
    """Whom somebody wants to converse with."""
    return reader.required_integer("recipient_id", "recipient", least=0, most=NUMBER_MOST)


def conversation_of(reader: Reader) -> int:
    """The conversation that a query asks for."""
    return reader.required_integer("conv", "conv_id", least=0, most=NUMBER_MOST)


def new_words(reader: Reader) -> NewWords:
    """A message to be sent."""
    names = ("conversation_id", "conv", "conv_id")
    return NewWords(
        conversation=reader.required_integer(*names, least=0, most=NUMBER_MOST),
        content=reader.required_text("content", "message"),
    )


def sent(reader: Reader) -> Sent:
    """The payload of ``send_msg``."""
    return Sent(
        user=reader.required_integer("user", least=0, most=NUMBER_MOST),
        conversation=reader.required_integer("conv", least=0, most=NUMBER_MOST),
        message=reader.required_text("message"),
        client_id=client_id(reader),
    )


def shouted(reader: Reader) -> Shouted:
    """The payload of ``shout``."""
    return Shouted(message=reader.required_text("body"), client_id=client_id(reader))


def client_id(reader: Reader) -> str | None:
    """The client's own id of a message: pushed again after a reconnect, it is stored once. (Ours.)"""
    return reader.text("client_id", most=CLIENT_ID_LENGTH_MOST) or None


def message_number(reader: Reader) -> int:
    """The message that somebody has read."""
    return reader.required_integer("message_id", least=0, most=NUMBER_MOST)


def number_of(account: Account) -> int:
    """The number that company's clients know the account by."""
    number = account.number
    assert number is not None, "every account of the realm has one"
    return number


def user_shape(account: Account, password: str | None = None) -> Json:
    """A user. ``password`` is shown once, to who has registered."""
    email = next((one.shown for one in account.identities if one.type == "email"), None)
    return {
        "subname": account.last_name,
        "password": password,
        "name": account.first_name,
        "job": account.profile.get("job"),
        "id": number_of(account),
        "email": email,
    }


def conversation_shape(room: Room, numbers: Mapping[str, int]) -> Json:
    """A conversation. ``numbers`` has those of its two people."""
    sender, other = (one.account for one in room.people)
    return {
        "status": None,
        "id": room.serial,
        "sender_id": numbers.get(sender),
        "recipient_id": numbers.get(other),
    }


def message_shape(message: Message, conversation: int, numbers: Mapping[str, int]) -> Json:
    """A message of the conversation with that number."""
    sender = numbers.get(message.sender)
    return {
        "id": message.serial,
        "sender": sender,
        "sender_id": sender,
        "conversation": conversation,
        "conversation_id": conversation,
        "content": message.text,
        "date": time_shape(message.at),
    }


def time_shape(at: Instant) -> str:
    """``2018-03-02T10:39:28.123456``, in UTC without saying so: Ecto's naive form."""
    return (EPOCH + datetime.timedelta(milliseconds=at)).isoformat(timespec="microseconds")
