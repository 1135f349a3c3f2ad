"""auto's calls about streams: each parses, asks the showroom, and renders what the stream became.

Source: contracts/auto.md, 'Endpoints'. The rules themselves are the stream's own (``engine/sessions/stream``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast, get_args

from switchboard.engine.queries.streams import StreamFilter
from switchboard.engine.sessions.stream import (
    LIVE,
    Stream,
    StreamStatus,
    StreamSummary,
    summary,
)
from switchboard.engine.workflows.dealers import membership
from switchboard.web.call import Call
from switchboard.web.dialects.auto.callers import (
    Caller,
    caller_of,
    key_of,
    only_dealer,
    viewer_token,
)
from switchboard.web.dialects.auto.shapes import Json, stream_shape, video_shape
from switchboard.web.reading import PAGE_MOST, Reader

STATUSES: tuple[str, ...] = get_args(StreamStatus)

PAGE = 20
"""contracts/auto.md."""

VIN_LENGTH_MOST = 64
"""contracts/auto.md."""

NAME_LENGTH_MOST = 200
"""Of what a page calls its visitor: pages send UUIDs, with some words around them at most."""


# -- what is shown ----------------------------------------------------------------------------------------------


async def shown(call: Call, stream: Stream, caller: Caller) -> Json:
    """The stream: note and lead to its organization alone, the keys to its room to each party while it lasts."""
    inside = caller.of_organization(stream)
    [shape] = await _shapes(call, [summary(stream)], inside=inside)
    if stream.video is not None and stream.phase in LIVE:
        party = caller.party(stream)
        if party == "dealer" and caller.account is not None:
            engine = call.services.engine
            token = engine.video.token(stream.video, caller.account.id, engine.clock.now())
            shape["video"] = _video(call, stream, token)
        elif party == "viewer":
            shape["video"] = _video(call, stream, _viewers_key(call, stream, None))
    return shape


async def _shapes(call: Call, streams: Sequence[StreamSummary], *, inside: bool) -> list[Json]:
    if not streams:
        return []
    store = call.services.engine.store
    vehicles = await store.vehicles.many(
        streams[0].organization, [stream.vin.upper() for stream in streams]
    )
    leads = await store.leads.many([one.lead for one in streams if one.lead]) if inside else {}
    return [
        stream_shape(
            stream,
            vehicles.get(stream.vin.upper()),
            note=stream.note if inside else None,
            lead=leads.get(stream.lead or ""),
        )
        for stream in streams
    ]


def _video(call: Call, stream: Stream, token: str) -> Json:
    assert stream.video is not None
    base, websocket = call.base_url(), call.base_url("ws")
    shape = video_shape(stream.video, token, base=base, websocket=websocket)
    return {**shape, "iceServers": list(call.services.settings.ice_servers)}


def _viewers_key(call: Call, stream: Stream, viewer: str | None) -> str:
    """The visitor's key to the room: between browsers it is the viewer token itself (contracts/realtime.md)."""
    assert stream.video is not None
    if stream.video.provider == "p2p":
        return viewer or viewer_token(call, stream.id)
    engine = call.services.engine
    return engine.video.token(stream.video, f"viewer-{stream.id}", engine.clock.now())


def _with_video(shape: Json, video: Json) -> Json:
    """With the keys beside it too, where older clients look for them."""
    flat = {name: video[name] for name in ("apiKey", "sessionId", "token")}
    return {**shape, "video": video, **flat}


# -- the steps --------------------------------------------------------------------------------------------------


def _request(reader: Reader) -> dict[str, Any]:
    return {
        "vin": reader.required_text("vin", most=VIN_LENGTH_MOST),
        "guest": reader.text("guestId", most=NAME_LENGTH_MOST) or None,
        "visitor": reader.text("sessionId", most=NAME_LENGTH_MOST) or None,
    }


async def request(call: Call) -> Json:
    """POST /streams/request/:organizationCode."""
    fields = call.parse(_request)
    caller = await caller_of(call)
    stream = await call.services.showroom.requests.make(
        call.arguments["organization"],
        **fields,
        address=call.address,
        key=key_of(call, "request", caller),
        caused_by=call.id,
    )
    viewer = viewer_token(call, stream.id)
    [shape] = await _shapes(call, [summary(stream)], inside=False)
    if stream.video is not None:
        shape = _with_video(shape, _video(call, stream, _viewers_key(call, stream, viewer)))
    return {**shape, "viewerToken": viewer}


async def accept(call: Call) -> Json:
    """POST /streams/accept/:streamId."""
    only_dealer(call.caller)
    stream, token = await call.services.showroom.accept(
        call.arguments["stream"],
        call.caller,
        key=call.key("people", "auto-accept"),
        caused_by=call.id,
    )
    [shape] = await _shapes(call, [summary(stream)], inside=True)
    return _with_video(shape, _video(call, stream, token))


async def stop(call: Call) -> Json:
    """POST /streams/stop/:streamId."""
    showroom, id = call.services.showroom, call.arguments["stream"]
    caller = await caller_of(call)
    party = caller.party(await showroom.read(id))
    stream = await showroom.stop(
        id,
        party,
        by=None if caller.account is None else caller.account.id,
        key=key_of(call, "stop", caller),
        caused_by=call.id,
    )
    return await shown(call, stream, caller)


async def show(call: Call) -> Json:
    """GET /streams/:streamId."""
    stream = await call.services.showroom.read(call.arguments["stream"])
    return await shown(call, stream, await caller_of(call))


async def note(call: Call) -> Json:
    """POST /streams/note/:streamId: whoever writes it is shown what is written now."""
    text = call.parse(lambda reader: reader.required_text("note"))
    caller = await caller_of(call)
    stream = await call.services.showroom.note(
        call.arguments["stream"],
        text,
        by=None if caller.account is None else caller.account.id,
        key=key_of(call, "note", caller),
        caused_by=call.id,
    )
    return {**await shown(call, stream, caller), "note": stream.note}


# -- the list ---------------------------------------------------------------------------------------------------


def _filter(reader: Reader, organization: str) -> StreamFilter:
    statuses = reader.choices("status", "status[]", of=STATUSES)
    if reader.has("sortBy"):
        reader.choice("sortBy", of=("createdAt",))
    order = reader.choice("sortOrder", of=("-1", "1")) if reader.has("sortOrder") else "-1"
    skip, limit = reader.page("skip", PAGE)
    return StreamFilter(
        organization=organization,
        statuses=cast("tuple[StreamStatus, ...] | None", statuses),
        ids=reader.words("streamIds", "streamIds[]", most=PAGE_MOST),
        created_from=reader.instant("from"),
        created_to=reader.instant("to"),
        ascending=order == "1",
        skip=skip or 0,
        limit=limit,
    )


async def listed(call: Call) -> list[Json]:
    """GET /streams: of the dealer's organization; whoever waits for approval has none yet."""
    organization = membership(call.caller)
    wanted = call.parse_query(lambda reader: _filter(reader, organization or ""))
    if organization is None:
        return []
    found = await call.services.engine.store.streams.page(wanted)
    return await _shapes(call, found, inside=True)
