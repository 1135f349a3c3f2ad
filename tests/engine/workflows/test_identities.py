"""Names of people have one form."""

from __future__ import annotations

import pytest

from switchboard.engine.errors import Invalid
from switchboard.engine.workflows.identities import IdentityType, normalize


@pytest.mark.parametrize(
    ("type", "shown", "stored"),
    [
        ("email", "codehubio+29@gmail.com", "codehubio+29@gmail.com"),
        ("email", " Somebody@Example.TEST ", "somebody@example.test"),
        ("email", "me@localhost", "me@localhost"),
        ("phone", "841662203830", "+841662203830"),
        ("phone", "+84 166 220-3830", "+841662203830"),
        ("username", " Demo.User ", "demo.user"),
    ],
)
def test_an_identity_has_one_form(type: IdentityType, shown: str, stored: str) -> None:
    """The seed's phone is possible, not valid; special-use names are fine."""
    assert normalize(type, shown) == stored


@pytest.mark.parametrize(
    ("type", "shown"),
    [
        ("email", ""),
        ("email", "nobody"),
        ("email", "a@b@c"),
        ("email", "a@example.test\x00"),
        ("email", "a@" + "b" * 300 + ".test"),
        ("email", "😀@"),
        ("phone", ""),
        ("phone", "12"),
        ("phone", "+0000000000"),
        ("phone", "phone"),
        ("phone", "9" * 200),
        ("phone", "\x00"),
        ("username", ""),
        ("username", "a@b"),
        ("username", "a b"),
        ("username", "a\tb"),
        ("username", "x" * 101),
    ],
)
def test_what_is_no_identity_is_refused_by_its_type(type: IdentityType, shown: str) -> None:
    """The field's name is the type."""
    with pytest.raises(Invalid) as caught:
        normalize(type, shown)
    assert set(caught.value.fields) == {type}
