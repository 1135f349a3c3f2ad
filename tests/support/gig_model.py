"""A gig as the contract's table tells it, written without a look at the machine: what the machine is held against."""

from __future__ import annotations

from switchboard.engine.sessions.gig.journeys import CUSTOMER, OPERATOR, SECOND_OPERATOR

LIVE = {"pendingOperator", "operatorFound", "operatorEnroute", "handshaking", "streaming"}
OVER_AND_PAID = {"purchased", "voted", "invoiceGenerated", "invoiceSent", "compensated"}


class Model:
    """What the contract's table says, kept as plainly as possible: a status and a few facts, no events."""

    def __init__(self, now: int) -> None:
        self.status = "pendingOperator"
        self.waiting = {OPERATOR, SECOND_OPERATOR}
        self.rejected: set[str] = set()
        self.operator: str | None = None
        self.started = 0
        self.heard = 0
        self.due: int | None = now + 30_000
        self.rated: dict[str, int] = {}
        self.locked: set[str] = set()
        self.seconds: int | None = None
        self.invoice_from = 0
        self.cancelled_by: str | None = None
        self.backed_out: str | None = None
        self.stopped_early = False

    @property
    def parties(self) -> set[str]:
        return {CUSTOMER} | ({self.operator} if self.operator else set())

    def until(self, now: int) -> None:
        """What happens by itself, in order, up to now."""
        while self.due is not None and self.due <= now:
            if self.status == "purchased":
                self.locked, self.due = self.parties - set(self.rated), None
            elif self.status == "streaming" and self.due == self.started + 8 * 3_600_000:
                self.purchase(now)
            else:
                self.over("terminated" if self.status == "streaming" else "expired")

    def over(self, status: str) -> None:
        self.status, self.due = status, None

    def purchase(self, now: int) -> None:
        streamed = min(now - self.started, 8 * 3_600_000)
        self.seconds = (streamed + 500) // 1000
        self.status, self.due = "purchased", now + 60_000
        self.invoice_from = now + 7 * 24 * 3_600_000

    def hear(self, now: int) -> None:
        if self.status == "streaming":
            self.due = min(self.started + 8 * 3_600_000, now + 600_000)

    def enter(self, status: str, now: int, span: int) -> None:
        self.status, self.due = status, now + span
