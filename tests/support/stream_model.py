"""A stream as the contract's table tells it, written without a look at the machine, which is held against it."""

from __future__ import annotations

SECOND = 1000
OFFER = 30 * SECOND
MISSED = 120 * SECOND
WATCHDOG = 600 * SECOND
LONGEST = 4 * 3600 * SECOND


class Model:
    """A status, who has the offer, who ever had it, and when what happens by itself. No events."""

    def __init__(self, now: int, dealer: str) -> None:
        self.status = "requested"
        self.begun = now
        self.offered: str | None = dealer
        self.had = {dealer}
        self.ignored: set[str] = set()
        self.tried = now
        self.streamer: str | None = None
        self.started = 0
        self.heard = 0
        self.seconds: int | None = None
        self.note: str | None = None
        self.lead: str | None = None

    @property
    def due(self) -> int | None:
        if self.status == "requested":
            return min(self.begun + MISSED, self.tried + OFFER)
        if self.status == "streaming":
            return min(self.started + LONGEST, self.heard + WATCHDOG)
        return None

    @property
    def engaged(self) -> set[str]:
        holder = {"requested": self.offered, "streaming": self.streamer}.get(self.status)
        return set() if holder is None else {holder}

    def until(self, now: int) -> None:
        """What happens by itself up to now, at ``now``, as when a server looks at its clock late."""
        while self.due is not None and self.due <= now:
            if self.status == "streaming":
                if self.due == self.started + LONGEST:
                    self.stop(self.due)
                else:
                    self.status = "expired"
                    self.seconds = (now - self.started + 500) // SECOND
            elif now >= self.begun + MISSED:
                self.status = "missed"
            else:
                if self.offered is not None:
                    self.ignored.add(self.offered)
                self.offered, self.tried = None, now

    def offer(self, dealer: str, now: int) -> None:
        self.offered, self.tried = dealer, now
        self.had.add(dealer)

    def leave(self, now: int) -> None:
        self.offered, self.tried = None, now

    def accept(self, dealer: str, now: int) -> None:
        self.status, self.streamer = "streaming", dealer
        self.started = self.heard = now

    def stop(self, at: int) -> None:
        streamed = at - self.started if self.status == "streaming" else 0
        self.seconds = (streamed + 500) // SECOND
        self.status = "stopped" if self.lead is None else "completed"
