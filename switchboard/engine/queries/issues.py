"""Issues: the queue, lists, statistics by day, and earlier ones that are alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from switchboard.engine.instants import Instant, Milliseconds
from switchboard.engine.queries.similarity import Probes


class IssueRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An issue as its row has it."""

    id: str
    app: str
    room: str
    client: str
    opened_at: Instant
    answered_at: Instant | None
    closed_at: Instant | None
    closed_by: str | None
    tags: tuple[str, ...]
    first_sequence: int | None
    """Of its first message in its room."""
    last_sequence: int | None
    position: int | None = None
    """In its app's queue of open issues, from 1, the longest waiting first; only in lists, and only of open ones."""


class IssueFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which of an app's issues."""

    app: str
    is_open: bool | None = None
    tag: str | None = None


class DaysWanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which days of an app, and which issues count."""

    app: str
    since: Instant
    until: Instant
    """Exclusive. Days begin at ``since`` and every 24 hours after it: it says in which zone they are counted."""
    tag: str | None = None
    closed_by: str | None = None
    is_open: bool | None = None


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """What happened on one day. ``begins`` is its first instant."""

    begins: Instant
    opened: int
    closed: int
    answered_median: Milliseconds | None
    """From the opening to the answer, of the issues opened on that day that were answered."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """An issue whose first message may be like another's."""

    issue: str
    room: str
    first_sequence: int
    at: Instant
    terms: frozenset[str]
    """See ``similarity.terms_of``."""


class Issues(Protocol):
    """Finds issues. Each method may raise StoreDown."""

    async def find(self, id: str) -> IssueRecord | None:
        """That issue."""

    async def page(self, wanted: IssueFilter, skip: int, limit: int) -> Sequence[IssueRecord]:
        """A page of those, the longest waiting (the first opened) first."""

    async def count(self, wanted: IssueFilter) -> int:
        """How many those are; kept by the commits, not counted."""

    async def days(self, wanted: DaysWanted) -> Sequence[Day]:
        """Every day of the range in order, those without any issue too. It reads the issues of the range."""

    async def alike(
        self, app: str, probes: Probes, before: Instant, most: int
    ) -> Sequence[Question]:
        """At most ``most`` questions of the app, older than ``before``, that fit one of the probes, in no order."""

    async def tags(self, app: str) -> Sequence[str]:
        """All tags that the app's rooms ever had, in their order."""
