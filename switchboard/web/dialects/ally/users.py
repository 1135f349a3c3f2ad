"""ally's calls about users: registration, lists, profiles, devices, their rooms."""

from __future__ import annotations

from typing import Any, NamedTuple

from switchboard.engine.errors import Conflict, Invalid, NotAllowed, NotFound
from switchboard.engine.ids import is_id
from switchboard.engine.records import Account, Device, DeviceType
from switchboard.engine.workflows.support_people import app_of, is_staff, only_staff
from switchboard.web.call import Call
from switchboard.web.dialects.ally import shapes
from switchboard.web.dialects.ally.callers import named_user
from switchboard.web.dialects.ally.errors import CannotRegister, MissingAlias
from switchboard.web.dialects.ally.rooms import rooms_shape
from switchboard.web.dialects.ally.shapes import (
    Json,
    device_shape,
    known_user_shape,
    listed_user_shape,
    user_shape,
)
from switchboard.web.dialects.ally.tokens import app_named, claim
from switchboard.web.reading import PAGE_MOST, Reader
from switchboard.web.services import Services

DEVICE_TOKEN_LENGTH_MOST = 4096
"""Longer than Apple's and Google's."""


async def register(call: Call) -> Json:
    """POST /api/user/register: a new client with its support room, or the one that has the alias."""
    given = call.parse(claim)
    if given.alias is None:
        raise MissingAlias
    app = await app_named(call, given.app)
    said = call.parse(shapes.profile)
    try:
        account = await call.services.support.people.register(
            app, given.alias, said, address=call.address
        )
    except Invalid as error:
        raise CannotRegister("; ".join(error.fields.values())) from error
    except Conflict as error:
        raise CannotRegister(str(error)) from error
    return known_user_shape(account)


class Wanted(NamedTuple):
    """Which users a list is to show."""

    aliases: tuple[str, ...] | None
    ids: tuple[str, ...] | None
    skip: int
    limit: int


def _wanted(reader: Reader) -> Wanted:
    aliases = reader.strings("alias", most=PAGE_MOST)
    ids = reader.strings("id", most=PAGE_MOST)
    skip, limit = reader.page("offset")
    return Wanted(aliases, ids, skip or 0, limit)


async def listed(call: Call) -> Json:
    """GET /api/users: those named, else all of the app for the desk, and for clients those they share a room with."""
    wanted, caller = call.parse_query(_wanted), call.caller
    app, directory = app_of(caller), call.services.directory
    if wanted.aliases is not None or wanted.ids is not None:
        named = await _named(call, app, wanted)
        count, found = len(named), named[wanted.skip : wanted.skip + wanted.limit]
    elif is_staff(caller):
        count = await directory.count(app)
        found = list(await directory.of_organization(app, wanted.skip, wanted.limit))
    else:
        company = sorted({*await call.services.support.rooms.company(caller), caller.id})
        some = company[wanted.skip : wanted.skip + wanted.limit]
        accounts = await directory.many(some)
        count, found = len(company), [accounts[id] for id in some if id in accounts]
    return {"users": [listed_user_shape(one) for one in found], "count": count}


async def _named(call: Call, app: str, wanted: Wanted) -> list[Account]:
    people = call.services.support.people
    found: dict[str, Account] = {}
    for alias in wanted.aliases or ():
        account = await people.by_alias(app, alias)
        if account is not None:
            found[account.id] = account
    ids = [id for id in wanted.ids or () if is_id(id)]
    found.update(await call.services.directory.many(ids))
    named = (one for one in found.values() if one.organization == app and one.status == "active")
    return sorted(named, key=lambda one: one.id)


async def show(call: Call) -> Json:
    """GET /api/user/:id: by id or alias; whole to itself and the desk."""
    user, caller = await named_user(call), call.caller
    whole = user.id == caller.id or is_staff(caller)
    return user_shape(user) if whole else known_user_shape(user)


async def me(call: Call) -> Json:
    """GET /api/me."""
    return user_shape(call.caller)


async def describe(call: Call) -> Json:
    """POST /api/user/:id: one's own, or an administrator's doing."""
    user, caller = await named_user(call), call.caller
    if user.id != caller.id and not caller.admin:
        raise NotAllowed
    said = call.parse(shapes.profile)
    return user_shape(await call.services.support.people.describe(user, said))


async def _self(call: Call) -> Account:
    """The caller, whom the path must name. Raises: NotFound, NotAllowed."""
    user = await named_user(call)
    if user.id != call.caller.id:
        raise NotAllowed
    return user


async def _self_or_desk(call: Call) -> Account:
    """The user whom the path names, if that is the caller's to see. Raises: NotFound, NotAllowed."""
    user = await named_user(call)
    if user.id != call.caller.id:
        only_staff(call.caller)
    return user


def _page(call: Call) -> tuple[int, int]:
    skip, limit = call.parse_query(lambda reader: reader.page("offset"))
    return skip or 0, limit


async def rooms(call: Call) -> Json:
    """GET /api/user/:id/rooms: the newest activity first."""
    user = await _self_or_desk(call)
    views = await call.services.room_lists.of_member(user.id, *_page(call))
    return {"rooms": await rooms_shape(call, views)}


async def active_rooms(call: Call) -> Json:
    """GET /api/user/:id/active_rooms: those that the operator holds."""
    only_staff(call.caller)
    user = await named_user(call)
    views = await call.services.room_lists.held_by(user.id, *_page(call))
    return {"rooms": await rooms_shape(call, views)}


async def user_rooms(call: Call) -> Json:
    """GET /api/user/:id/user_rooms: how far the user has read each of its rooms."""
    user = await _self_or_desk(call)
    found = await call.services.room_lists.memberships(user.id, *_page(call))
    return {"user_rooms": [shapes.user_room_shape(one, marker) for one, marker in found]}


async def meet(call: Call) -> Any:
    """POST /api/user/:id/rooms: the room with another user, found or made."""
    caller = await _self(call)
    named = call.parse(lambda reader: reader.required_text("user", most=shapes.WORD_LENGTH_MOST))
    support = call.services.support
    try:
        other = await support.people.named(app_of(caller), named)
    except NotFound:
        raise NotFound("user") from None
    if other.id == caller.id:
        raise Invalid({"user": "must be somebody else"})
    room = await support.rooms.between(caller, other)
    view = await call.services.room_lists.view(room, caller.id)
    return (await rooms_shape(call, [view]))[0]


def _device(reader: Reader) -> tuple[str, Any]:
    token = reader.required_text("device_token", most=DEVICE_TOKEN_LENGTH_MOST)
    return token, reader.choice("device_type", of=("ios", "android"))


async def register_device(call: Call) -> Json:
    """POST /api/user/:id/devices: in place of the one with the same token."""
    caller = await _self(call)
    token, type = call.parse(_device)
    return device_shape(await keep_device(call.services, caller, token, type))


async def keep_device(services: Services, owner: Account, token: str, type: DeviceType) -> Device:
    """The owner is pushed to there, in place of who had that token before. Raises: StoreDown."""
    engine = services.engine
    now = engine.clock.now()
    device = Device(
        id=engine.ids.new(now),
        account=owner.id,
        address=token,
        type=type,
        bundle="",
        created_at=now,
        updated_at=now,
    )
    return await services.pushes.register(device)
