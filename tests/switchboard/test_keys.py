"""The keys in the data folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from switchboard import keys
from switchboard.engine.errors import StartError


def test_keys_are_made_once_and_are_private(tmp_path: Path) -> None:
    first = keys.token_keys(tmp_path)
    assert keys.token_keys(tmp_path) == first
    assert (tmp_path / keys.FILE_NAME).stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == [keys.FILE_NAME]


def test_a_rotation_signs_with_a_new_key_and_keeps_the_old_ones(tmp_path: Path) -> None:
    first = keys.token_keys(tmp_path)
    rotated = keys.rotate(tmp_path)
    assert next(iter(rotated)) not in first
    assert first.items() <= rotated.items()
    for _ in range(keys.KEPT_MOST):
        rotated = keys.rotate(tmp_path)
    assert len(rotated) == keys.KEPT_MOST
    assert not first.keys() & rotated.keys()


@pytest.mark.parametrize("content", ["", "kid:short", "no pair at all"])
def test_a_damaged_file_stops_the_start(tmp_path: Path, content: str) -> None:
    (tmp_path / keys.FILE_NAME).write_text(content)
    with pytest.raises(StartError, match=keys.FILE_NAME):
        keys.token_keys(tmp_path)


def test_a_file_that_is_no_text_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / keys.FILE_NAME).write_bytes(b"\xff\xfe")
    with pytest.raises(StartError, match="not text"):
        keys.token_keys(tmp_path)


def test_derived_keys_differ_by_purpose_and_outlive_a_rotation(tmp_path: Path) -> None:
    first = keys.token_keys(tmp_path)
    made = [keys.derived(first, purpose) for purpose in ("video", "codes")]
    rotated = keys.rotate(tmp_path)
    assert [keys.derived(rotated, purpose) for purpose in ("video", "codes")] == made
    assert len({*made, *first.values()}) == 3
    assert all(len(key) == 32 for key in made)
