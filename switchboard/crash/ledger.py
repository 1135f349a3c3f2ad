"""What the clients of a trial write down: every operation, each attempt at it, and what came back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Outcome = Literal["waiting", "acknowledged", "refused", "unknown", "failed"]
"""Of an attempt: no answer yet, a 2xx, a 4xx, no answer or a 503 (it may have happened), any other 5xx (a bug)."""


@dataclass(slots=True, eq=False)
class Attempt:
    """One request."""

    sent_at: float
    """On Trio's clock."""
    port: int
    """Of the server that it was sent to."""
    outcome: Outcome = "waiting"
    request: str | None = None
    """The ``X-Request-Id`` of its answer, which is the journal's ``caused_by``; None if there was no answer."""
    status: int = 0
    answer: Any = None
    late: bool = False
    """The client gave it up; whatever else stands here came later."""

    def note(self, status: int, request: str | None, answer: Any) -> None:
        """Writes the answer down."""
        self.status, self.request, self.answer = status, request, answer
        if 200 <= status < 300:
            self.outcome = "acknowledged"
        elif status == 503:
            self.outcome = "unknown"
        else:
            self.outcome = "failed" if status >= 500 else "refused"


@dataclass(slots=True, eq=False)
class Operation:
    """Something that a person wanted done once, however often it was asked for."""

    number: int
    call: str
    """The name of the route: ``request``, ``claim``, ``rate``, ``register``, ``online``, ..."""
    account: str
    """Whose it is; of a registration the address that was registered."""
    gig: str | None = None
    effects: tuple[str, ...] = ()
    """The events of which it leaves exactly one in the gig's journal."""
    key: str | None = None
    body: Any = None
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def acknowledged(self) -> Attempt | None:
        """The first attempt that was."""
        return next((one for one in self.attempts if one.outcome == "acknowledged"), None)

    @property
    def uncertain(self) -> bool:
        """Whether an attempt may have happened without anybody having been told so."""
        return any(one.outcome in ("unknown", "waiting", "failed") for one in self.attempts)

    @property
    def unanswered(self) -> bool:
        """Whether an attempt had no answer at all, so that the journal may name a request that nobody knows."""
        return any(one.request is None for one in self.attempts)

    @property
    def requests(self) -> frozenset[str]:
        """The ids of all attempts whose answers came."""
        return frozenset(one.request for one in self.attempts if one.request is not None)

    @property
    def reasons(self) -> Iterator[tuple[str | None, str | None]]:
        """(gig, status) that refusals named as what was in the way; a status is one of the operation's own gig."""
        for attempt in self.attempts:
            if attempt.outcome == "refused":
                data = attempt.answer[0].get("data") or {}
                if "gig" in data:
                    yield data["gig"], None
                elif "status" in data:
                    yield self.gig, data["status"]

    def __str__(self) -> str:
        heard = ", ".join(
            f"{one.outcome}{f' {one.status}' if one.status else ''}" for one in self.attempts
        )
        key = f" with key {self.key}" if self.key else ""
        return (
            f"#{self.number} {self.call} by {self.account} of gig {self.gig}{key}: {heard or '-'}"
        )


class Ledger:
    """All operations of a trial, and of them those since the last check."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self.by_request: dict[str, tuple[Operation, Attempt]] = {}
        """By the id of the answer."""
        self._of_gig: dict[str, list[Operation]] = {}
        self._touched: dict[Operation, None] = {}

    def operation(
        self,
        call: str,
        account: str,
        *,
        gig: str | None = None,
        effects: tuple[str, ...] = (),
        keyed: bool = False,
        body: Any = None,
    ) -> Operation:
        """A new one, not yet attempted."""
        number = len(self.operations)
        key = f"key-{number}" if keyed else None
        operation = Operation(number, call, account, gig, effects, key, body)
        self.operations.append(operation)
        if gig is not None:
            self._of_gig.setdefault(gig, []).append(operation)
        return operation

    def of_gig(self, gig: str | None) -> Sequence[Operation]:
        """The operations about that gig, its request included if it was acknowledged."""
        return () if gig is None else self._of_gig.get(gig, ())

    def begin(self, operation: Operation, now: float, port: int) -> Attempt:
        """An attempt that is about to be sent."""
        attempt = Attempt(now, port)
        operation.attempts.append(attempt)
        self._touched[operation] = None
        return attempt

    def note(self, operation: Operation, attempt: Attempt) -> None:
        """An attempt's answer has been noted."""
        self._touched[operation] = None
        if attempt.request is not None:
            self.by_request[attempt.request] = operation, attempt
        if operation.gig is None and attempt.outcome == "acknowledged":
            answer = attempt.answer
            if operation.call == "request":
                gig = operation.gig = answer["gig"]["id"]
                self._of_gig.setdefault(gig, []).append(operation)

    def withdraw(self, operation: Operation, attempt: Attempt) -> None:
        """Nothing was sent after all."""
        operation.attempts.remove(attempt)

    def fresh(self) -> list[Operation]:
        """The operations with attempts since the last call."""
        touched, self._touched = list(self._touched), {}
        return touched

    def attempts(self) -> Iterator[Attempt]:
        """All attempts."""
        for operation in self.operations:
            yield from operation.attempts
