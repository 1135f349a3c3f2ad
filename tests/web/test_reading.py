"""Fields are read leniently, checked strictly, and every wrong one is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard.engine.errors import Invalid
from switchboard.web.reading import OBJECT_BYTES_MOST, TEXT_LENGTH_MOST, Reader, read


def one(parser: Callable[[Reader], Any], value: Any) -> Any:
    """What the parser reads from the field ``f``."""
    return read({"f": value}, parser)


def number(reader: Reader) -> float:
    """A latitude."""
    return reader.required_number("f", least=-90, most=90)


@pytest.mark.parametrize(
    "value", [10.79, "10.79", [10.79], ["10.79"], " 10.79 ", "1.079e1", "+10.79"]
)
def test_a_number_may_come_as_a_string_or_a_list_of_one(value: Any) -> None:
    """contracts/README.md."""
    assert one(number, value) == 10.79


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        " ",
        "x",
        "nan",
        "NaN",
        "inf",
        "Infinity",
        "1_0",
        "١٢",
        "0x10",
        True,
        False,
        {},
        [1, 2],
        [],
        91,
        -90.01,
        "1e400",
        10**400,
        [[1]],
        "1" * 100,
        "1,5",
        "--1",
        ".",
    ],
)
def test_what_is_no_number_is_named(value: Any) -> None:
    """Also what ``float`` would take."""
    with pytest.raises(Invalid) as caught:
        one(number, value)
    assert set(caught.value.fields) == {"f"}


@pytest.mark.parametrize("value", [4, "4", [4], ["4"], 4.0, "4.0"])
def test_a_whole_number_may_come_in_every_spelling(value: Any) -> None:
    """The rating: int, "4" or [4]."""
    assert one(lambda reader: reader.required_integer("f", least=1, most=5), value) == 4


@pytest.mark.parametrize("value", [None, 0, 6, 4.5, "4.5", "four", True, [1, 2], {"a": 1}])
def test_what_is_no_whole_number_in_range_is_refused(value: Any) -> None:
    """Out of range is as wrong as out of kind."""
    with pytest.raises(Invalid):
        one(lambda reader: reader.required_integer("f", least=1, most=5), value)


@pytest.mark.parametrize("value", ["accept", ["accept"]])
def test_a_choice_may_come_as_a_list_of_one(value: Any) -> None:
    """The seed writes enums as lists, and clients copied it."""
    assert one(lambda reader: reader.choice("f", of=("accept", "reject")), value) == "accept"


@pytest.mark.parametrize("value", [None, "", "maybe", ["accept", "reject"], 1, True, {}, []])
def test_another_choice_is_refused(value: Any) -> None:
    """Both at once included."""
    with pytest.raises(Invalid):
        one(lambda reader: reader.choice("f", of=("accept", "reject")), value)


@pytest.mark.parametrize("value", ["a\x00b", "x" * (TEXT_LENGTH_MOST + 1), {"a": 1}, True, 1.5])
def test_what_is_no_text_is_refused(value: Any) -> None:
    """NUL, too long, another kind."""
    with pytest.raises(Invalid):
        one(lambda reader: reader.text("f"), value)


def test_a_phone_written_as_a_number_is_text() -> None:
    """JSON clients drop the quotes of what looks like a number."""
    assert one(lambda reader: reader.text("f"), 841662203830) == "841662203830"


@pytest.mark.parametrize("value", [{"city": "Saigon"}, '{"city":"Saigon"}', [{"city": "Saigon"}]])
def test_an_object_may_come_as_json_text(value: Any) -> None:
    """metaData."""
    assert one(lambda reader: reader.object_text("f"), value) == '{"city":"Saigon"}'


@pytest.mark.parametrize(
    "value",
    [
        "{",
        "[1]",
        '"x"',
        7,
        True,
        {"a": "x" * OBJECT_BYTES_MOST},
        {"a": "\x00"},
        {"\x00": 1},
        '{"a":NaN}',
        '{"a":"\\u0000"}',
    ],
)
def test_what_is_no_storable_object_is_refused(value: Any) -> None:
    """Too large, with NUL inside, or something else."""
    with pytest.raises(Invalid):
        one(lambda reader: reader.object_text("f"), value)


def test_an_escaped_backslash_is_no_nul() -> None:
    """The six characters \\u0000 are harmless."""
    assert one(lambda reader: reader.object("f"), {"a": "\\u0000"}) == {"a": "\\u0000"}


def test_every_wrong_field_is_named_at_once() -> None:
    """A client's author sees all of them in one go."""
    with pytest.raises(Invalid) as caught:
        read(
            {"latitude": "x", "rating": 9},
            lambda reader: (
                reader.required_number("latitude", least=-90, most=90),
                reader.required_number("longitude", "lng", least=-180, most=180),
                reader.required_integer("rating", least=1, most=5),
            ),
        )
    assert set(caught.value.fields) == {"latitude", "longitude", "rating"}


