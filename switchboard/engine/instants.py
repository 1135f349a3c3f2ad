"""The units of time; pure, for whoever may not know a clock."""

from __future__ import annotations

from typing import TypeAlias

Instant: TypeAlias = int
"""Milliseconds since 1970-01-01T00:00:00Z."""

Milliseconds: TypeAlias = int
