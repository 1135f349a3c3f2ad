"""Tables and charts of a comparison."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from comparisons import a_sitting, measured
from rich.console import Console

from benchmarks.charts import STYLE, WIDTH, charts
from benchmarks.report import report
from benchmarks.results import Results, Spread
from benchmarks.tables import number, remarks, shown, tables

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("value", "text"), [(12345.6, "12,346"), (99.94, "99.9"), (12.34, "12.3"), (0.456, "0.46")]
)
def test_a_number_has_three_digits_that_count(value: float, text: str) -> None:
    assert number(value) == text


def test_a_spread_is_shown_with_its_range_if_it_has_one() -> None:
    assert shown(Spread(1.0, 2.0, 3.0)) == "2.00 (1.00-3.00)"
    assert shown(Spread(2.0, 2.0, 2.0)) == "2.00"
    assert shown(None) == ""


def test_switchboard_is_shown_as_a_multiple_of_each_peer() -> None:
    beside = tables(Results(a_sitting()))[0]
    row = next(row for row in beside.rows if row[:2] == ["W3 REST 16", "Express"])
    assert row[2] == "1.99 (1.98-2.00)"
    assert all(len(row) == len(beside.columns) for row in beside.rows)


def test_every_table_is_markdown_with_as_many_cells_in_each_row() -> None:
    for table in tables(Results(a_sitting())):
        lines = [line for line in table.markdown().splitlines() if line.startswith("|")]
        assert len(lines) == len(table.rows) + 2
        assert {line.count(" | ") for line in lines} == {len(table.columns) - 1}


def test_what_went_wrong_stands_beside_the_figures() -> None:
    from msgspec.structs import replace

    one = measured("express", "W2 500x2", 0, 10.0, others=1.0)
    assert one.load is not None
    worse = replace(one, load=replace(one.load, lost=2, fifo_bad=1, same_order=False))
    said = remarks(Results([worse]), "W2 500x2", "express")
    assert said == "lost: 2, overtaking, no common order, noisy"


def test_charts_are_well_formed_and_their_bars_within_the_picture() -> None:
    made = charts(Results(a_sitting()))
    assert [chart.name for chart in made] == ["throughput", "cpu", "p99", "memory"]
    for chart in made:
        picture = ElementTree.fromstring(chart.svg())
        assert picture.tag == f"{SVG}svg"
        assert picture.findtext(f"{SVG}title") == chart.title
        bars = picture.findall(f"{SVG}rect")
        assert bars
        for bar in bars:
            assert (
                0
                <= float(bar.attrib["x"])
                <= float(bar.attrib["x"]) + float(bar.attrib["width"])
                <= WIDTH
            )


def test_charts_follow_a_dark_background() -> None:
    assert "prefers-color-scheme:dark" in STYLE
    light, _, dark = STYLE.partition("@media")
    for name in (".text", ".quiet", ".ours", ".peer", ".range"):
        assert name + "{" in light
        assert name + "{" in dark


def test_a_report_leaves_table_charts_and_nothing_unnamed(tmp_path: Path) -> None:
    report(Results(a_sitting()), tmp_path, Console(quiet=True))
    text = (tmp_path / "report.md").read_text()
    for chart in tmp_path.glob("*.svg"):
        assert f"({chart.name})" in text
    assert "FastAPI <asyncpg>" in text
    assert len(list(tmp_path.glob("*.svg"))) == 4