@pytest.mark.parametrize("value", ["a,b", ["a", "b"], ["a,b"], "a, b,"])
def test_some_choices_may_come_as_a_comma_list_or_repeated(value: Any) -> None:
    """getall's status."""
    assert one(lambda reader: reader.choices("f", of=("a", "b")), value) == ("a", "b")


@pytest.mark.parametrize("value", ["c", ["a", "c"], 7, [1], {"a": 1}])
def test_an_unknown_one_among_choices_is_refused(value: Any) -> None:
    """Silently leaving it out would show too little."""
    with pytest.raises(Invalid):
        one(lambda reader: reader.choices("f", of=("a", "b")), value)


@pytest.mark.parametrize("value", ["a,b", ["a", "b"], ["a,b", "a"], " a , b,", ["", "a", "b"]])
def test_some_words_may_come_as_a_comma_list_or_repeated(value: Any) -> None:
    """auto's streamIds."""
    assert one(lambda reader: reader.words("f", most=9), value) == ("a", "b")


def test_words_that_are_none_or_too_many_are_told_apart() -> None:
    """Nothing is no filter, and a list without end is refused."""
    nothing: tuple[Any, ...] = (None, "", ",", [])
    for value in nothing:
        assert one(lambda reader: reader.words("f", most=1), value) is None
    wrong: tuple[Any, ...] = ("a,b", 7, [1], {"a": 1})
    for value in wrong:
        with pytest.raises(Invalid):
            one(lambda reader: reader.words("f", most=1), value)


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ("2016-04-12T03:10:12.542Z", 1_460_430_612_542),
        ("2016-04-12T05:10:12.542+02:00", 1_460_430_612_542),
        ("2016-04-12T03:10:12", 1_460_430_612_000),
        (" 2016-04-12 ", 1_460_419_200_000),
        (1_460_430_612_542, 1_460_430_612_542),
        ("1460430612542", 1_460_430_612_542),
        (["2016-04-12"], 1_460_419_200_000),
        ("", None),
        (None, None),
    ],
)
def test_a_time_is_iso_8601_or_milliseconds(value: Any, instant: int | None) -> None:
    """In UTC unless it says otherwise."""
    assert one(lambda reader: reader.instant("f"), value) == instant


@pytest.mark.parametrize(
    "value",
    [
        *("yesterday", "12.04.2016", "2016-13-01", "1e9", "-1", "9" * 16, "0001-01-01T00:00:00Z"),
        *(-1, 1.5, True, {"a": 1}, 10**20, ["a", "b"]),
    ],
)
def test_what_is_no_time_is_refused(value: Any) -> None:
    """Also what no calendar or no column holds."""
    with pytest.raises(Invalid):
        one(lambda reader: reader.instant("f"), value)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON_VALUES)
def test_no_value_makes_reading_fail_otherwise(value: Any) -> None:
    """Whatever JSON holds is read or refused by name."""
    readers: tuple[Callable[[Reader], Any], ...] = (
        number,
        lambda reader: reader.text("f"),
        lambda reader: reader.required_integer("f", least=1, most=5),
        lambda reader: reader.choice("f", of=("a",)),
        lambda reader: reader.choices("f", of=("a",)),
        lambda reader: reader.object_text("f"),
        lambda reader: reader.objects("f", most=10),
        lambda reader: reader.reference("f"),
        lambda reader: reader.words("f", most=5),
        lambda reader: reader.instant("f"),
    )
    for reader in readers:
        try:
            one(reader, value)
        except Invalid as refused:
            assert set(refused.fields) == {"f"}  # noqa: PT017


@pytest.mark.parametrize(
    ("value", "flag"),
    [
        (True, True),
        ("true", True),
        ("True ", True),
        (["1"], True),
        (1, True),
        ("on", True),
        (False, False),
        ("0", False),
        (0, False),
        ("no", False),
        (None, None),
        ("", None),
    ],
)
def test_a_truth_value_may_come_as_forms_write_one(value: Any, flag: bool | None) -> None:
    assert one(lambda reader: reader.flag("f"), value) is flag


@pytest.mark.parametrize("value", ["perhaps", 2, -1, 1.0, {}, [True, False]])
def test_what_is_neither_true_nor_false_is_refused(value: Any) -> None:
    with pytest.raises(Invalid):
        one(lambda reader: reader.flag("f"), value)


@pytest.mark.parametrize("value", ["text", ["one"], [], {}, {"a": [1]}, 5, 0, False, 1.5])
def test_anything_is_taken_as_it_was_given(value: Any) -> None:
    """A list of one too, which is one value everywhere else."""
    read_back = one(lambda reader: reader.anything("f"), value)
    assert (read_back, type(read_back)) == (value, type(value))


@pytest.mark.parametrize(
    "value", ["x" * (TEXT_LENGTH_MOST + 1), "a\0", ["a\0"], ["x" * OBJECT_BYTES_MOST]]
)
def test_anything_has_a_size_and_no_nul(value: Any) -> None:
    with pytest.raises(Invalid):
        one(lambda reader: reader.anything("f"), value)
