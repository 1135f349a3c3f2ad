"""auto's leads and vehicles. Source: contracts/auto.md, 'Endpoints'."""

from __future__ import annotations

from switchboard.engine.workflows import vins
from switchboard.engine.workflows.leads import NewLead
from switchboard.web.call import Call
from switchboard.web.dialects.auto.callers import caller_of, key_of
from switchboard.web.dialects.auto.errors import CannotCreateLead
from switchboard.web.dialects.auto.shapes import Json, lead_shape, vin_shape
from switchboard.web.reading import Reader

NAME_LENGTH_MOST = 200
"""Of what names something: ids, codes, a vehicle's number, the page's session id."""


def _lead(reader: Reader) -> NewLead:
    return NewLead(
        stream=reader.text("streamId", most=NAME_LENGTH_MOST) or None,
        organization=reader.text("organizationToken", most=NAME_LENGTH_MOST) or None,
        vin=reader.text("vinId", most=NAME_LENGTH_MOST) or None,
        session=reader.text("sessionId", most=NAME_LENGTH_MOST) or None,
        email=reader.text("email"),
        first_name=reader.text("firstName"),
        last_name=reader.text("lastName"),
        phone=reader.text("phone"),
        comment=reader.text("comment"),
    )


async def take(call: Call) -> Json:
    """POST /leads."""
    wanted = call.parse(_lead)
    if wanted.stream is None and (wanted.organization is None or wanted.vin is None):
        raise CannotCreateLead
    caller = await caller_of(call)
    lead = await call.services.leads.take(
        wanted, address=call.address, key=key_of(call, "lead", caller), caused_by=call.id
    )
    return lead_shape(lead)


async def vin(call: Call) -> Json:
    """GET /vin/:vinId: what the number says, and what the organization says about its own car."""
    decoded = vins.decode(call.arguments["vin"])
    code = call.parse_query(lambda reader: reader.text("organization", most=NAME_LENGTH_MOST))
    shape = vin_shape(decoded)
    store = call.services.engine.store
    organization = await store.organizations.find(code) if code else None
    if organization is not None:
        vehicles = await store.vehicles.many(organization.id, [decoded.vin])
        for vehicle in vehicles.values():
            shape |= {"model": vehicle.model, "photo": vehicle.photo}
    return shape
