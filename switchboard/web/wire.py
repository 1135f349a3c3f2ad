"""How values that several dialects share are written."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from switchboard.engine.clock import Instant


def time_text(instant: Instant | None) -> str | None:
    """``2016-04-12T03:10:12.542Z``: UTC, milliseconds. None stays None."""
    if instant is None:
        return None
    seconds, milliseconds = divmod(instant, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{milliseconds:03d}Z"


def money(cents: int | None) -> msgspec.Raw | None:
    """Cents as a JSON number with two decimals; no float is involved. None stays None."""
    if cents is None:
        return None
    sign, absolute = "-" if cents < 0 else "", abs(cents)
    return msgspec.Raw(f"{sign}{absolute // 100}.{absolute % 100:02d}".encode())
