"""The adapter files: what is said to each server."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.adapter import KEYS, Adapter, filled
from benchmarks.server import ADAPTERS
from benchmarks.tools import LOADGEN

FILES = sorted(ADAPTERS.glob("*.txt"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_adapter_can_be_read_and_says_how_a_message_is_sent(file: Path) -> None:
    adapter = Adapter(file)
    if adapter.get("ws_path"):
        assert "{body}" in adapter.get("ws_send")
    else:
        assert adapter.rest is not None or adapter.steps


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_lifecycle_has_eight_steps_and_its_id_comes_from_the_first(file: Path) -> None:
    steps = Adapter(file).steps
    if steps:
        assert len(steps) == 8
        assert "{id}" not in steps[0].path
        assert all("{id}" in step.path for step in steps[1:])
        assert {step.who for step in steps} == {"A", "B"}


def test_the_load_generator_knows_every_key() -> None:
    source = LOADGEN.with_name("adapter.h").read_text()
    assert all(f'"{key}"' in source for key in KEYS)


def test_a_line_that_is_none_is_named(tmp_path: Path) -> None:
    file = tmp_path / "odd.txt"
    file.write_text("# fine\n\nws_path = /here\nws_paht = /there\n")
    with pytest.raises(ValueError, match=r"odd\.txt: ws_paht"):
        Adapter(file)


def test_a_request_has_its_body_whole(tmp_path: Path) -> None:
    file = tmp_path / "one.txt"
    file.write_text('rest = A POST 201 /x {"a": "b c"}\nstep = B DELETE 204 /y\n')
    adapter = Adapter(file)
    assert adapter.rest == ("A", "POST", 201, "/x", '{"a": "b c"}')
    assert adapter.steps == [("B", "DELETE", 204, "/y", "")]


def test_what_stands_for_something_is_replaced_and_nothing_else() -> None:
    said = filled('{"room":{room},"body":"{body}"}', room="7", token="t")
    assert said == '{"room":7,"body":"{body}"}'
