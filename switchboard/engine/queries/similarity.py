"""What makes two texts alike: the words and trigrams that they share.

Trigrams are those of Postgres's pg_trgm (each word padded with two blanks before and one after) and words those of its
``simple`` configuration, but found here: the database knows only the letters of its locale. Both are stored as one
full-text vector and searched through its index; what is found is ranked here.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TypeAlias

WORD = re.compile(r"\w+")

WORDS_MOST = 60
"""Of a text: a question is asked in its first sentences, and each word brings as many trigrams as it has letters."""

WORD_LENGTH_MOST = 40
"""Characters: longer ones are numbers and addresses, of which the beginning says as much."""

PROBED_MOST = 6
"""The longest words are searched for; short ones are in every text, and finding those would read half of it all."""

LEAST_SCORE = 0.1
"""Below a third of pg_trgm's own threshold (0.3), because two words of a long question may be all that counts."""

Probes: TypeAlias = tuple[tuple[str, ...], ...]
"""Alternatives; each is terms that a text must all have."""


def words_of(text: str) -> list[str]:
    """The words of a text in their order, folded, each once."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    found = dict.fromkeys(word[:WORD_LENGTH_MOST] for word in WORD.findall(folded))
    return list(found)[:WORDS_MOST]


def trigrams_of(word: str) -> list[str]:
    """The trigrams of one word in their order."""
    padded = f"  {word} "
    return [padded[start : start + 3] for start in range(len(padded) - 2)]


def terms_of(text: str) -> frozenset[str]:
    """What is stored of a text: its words after ``w``, their trigrams after ``t``."""
    words = words_of(text)
    grams = {f"t{gram}" for word in words for gram in trigrams_of(word)}
    return frozenset({f"w{word}" for word in words} | grams)


def probes_of(text: str) -> Probes:
    """What to search for, to find texts like this one: each of its longest words, as it is or with another end."""
    longest = sorted(words_of(text), key=lambda word: (-len(word), word))[:PROBED_MOST]
    probes: list[tuple[str, ...]] = []
    for word in longest:
        probes.append((f"w{word}",))
        grams = [f"t{gram}" for gram in trigrams_of(word)]
        # Two thirds of the word from its head, or from its end: another ending, or a slip of the finger.
        span = max(3, (len(grams) * 2) // 3)
        if len(grams) > span:
            probes.append(tuple(grams[:span]))
            probes.append(tuple(grams[-span:]))
    return tuple(dict.fromkeys(probes))


def score(these: frozenset[str], those: frozenset[str]) -> float:
    """How alike two texts are by their terms, from 0 to 1: half by words and half by trigrams, shared of all."""
    return (_shared(these, those, "w") + _shared(these, those, "t")) / 2


def _shared(these: frozenset[str], those: frozenset[str], mark: str) -> float:
    left = {term for term in these if term[0] == mark}
    right = {term for term in those if term[0] == mark}
    return len(left & right) / len(left | right) if left or right else 0.0
