"""The streams that are requested or streaming: which of them wait for a dealer, and which dealer is in which."""

from __future__ import annotations

from typing import Any, NamedTuple

from switchboard.engine.ports import Sessions
from switchboard.engine.sessions.stream import LIVE, OPEN, StreamStatus, StreamSummary, engaged

PAGE = 1000
"""Streams read at once at the start."""


class Open(NamedTuple):
    """What is known of an open stream."""

    organization: str
    status: StreamStatus
    dealer: str | None
    """Who has its offer, or streams it."""

    @property
    def waits(self) -> bool:
        """Whether it is offered to nobody."""
        return self.status == "requested" and self.dealer is None


class OpenStreams:
    """Exact, because it observes what is adopted and reads at the start what was open before."""

    def __init__(self) -> None:
        self._open: dict[str, Open] = {}
        self._of_dealer: dict[str, str] = {}
        self._waiting: dict[str, dict[str, None]] = {}
        """Organization -> its streams that wait, in the order in which they began to."""

    async def open(self, sessions: Sessions) -> None:
        """Reads what was open before. Raises: StoreDown."""
        summaries: list[StreamSummary] = []
        while True:
            page = await sessions.listed(OPEN.name, OPEN.key, None, len(summaries), PAGE)
            summaries += [
                StreamSummary.decode(one.summary) for one in page if one.summary is not None
            ]
            if len(page) < PAGE:
                break
        for stream in reversed(summaries):
            dealer = stream.dealer if stream.status == "streaming" else stream.offered_to
            self._put(stream.id, Open(stream.organization, stream.status, dealer))

    def changed(self, after: Any) -> None:
        """A stream was adopted in that state."""
        if after.phase in LIVE:
            self._put(after.id, Open(after.organization, after.phase, engaged(after)))
        else:
            self._remove(after.id)

    def _put(self, id: str, stream: Open) -> None:
        if self._open.get(id) == stream:
            return
        self._remove(id)
        self._open[id] = stream
        if stream.dealer is not None:
            self._of_dealer[stream.dealer] = id
        if stream.waits:
            self._waiting.setdefault(stream.organization, {})[id] = None

    def _remove(self, id: str) -> None:
        old = self._open.pop(id, None)
        if old is None:
            return
        # A dealer that has moved on to another stream already is not in this one any more.
        if old.dealer is not None and self._of_dealer.get(old.dealer) == id:
            del self._of_dealer[old.dealer]
        if old.waits:
            waiting = self._waiting[old.organization]
            del waiting[id]
            if not waiting:
                del self._waiting[old.organization]

    def streamed_by(self, dealer: str) -> str | None:
        """The stream that the dealer streams."""
        id = self._of_dealer.get(dealer)
        return id if id is not None and self._open[id].status == "streaming" else None

    def waiting(self, organization: str) -> list[str]:
        """The organization's streams that wait for a dealer, who began to wait first first."""
        return list(self._waiting.get(organization, ()))

    @property
    def any_waiting(self) -> bool:
        """Whether any stream of anybody waits."""
        return bool(self._waiting)

    @property
    def organizations_waiting(self) -> list[str]:
        """Those with a stream that waits."""
        return list(self._waiting)
