"""What can be found wrong after a trial."""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["lost", "doubled", "invented", "contradiction", "conduct"]
"""Acknowledged and not there; there twice; there though nobody asked for it or it was refused; what is stored or shown
does not agree with the journal; the server behaved otherwise than it must."""


class Finding(NamedTuple):
    """One thing that must not be."""

    kind: Kind
    what: str
    after: str = ""
    """The fault after which it was found."""

    def __str__(self) -> str:
        return f"{self.kind}: {self.what}" + (f" (after: {self.after})" if self.after else "")
