"""What people of every kind of session have in common: their pace, their signs of life, their clients."""

from __future__ import annotations

PULSE_SECONDS = (20.0, 45.0)
"""Between signs of life: two are lost before a person counts as away (120 s)."""

BRISK_PULSE_SECONDS = (10.0, 22.0)
"""The same where a person counts as away after 60 s."""

BRISK_PACE = 0.15
"""So that what takes an hour is over in some minutes."""

KEYED = 0.6
"""The share of people whose client sends idempotency keys, or gives its messages ids of its own."""
