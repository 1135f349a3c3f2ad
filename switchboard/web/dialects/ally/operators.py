"""ally's calls about operators and administrators, and the server's time."""

from __future__ import annotations

from switchboard.engine.workflows.support_people import app_of, only_administrators, only_staff
from switchboard.web.call import Call
from switchboard.web.dialects.ally.callers import id_in
from switchboard.web.dialects.ally.shapes import Json, operator_shape, staff_member


async def time(call: Call) -> Json:
    """GET /api/time: seconds since the epoch."""
    return {"time": call.services.engine.clock.now() / 1000}


async def listed(call: Call) -> Json:
    """GET /api/operators: everybody of the desk."""
    staff = await call.services.support.people.staff(app_of(call.caller))
    return {"operators": [operator_shape(one) for one in staff]}


async def show(call: Call) -> Json:
    """GET /api/operator/:id."""
    only_staff(call.caller)
    people = call.services.support.people
    found = await people.member_of_staff(app_of(call.caller), id_in(call, "operator"))
    return operator_shape(found)


async def add(call: Call) -> Json:
    """POST /api/operator."""
    only_administrators(call.caller)
    member = call.parse(staff_member)
    return operator_shape(await call.services.support.people.add_staff(app_of(call.caller), member))


async def change(call: Call) -> Json:
    """POST /api/operator/:id."""
    only_administrators(call.caller)
    id, member = id_in(call, "operator"), call.parse(staff_member)
    people = call.services.support.people
    return operator_shape(await people.change_staff(app_of(call.caller), id, member))


async def remove(call: Call) -> Json:
    """DELETE /api/operator/:id: its rooms are free, their issues stay open."""
    only_administrators(call.caller)
    people = call.services.support.people
    return operator_shape(await people.remove_staff(app_of(call.caller), id_in(call, "operator")))
