"""Every expected refusal has its row in every dialect's table."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import pytest

from switchboard.engine import errors
from switchboard.engine.errors import EngineError, Rejected, Unavailable
from switchboard.web import failures
from switchboard.web.app import DIALECTS
from switchboard.web.call import Dialect
from switchboard.web.failures import WebFailure

ABSTRACT = {EngineError, Rejected, Unavailable, WebFailure}
"""Never raised themselves."""

SAMPLES = {
    "what": "gig",
    "phase": "streaming",
    "session": "a" * 24,
    "gig": "a" * 24,
    "holder": "a" * 24,
    "field": "email",
    "fields": {"email": "is wrong"},
    "retry_after_seconds": 7,
    "allowed": ["GET"],
    "method": "PUT",
    "reason": "is wrong",
    "incident": "b" * 24,
}


def subclasses(root: type[Exception]) -> Iterator[type[Exception]]:
    """All of them, wherever they are defined."""
    for one in root.__subclasses__():
        yield one
        yield from subclasses(one)


def sample(kind: type[Exception]) -> Exception:
    """An error of that kind with plausible details."""
    if kind.__init__ is Exception.__init__:
        return kind()
    names = list(inspect.signature(kind).parameters)
    return kind(*[SAMPLES[name] for name in names if name in SAMPLES])


SHARED = [
    kind
    for root in (EngineError, WebFailure)
    for kind in subclasses(root)
    if kind not in ABSTRACT and kind.__module__ in (errors.__name__, failures.__name__)
]


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("kind", SHARED, ids=lambda kind: kind.__name__)
def test_every_error_has_its_row_in_every_dialect(dialect: Dialect, kind: type[Exception]) -> None:
    """The caller's doing is a 4xx, ours a 5xx."""
    failure = dialect.failure(sample(kind))
    ours = issubclass(kind, Unavailable) or kind in (failures.Bug, failures.TooSlow)
    assert (failure.status >= 500) == ours
    assert 400 <= failure.status < 600


def test_every_engine_error_is_defined_where_the_tables_look() -> None:
    """Or it would have no row."""
    strays = [
        kind
        for kind in subclasses(EngineError)
        if kind.__module__ != errors.__name__ and kind.__module__.startswith("switchboard.")
    ]
    assert strays == []


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_what_is_not_expected_has_no_row(dialect: Dialect) -> None:
    """The door takes it for a bug then, and logs it."""
    with pytest.raises(KeyError):
        dialect.failure(ValueError())
