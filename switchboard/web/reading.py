"""Reads fields by name and kind, and gathers every complaint, so that one answer names all wrong fields."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from switchboard.engine.clock import Instant
from switchboard.engine.errors import Invalid
from switchboard.web.parsing import Values, parse_json

T = TypeVar("T")

TEXT_LENGTH_MOST = 10_000
"""contracts/README.md."""

PAGE_MOST = 100
"""contracts/README.md: every list's maximum page; a larger limit is clamped to it."""

PLACE_MOST = 10**9
"""Longer than any list; a larger number is a mistake."""

OBJECT_BYTES_MOST = 16 * 1024
"""contracts/dropin.md, metaData."""

NUMBER = re.compile(r"[+-]?(\d{1,20}(\.\d{0,40})?|\.\d{1,40})([eE][+-]?\d{1,3})?", re.ASCII)
"""What a numeric string looks like; ``float`` alone would take ``nan``, ``1_000`` and other alphabets' digits."""

INTEGER_MOST = 10**40
"""An integer that stands for text is a phone or a code; Python refuses to write out more than 4,300 digits."""

ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")

MILLISECONDS = re.compile(r"\d{5,15}", re.ASCII)
"""Four digits are a year, and eight could be a date without its hyphens, which nobody writes in a query."""

INSTANT_MOST = 253_402_300_799_999
"""The last millisecond of the year 9999, beyond which ISO 8601 has no four-digit years."""

FLAGS = {"true": True, "1": True, "yes": True, "on": True} | {
    "false": False,
    "0": False,
    "no": False,
    "off": False,
}
"""What people and forms write for a truth value."""

ABSENT: Any = None
"""``null``, an absent field and, for anything but text, an empty string are the same: not given."""


def read(values: Values, parser: Callable[[Reader], T]) -> T:
    """What ``parser`` makes of the fields. Raises: Invalid, naming every field that it complained about."""
    reader = Reader(values)
    parsed = parser(reader)
    if reader.complaints:
        raise Invalid(reader.complaints)
    return parsed


