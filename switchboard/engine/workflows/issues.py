"""Issues as the desk uses them: the queue, lists, statistics by day, closing, and answers from history."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from switchboard.engine.engine import Engine
from switchboard.engine.errors import NotFound
from switchboard.engine.ids import is_id
from switchboard.engine.queries.issues import Day, DaysWanted, IssueFilter, IssueRecord, Question
from switchboard.engine.queries.messages import Place
from switchboard.engine.queries.similarity import LEAST_SCORE, probes_of, score, terms_of
from switchboard.engine.sessions.kind import Address
from switchboard.engine.sessions.room import CloseIssue, Room
from switchboard.engine.workflows.messages import Message, MessageReader

CANDIDATES_MOST = 500
"""Questions that are compared in earnest, some milliseconds of work; the index has chosen them."""

LOOKED_THROUGH_MOST = 30
"""Messages after a question among which its answer is sought: clients seldom write more before they are answered."""

QUESTIONS_MOST = 4
"""Times as many alike questions as answers are looked at, because not each was answered."""


class IssueView(msgspec.Struct, frozen=True, kw_only=True):
    """An issue with its first and last message."""

    record: IssueRecord
    first_message: Message | None
    last_message: Message | None


class FoundAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the desk answered to an earlier question that is like this one."""

    message: Message
    """The answer; it names its issue and room."""
    question: Message
    score: float
    """From 0 to 1."""


class IssueDesk:
    """Every method may raise Unavailable."""

    def __init__(self, engine: Engine, messages: MessageReader) -> None:
        self._engine = engine
        self._issues = engine.store.issues
        self._messages = messages

    async def get(self, id: str) -> IssueRecord:
        """That issue. Raises: NotFound, for a malformed id too."""
        found = await self._issues.find(id) if is_id(id) else None
        if found is None:
            raise NotFound("issue")
        return found

    async def view(self, record: IssueRecord) -> IssueView:
        """The issue with its messages."""
        return (await self._views([record]))[0]

    async def page(self, wanted: IssueFilter, skip: int, limit: int) -> list[IssueView]:
        """A page, the longest waiting first; open ones with their position in the queue."""
        return await self._views(await self._issues.page(wanted, skip, limit))

    async def count(self, wanted: IssueFilter) -> int:
        """How many the whole list has."""
        return await self._issues.count(wanted)

    async def days(self, wanted: DaysWanted) -> Sequence[Day]:
        """Every day of the range."""
        return await self._issues.days(wanted)

    async def tags(self, app: str) -> Sequence[str]:
        """All tags that the app's rooms ever had."""
        return await self._issues.tags(app)

    async def close(
        self, id: str, operator: str, *, admin: bool = False, caused_by: str | None = None
    ) -> tuple[Room, IssueRecord]:
        """Closes the issue, and the room stays held; repeated: the same. Raises: NotFound, RoomHeld."""
        record = await self.get(id)
        room = await self._engine.ask(
            Address("room", record.room),
            CloseIssue(issue=id, operator=operator, admin=admin),
            by=operator,
            caused_by=caused_by,
        )
        assert isinstance(room, Room)
        return room, await self.get(id)

    async def answers(self, id: str, limit: int) -> list[FoundAnswer]:
        """What the desk answered to the most similar earlier first messages of the app, best first.

        Raises: NotFound.
        """
        record = await self.get(id)
        first = record.first_sequence
        if first is None or limit <= 0:
            return []
        place = Place(record.room, first)
        asked = (await self._messages.at([place]))[place].text or ""
        alike = await self._issues.alike(
            record.app, probes_of(asked), record.opened_at, CANDIDATES_MOST
        )
        ranked = self._ranked(asked, [one for one in alike if one.issue != id])
        return await self._answered(ranked[: limit * QUESTIONS_MOST], limit)

    @staticmethod
    def _ranked(asked: str, found: Sequence[Question]) -> list[tuple[float, Question]]:
        """The best first; of equals the later one, whose answer is less likely to be outdated."""
        terms = terms_of(asked)
        scored = [(score(terms, one.terms), one) for one in found]
        scored.sort(key=lambda pair: (-pair[0], -pair[1].at, pair[1].issue))
        return [pair for pair in scored if pair[0] >= LEAST_SCORE]

    async def _answered(
        self, ranked: Sequence[tuple[float, Question]], limit: int
    ) -> list[FoundAnswer]:
        places = [Place(one.room, one.first_sequence) for _, one in ranked]
        questions = await self._messages.at(places)
        answers: dict[str, Message] = {}
        for message in await self._messages.following(places, LOOKED_THROUGH_MOST):
            if message.role == "staff" and message.issue is not None and message.text:
                answers.setdefault(message.issue, message)
        found = [
            FoundAnswer(message=answers[one.issue], question=questions[place], score=alike)
            for (alike, one), place in zip(ranked, places, strict=True)
            if one.issue in answers and place in questions
        ]
        return found[:limit]

    async def _views(self, records: Sequence[IssueRecord]) -> list[IssueView]:
        places = [
            Place(one.room, sequence)
            for one in records
            for sequence in (one.first_sequence, one.last_sequence)
            if sequence is not None
        ]
        found = await self._messages.at(places)

        def message(record: IssueRecord, sequence: int | None) -> Message | None:
            return None if sequence is None else found.get(Place(record.room, sequence))

        return [
            IssueView(
                record=one,
                first_message=message(one, one.first_sequence),
                last_message=message(one, one.last_sequence),
            )
            for one in records
        ]
