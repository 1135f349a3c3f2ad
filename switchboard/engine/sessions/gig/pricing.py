"""What a gig costs and what its operator gets, in whole seconds and whole cents; no floating point anywhere.

Source: contracts/dropin.md, 'Price'. The duration that is shown is the duration that is charged: the time from start
to stop is rounded half up to a second first, and price and share follow from that number alone, so anybody can check
them. The seed's sample is 69 s -> 11.15 and 5.58: 1000 + 115 cents, and half of 1115 is 557.5, rounded up.
"""

from __future__ import annotations

from switchboard.engine.sessions.gig.commands import Tariff


def divide_half_up(dividend: int, divisor: int) -> int:
    """``dividend / divisor`` rounded to the nearest whole number, a half upwards; neither may be negative."""
    return (2 * dividend + divisor) // (2 * divisor)


def price_cents(tariff: Tariff, duration_seconds: int) -> int:
    """What the customer pays: the base, and the minute's price pro rata by the second."""
    return tariff.base_cents + divide_half_up(tariff.minute_cents * duration_seconds, 60)


def share_cents(tariff: Tariff, price: int) -> int:
    """What the operator gets of a price in cents."""
    return divide_half_up(price * tariff.operator_share_percent, 100)
