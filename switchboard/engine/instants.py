"""The units of time; pure, for whoever may not know a clock."""

from __future__ import annotations

from typing import TypeAlias

Instant: TypeAlias = int
"""Milliseconds since 1970-01-01T00:00:00Z."""

Milliseconds: TypeAlias = int


def whole_seconds(span: Milliseconds) -> int:
    """A span in seconds, half up: 68.5 s to below 69.5 s are the 69 s that a person with a watch would say."""
    return (max(span, 0) + 500) // 1000
