"""ally's calls about issues: one, closing, the queue, statistics, answers from history."""

from __future__ import annotations

from typing import NamedTuple

from switchboard.engine.clock import Instant, Milliseconds
from switchboard.engine.errors import Invalid
from switchboard.engine.queries.issues import DaysWanted, IssueFilter
from switchboard.engine.workflows.support_people import app_of, only_staff
from switchboard.web.call import Call
from switchboard.web.dialects.ally.callers import id_in
from switchboard.web.dialects.ally.shapes import Json, answer_shape, day_shape, issue_shape
from switchboard.web.reading import PAGE_MOST, Reader

DAY: Milliseconds = 24 * 3_600_000

DAYS_USUAL = 30
DAYS_MOST = 366
"""A year at a time."""

ANSWERS_USUAL = 5
"""contracts/ally.md, GET /api/issue/:id/answers."""


async def show(call: Call) -> Json:
    """GET /api/issue/:id."""
    record = await call.services.support.rooms.issue(call.caller, id_in(call, "issue"))
    return issue_shape(await call.services.issues.view(record))


async def close(call: Call) -> Json:
    """POST /api/issue/:id/close: the room stays held."""
    operator, services = call.caller, call.services
    only_staff(operator)
    record = await services.support.rooms.issue(operator, id_in(call, "issue"))
    _, closed = await services.issues.close(
        record.id, operator.id, admin=operator.admin, caused_by=call.id
    )
    return issue_shape(await services.issues.view(closed))


async def answers(call: Call) -> Json:
    """GET /api/issue/:id/answers: what the desk answered to the most similar first messages, best first."""
    only_staff(call.caller)
    record = await call.services.support.rooms.issue(call.caller, id_in(call, "issue"))
    limit = call.parse_query(lambda reader: reader.integer("limit", least=0, most=10**9))
    most = min(ANSWERS_USUAL if limit is None else limit, PAGE_MOST)
    found = await call.services.issues.answers(record.id, most)
    return {"answers": [answer_shape(one) for one in found]}


class Wanted(NamedTuple):
    """A page of the queue."""

    is_open: bool | None
    tag: str | None
    skip: int
    limit: int


def _wanted(reader: Reader) -> Wanted:
    skip, limit = reader.page("offset")
    return Wanted(reader.flag("is_open"), reader.text("tag") or None, skip or 0, limit)


async def listed(call: Call) -> Json:
    """GET /api/issues: the longest waiting first."""
    only_staff(call.caller)
    wanted = call.parse_query(_wanted)
    issues = call.services.issues
    which = IssueFilter(app=app_of(call.caller), is_open=wanted.is_open, tag=wanted.tag)
    views = await issues.page(which, wanted.skip, wanted.limit)
    return {"issues": [issue_shape(view) for view in views], "count": await issues.count(which)}


class Range(NamedTuple):
    """Which days, and which issues count."""

    since: Instant | None
    until: Instant | None
    tag: str | None
    closed_by: str | None
    is_open: bool | None


def _range(reader: Reader) -> Range:
    return Range(
        since=reader.instant("from"),
        until=reader.instant("to"),
        tag=reader.text("tag") or None,
        closed_by=reader.text("closed_by") or None,
        is_open=reader.flag("is_open"),
    )


async def statistics(call: Call) -> Json:
    """GET /api/issues/stats: every day from ``from`` to ``to``, both included; by default the last 30."""
    only_staff(call.caller)
    given, services = call.parse_query(_range), call.services
    offset = services.settings.support_day_offset

    def day_of(at: Instant) -> Instant:
        """The first instant of its day."""
        return (at + offset) // DAY * DAY - offset

    # A date without an hour means the day of that name in the desk's own zone.
    last = day_of(services.engine.clock.now()) if given.until is None else day_of(given.until)
    first = last - (DAYS_USUAL - 1) * DAY if given.since is None else day_of(given.since)
    if first > last:
        raise Invalid({"from": "must not be after to"})
    if last - first >= DAYS_MOST * DAY:
        raise Invalid({"from": f"must be at most {DAYS_MOST} days before to"})
    days = await services.issues.days(
        DaysWanted(
            app=app_of(call.caller),
            since=first,
            until=last + DAY,
            tag=given.tag,
            closed_by=given.closed_by,
            is_open=given.is_open,
        )
    )
    return {"stats": [day_shape(day, offset) for day in days]}