class Reader:
    """The fields of one body or query. Each method takes the names that a field goes by, the first in complaints.

    A complaint is noted and a harmless value returned; ``read`` raises once all fields have been looked at.
    """

    __slots__ = ("_values", "complaints")

    def __init__(self, values: Values) -> None:
        self._values = values
        self.complaints: dict[str, str] = {}

    def complain(self, name: str, reason: str) -> None:
        """Notes what is wrong with a field; the first complaint about it stays."""
        self.complaints.setdefault(name, reason)

    def _one(self, names: Sequence[str]) -> Any:
        """The single value; a list of one is that one."""
        for name in names:
            value = self._values.get(name)
            if isinstance(value, list):
                if len(value) > 1:
                    self.complain(names[0], "must be one value")
                    return ABSENT
                value = value[0] if value else ABSENT
            if value is not None:
                return value
        return ABSENT

    def text(self, *names: str, required: bool = False, most: int = TEXT_LENGTH_MOST) -> str | None:
        """A string; a number is taken as it is written (phones and codes come so)."""
        value = self._one(names)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < INTEGER_MOST:
            value = str(value)
        if value is None or (required and value == ""):
            if required:
                self.complain(names[0], "is required")
            return None
        if not isinstance(value, str):
            self.complain(names[0], "must be a string")
        elif len(value) > most:
            self.complain(names[0], f"must have at most {most} characters")
        elif "\x00" in value:
            self.complain(names[0], "must not contain NUL")
        else:
            return value
        return None

    def required_text(self, *names: str, most: int = TEXT_LENGTH_MOST) -> str:
        """A string that is not empty."""
        return self.text(*names, required=True, most=most) or ""

    def reference(self, *names: str) -> str:
        """An id that must be there; an object that has it as its ``id`` will do (clients send back what they got)."""
        value = self._one(names)
        if isinstance(value, dict):
            value = value.get("id")
        if not value:
            self.complain(names[0], "is required")
        elif not isinstance(value, str):
            self.complain(names[0], "must be a string")
        else:
            return value
        return ""

    def number(self, *names: str, least: float, most: float) -> float | None:
        """A finite number, or a string that holds one."""
        value = self._one(names)
        if isinstance(value, str):
            stripped = value.strip()
            if not stripped:
                return None
            value = float(stripped) if NUMBER.fullmatch(stripped) else stripped
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.complain(names[0], "must be a number")
        elif not least <= value <= most:
            self.complain(names[0], f"must be from {least:g} to {most:g}")
        else:
            return float(value)
        return None

    def required_number(self, *names: str, least: float, most: float) -> float:
        """A number that must be there."""
        value = self.number(*names, least=least, most=most)
        if value is None:
            self.complain(names[0], "is required")
            return 0.0
        return value

    def integer(self, *names: str, least: int, most: int) -> int | None:
        """A whole number."""
        value = self.number(*names, least=least, most=most)
        if value is None:
            return None
        if value != int(value):
            self.complain(names[0], "must be a whole number")
            return None
        return int(value)

    def required_integer(self, *names: str, least: int, most: int) -> int:
        """A whole number that must be there."""
        value = self.integer(*names, least=least, most=most)
        if value is None:
            self.complain(names[0], "is required")
            return 0
        return value

    def page(self, first: str, usual: int = PAGE_MOST) -> tuple[int | None, int]:
        """Where a list begins (the field ``first``; None: not said) and how many are wanted (``limit``).

        Args:
            usual: how many where nothing is said.
        """
        start = self.integer(first, least=0, most=PLACE_MOST)
        limit = self.integer("limit", least=0, most=PLACE_MOST)
        return start, usual if limit is None else min(limit, PAGE_MOST)

    def choice(self, *names: str, of: Sequence[str]) -> str:
        """One of those strings."""
        value = self._one(names)
        if value is None or value == "":
            self.complain(names[0], "is required")
        elif not isinstance(value, str) or value not in of:
            self.complain(names[0], f"must be one of {', '.join(of)}")
        else:
            return value
        return of[0]

    def choices(self, *names: str, of: Sequence[str]) -> tuple[str, ...] | None:
        """Some of those strings: one, a comma list, or repeated."""
        for name in names:
            value = self._values.get(name)
            if value is None or value == "":
                continue
            given = value if isinstance(value, list) else [value]
            if not all(isinstance(one, str) for one in given):
                self.complain(names[0], "must be strings")
                return None
            chosen = [part.strip() for one in given for part in one.split(",") if part.strip()]
            if any(part not in of for part in chosen):
                self.complain(names[0], f"must be among {', '.join(of)}")
                return None
            return tuple(dict.fromkeys(chosen)) or None
        return None

    def words(self, *names: str, most: int) -> tuple[str, ...] | None:
        """Some strings: one, a comma list, or repeated; None if there are none."""
        for name in names:
            value = self._values.get(name)
            if value is None or value == "":
                continue
            given = value if isinstance(value, list) else [value]
            if not all(isinstance(one, str) for one in given):
                self.complain(names[0], "must be strings")
                return None
            words = [part.strip() for one in given for part in one.split(",") if part.strip()]
            if len(words) > most:
                self.complain(names[0], f"must be at most {most}")
                return None
            return tuple(dict.fromkeys(words)) or None
        return None

    def strings(self, *names: str, most: int) -> tuple[str, ...] | None:
        """Some strings, one or repeated, each as it is; None if there are none."""
        given = next((self._values[name] for name in names if self.has(name)), None)
        values = given if isinstance(given, list) else [] if given is None else [given]
        if not all(isinstance(one, str) for one in values):
            self.complain(names[0], "must be strings")
        elif len(values) > most:
            self.complain(names[0], f"must be at most {most}")
        else:
            return tuple(dict.fromkeys(values)) or None
        return None

    def instant(self, *names: str) -> Instant | None:
        """A moment: ISO 8601 (in UTC unless it says otherwise; a date is its first moment), or milliseconds."""
        value = self._one(names)
        if isinstance(value, str):
            text = value.strip()
            if not text:
                return None
            try:
                value = int(text) if MILLISECONDS.fullmatch(text) else _milliseconds(text)
            except (ValueError, OverflowError):
                value = text
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            self.complain(names[0], "must be a time, such as 2016-04-12T03:10:12.542Z")
        elif not 0 <= value <= INSTANT_MOST:
            self.complain(names[0], "is out of range")
        else:
            return value
        return None

    def flag(self, *names: str) -> bool | None:
        """A truth value, or how forms and queries write one."""
        value = self._one(names)
        if isinstance(value, str):
            value = FLAGS.get(value.strip().lower(), value) if value.strip() else None
        elif isinstance(value, int) and value in (0, 1):
            value = bool(value)
        if value is None or isinstance(value, bool):
            return value
        self.complain(names[0], "must be true or false")
        return None

    def anything(self, *names: str, most: int = OBJECT_BYTES_MOST) -> Any:
        """Whatever JSON can hold, as it was given, of at most so many bytes; a string as ``text`` takes it."""
        value = next((self._values[name] for name in names if name in self._values), None)
        if isinstance(value, str):
            return self.text(*names)
        if value is None or self._storable(names[0], value, most) is None:
            return None
        return value

    def given(self, name: str) -> bool:
        """Whether the field is named at all, be it with nothing or null."""
        return name in self._values

    def has(self, name: str) -> bool:
        """Whether the field is given at all."""
        return self._values.get(name) not in (None, "")

    def object(self, *names: str, most: int = OBJECT_BYTES_MOST) -> dict[str, Any] | None:
        """An object, or a string that holds one as JSON."""
        value = self._structure(names, self._one(names))
        if value is None:
            return None
        if not isinstance(value, dict):
            self.complain(names[0], "must be an object")
            return None
        return value if self._storable(names[0], value, most) is not None else None

    def object_text(self, *names: str, most: int = OBJECT_BYTES_MOST) -> str | None:
        """The same as compact JSON text."""
        value = self._structure(names, self._one(names))
        if value is None:
            return None
        if not isinstance(value, dict):
            self.complain(names[0], "must be an object")
            return None
        return self._storable(names[0], value, most)

    def objects(self, *names: str, most: int) -> list[dict[str, Any]]:
        """A list of objects, or a string that holds one as JSON; a single object is a list of one."""
        given = next((self._values[name] for name in names if self._values.get(name)), None)
        value = self._structure(names, given)
        if isinstance(value, dict):
            value = [value]
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            self.complain(names[0], "must be a list of objects")
        elif len(value) > most:
            self.complain(names[0], f"must have at most {most} elements")
        else:
            return value
        return []

    def _structure(self, names: Sequence[str], value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if not value.strip():
            return None
        try:
            return parse_json(value)
        except ValueError as error:
            self.complain(names[0], str(error))
            return None

    def _storable(self, name: str, value: Any, most: int) -> str | None:
        try:
            encoded = msgspec.json.encode(value)
        except RecursionError:
            self.complain(name, "is nested too deeply")
            return None
        if len(encoded) > most:
            self.complain(name, f"must have at most {most} bytes")
        elif ESCAPED_NUL.search(encoded):
            self.complain(name, "must not contain NUL")
        else:
            return encoded.decode()
        return None


def _milliseconds(text: str) -> Instant:
    """Raises: ValueError, OverflowError."""
    at = datetime.datetime.fromisoformat(text)
    if at.tzinfo is None:
        at = at.replace(tzinfo=datetime.UTC)
    return round(at.timestamp() * 1000)
