"""Price and share to the cent."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.engine.instants import whole_seconds
from switchboard.engine.sessions.gig import Tariff
from switchboard.engine.sessions.gig.pricing import (
    divide_half_up,
    price_cents,
    share_cents,
)

DURATIONS = st.integers(0, 8 * 3600)
TARIFFS = st.builds(
    Tariff,
    base_cents=st.integers(0, 100_000),
    minute_cents=st.integers(0, 100_000),
    operator_share_percent=st.integers(0, 100),
)


def exactly(value: Decimal) -> int:
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def test_the_seeds_sample_of_69_s_costs_11_15_and_pays_5_58() -> None:
    assert price_cents(Tariff(), 69) == 1115
    assert share_cents(Tariff(), 1115) == 558


@pytest.mark.parametrize(
    ("milliseconds", "seconds"),
    [(0, 0), (499, 0), (500, 1), (68_499, 68), (68_500, 69), (69_000, 69), (69_499, 69), (-5, 0)],
)
def test_a_span_is_rounded_half_up_to_a_second(milliseconds: int, seconds: int) -> None:
    assert whole_seconds(milliseconds) == seconds


@pytest.mark.parametrize(
    ("seconds", "cents"), [(0, 1000), (1, 1002), (3, 1005), (30, 1050), (60, 1100), (3600, 7000)]
)
def test_the_minutes_price_counts_pro_rata_by_the_second(seconds: int, cents: int) -> None:
    assert price_cents(Tariff(), seconds) == cents


@given(TARIFFS, DURATIONS)
def test_price_and_share_are_the_exact_amounts_rounded_half_up(
    tariff: Tariff, seconds: int
) -> None:
    price = price_cents(tariff, seconds)
    minutes = Decimal(tariff.minute_cents * seconds) / 60
    assert price == tariff.base_cents + exactly(minutes)
    share = Decimal(price * tariff.operator_share_percent) / 100
    assert share_cents(tariff, price) == exactly(share)


@given(TARIFFS, DURATIONS, DURATIONS)
def test_a_longer_stream_never_costs_less(tariff: Tariff, one: int, other: int) -> None:
    shorter, longer = sorted((one, other))
    assert price_cents(tariff, shorter) <= price_cents(tariff, longer)


@given(TARIFFS, DURATIONS)
def test_the_operator_never_gets_more_than_the_customer_pays(tariff: Tariff, seconds: int) -> None:
    price = price_cents(tariff, seconds)
    assert 0 <= share_cents(tariff, price) <= price


@given(st.integers(0, 10**9), st.integers(1, 10**6))
def test_half_up_division_is_off_by_at_most_a_half(dividend: int, divisor: int) -> None:
    assert -divisor <= 2 * (dividend - divisor * divide_half_up(dividend, divisor)) < divisor
