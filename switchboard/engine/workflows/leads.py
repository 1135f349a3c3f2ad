"""Leads: what visitors leave to be called back, as records that their streams know of."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from msgspec.structs import replace

from switchboard.engine.engine import Engine
from switchboard.engine.errors import KeyReused, NotFound, OrganizationDisabled
from switchboard.engine.ids import is_id
from switchboard.engine.records import Lead
from switchboard.engine.runtime.letter import Key
from switchboard.engine.sessions.kind import Address
from switchboard.engine.sessions.stream import LinkLead, Stream, by_visitor
from switchboard.engine.workflows.quotas import Counter, Quotas
from switchboard.engine.workflows.stream_requests import BY_VISITOR


@dataclass(frozen=True, kw_only=True, slots=True)
class NewLead:
    """What the visitor sent. Either ``stream``, which goes first, or ``organization`` and ``vin`` are there."""

    stream: str | None = None
    organization: str | None = None
    """A code."""
    vin: str | None = None
    session: str | None = None
    """The visitor's own session id, or a stream's id."""
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    comment: str | None = None


class LeadDesk:
    """Takes leads."""

    def __init__(self, engine: Engine, counter: Counter, quotas: Quotas) -> None:
        self._engine = engine
        self._counter = counter
        self._quotas = quotas

    async def take(
        self,
        wanted: NewLead,
        *,
        address: str,
        key: Key | None = None,
        caused_by: str | None = None,
    ) -> Lead:
        """Stores the lead and tells its stream, if it has one.

        Args:
            address: where it came from, for the limit.
            key: the same key again is answered with the first lead.

        Raises:
            LimitExceeded; NotFound: no such stream, or organization; OrganizationDisabled; KeyReused; Unavailable: the
            lead may be stored and its stream untold; repeat with the same key.
        """
        await self._counter.count("lead/address", address, self._quotas.leads_per_address)
        stream, organization = await self._whose(wanted)
        now = self._engine.clock.now()
        lead = Lead(
            # By its key a repeat finds the first one, whose row needs no table of keys beside it.
            id=self._engine.ids.new(now) if key is None else _id_of(key),
            organization=organization,
            stream=None if stream is None else stream.id,
            vin=wanted.vin or (None if stream is None else stream.vin),
            session=wanted.session,
            email=wanted.email,
            first_name=wanted.first_name,
            last_name=wanted.last_name,
            phone=wanted.phone,
            comment=wanted.comment,
            created_at=now,
        )
        stored = await self._engine.store.leads.add(lead)
        if replace(stored, created_at=now) != lead:
            raise KeyReused
        if stream is not None:
            link = LinkLead(lead=stored.id)
            await self._engine.ask(
                Address("stream", stream.id), link, by=BY_VISITOR, caused_by=caused_by
            )
        return stored

    async def _whose(self, wanted: NewLead) -> tuple[Stream | None, str]:
        """The stream, if there is one, and the organization's id."""
        if wanted.stream is not None:
            stream = await self._stream(wanted.stream)
            if stream is None:
                raise NotFound("stream")
            return stream, stream.organization
        house = await self._engine.store.organizations.find(wanted.organization or "")
        if house is None:
            raise NotFound("organization")
        if not house.enabled:
            raise OrganizationDisabled
        return await self._of_session(house.id, wanted.session), house.id

    async def _of_session(self, organization: str, session: str | None) -> Stream | None:
        """The organization's stream with that id, else the visitor's latest one; None if it has none."""
        if not session:
            return None
        stream = await self._stream(session)
        if stream is not None and stream.organization == organization:
            return stream
        listed = await self._engine.store.sessions.listed(
            by_visitor(organization), session, None, 0, 1
        )
        return await self._stream(listed[0].address.id) if listed else None

    async def _stream(self, id: str) -> Stream | None:
        state = await self._engine.read(Address("stream", id)) if is_id(id) else None
        return state if isinstance(state, Stream) else None


def _id_of(key: Key) -> str:
    return hashlib.sha256(b"lead/" + key.key.encode("utf-8", "replace")).hexdigest()[:24]
