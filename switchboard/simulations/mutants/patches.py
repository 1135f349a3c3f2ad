"""Plants a fault by exchanging an attribute, and takes it out again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from msgspec.structs import replace as with_fields

from switchboard.store import migrations


@contextmanager
def patched(owner: Any, name: str, value: Any) -> Iterator[None]:
    """``owner.name`` is ``value`` for the length of the block.

    Raises: AttributeError if the owner itself has no such attribute: the fault would be planted beside the code.
    """
    own = vars(owner)
    if name not in own:
        raise AttributeError(f"{owner!r} has no {name!r} of its own")
    before = own[name]  # Not by getattr, which would unwrap a static method.
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


class Patches(ExitStack):
    """Attributes and pieces of SQL that are exchanged until the block ends."""

    def set(self, owner: Any, name: str, value: Any) -> None:
        """``owner.name`` is ``value`` from now on."""
        self.enter_context(patched(owner, name, value))

    def rewrite(self, old: str, new: str) -> None:
        """Databases that are set up from now on have ``new`` in their schema where the shipped one has ``old``: in each
        file, for a later one may define again what an earlier one has.

        Raises: LookupError unless ``old`` stands exactly once in the shipped files, or in each of those that have it.
        """
        shipped = migrations.shipped()
        if max(one.sql.count(old) for one in shipped) != 1:
            raise LookupError(f"the schema does not have exactly one {old!r}")
        changed = [with_fields(one, sql=one.sql.replace(old, new)) for one in shipped]
        self.set(migrations, "shipped", lambda: changed)
