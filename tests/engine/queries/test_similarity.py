"""Words and trigrams in any alphabet, and what they say of two texts."""

from __future__ import annotations

import pytest

from switchboard.engine.queries.similarity import (
    LEAST_SCORE,
    WORD_LENGTH_MOST,
    WORDS_MOST,
    probes_of,
    score,
    terms_of,
    trigrams_of,
    words_of,
)


def alike(one: str, other: str) -> float:
    return score(terms_of(one), terms_of(other))


def finds(asked: str, text: str) -> bool:
    return any(terms_of(text).issuperset(probe) for probe in probes_of(asked))


def test_words_are_folded_and_counted_once() -> None:
    assert words_of("Где МОЙ телефон, где?") == ["где", "мой", "телефон"]
    assert words_of("Straße STRASSE") == ["strasse"]
    assert words_of("  ?! ") == []


def test_trigrams_are_those_of_a_padded_word() -> None:
    assert trigrams_of("cat") == ["  c", " ca", "cat", "at "]


def test_a_long_text_has_so_many_terms_and_no_more() -> None:
    text = " ".join(f"{'x' * 60}{number}" for number in range(1000))
    assert len(words_of(text + " " + "слово " * 1000)) <= WORDS_MOST
    assert max(map(len, words_of(text))) == WORD_LENGTH_MOST
    assert len(terms_of(" ".join(f"word{number}" for number in range(1000)))) < 5 * WORDS_MOST


def test_a_text_is_like_itself_and_unlike_another() -> None:
    assert alike("where is my card", "WHERE is my card?") == 1
    assert alike("where is my card", "qqq") == 0
    assert alike("", "") == 0
    assert alike("карта", "карты") > LEAST_SCORE
    assert alike("where is my card", "my card") > alike("where is my card", "my dog")


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ("мобильный", "Мобильные платежи"),
        ("заблокировать", "как мне разблокировать счёт"),
        ("transfering", "money transfer"),
        ("card", "a card"),
    ],
)
def test_a_word_is_found_with_another_end_or_beginning(asked: str, text: str) -> None:
    assert finds(asked, text)


def test_nothing_is_searched_for_without_words() -> None:
    assert probes_of("?!") == ()
    assert not finds("кредит", "карта")
