"""Which turns may share a batch: no refusal may rest on a turn of the same batch that could itself still lose."""

from __future__ import annotations

from switchboard.engine.ports import Turn
from switchboard.engine.sessions.kind import Address, Claim


class Separation:
    """Admits turns to one batch, first come first served, as long as they do not touch the same thing.

    A turn that is not admitted still reserves what it touches, so that no later turn overtakes it: among turns that
    want the same thing the order of arrival holds.
    """

    __slots__ = ("_addresses", "_barred", "_claims", "_keys", "_rows", "_scopes")

    def __init__(self) -> None:
        self._addresses: set[Address] = set()
        self._claims: set[Claim] = set()
        self._scopes: set[str] = set()
        """Scopes in which a claim is taken or released."""
        self._barred: set[str] = set()
        self._keys: set[str] = set()
        self._rows: set[str] = set()
        """Ids of outbox rows that are written or consumed."""

    def admits(self, turn: Turn) -> bool:
        """Whether the turn shares nothing with those seen before; either way it now counts as seen."""
        free = turn.address not in self._addresses
        self._addresses.add(turn.address)
        for claim in turn.taken + turn.released:
            if claim in self._claims or claim.scope in self._barred:
                free = False
        for scope in turn.bars:
            if scope in self._scopes:
                free = False
        for reply in turn.keyed:
            if reply.key in self._keys:
                free = False
        for outbox_id in turn.consumed:
            if outbox_id in self._rows:
                free = False
        for row in turn.outbox:
            if row.id in self._rows:
                free = False
        self._reserve(turn)
        return free

    def _reserve(self, turn: Turn) -> None:
        """Apart from the checks, because a turn is never in its own way."""
        for claim in turn.taken + turn.released:
            self._claims.add(claim)
            self._scopes.add(claim.scope)
        self._barred.update(turn.bars)
        for reply in turn.keyed:
            self._keys.add(reply.key)
        self._rows.update(turn.consumed)
        for row in turn.outbox:
            self._rows.add(row.id)
