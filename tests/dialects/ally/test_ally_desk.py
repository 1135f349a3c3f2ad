"""The room and its issue: a support case from the first word to the statistics, and who may do what in it."""

from __future__ import annotations

import trio
from desks import Desk, Voice, desk
from trio.testing import MockClock, wait_all_tasks_blocked

from switchboard.engine.workflows.rooms import RoomSettings


async def case(at: Desk) -> tuple[Voice, Voice, Voice, str]:
    """A client with its room, and two operators."""
    client = await at.client("client")
    return client, await at.staff("first"), await at.staff("second"), await client.room()


async def test_a_support_case_end_to_end(mock_clock: MockClock) -> None:
    async with desk() as at:
        client, first, second, room = await case(at)
        admin = await at.staff("admin", admin=True)
        asked = (await client.say(room, "How do I block my card?")).message
        assert asked.issue is not None
        held = await first.ok("PUT", f"/room/{room}/active")
        assert (held["active_operator"], held["status"]) == (first.id, 1)
        active = (await first.ok("GET", f"/user/{first.id}/active_rooms"))["rooms"]
        assert [one["id"] for one in active] == [room]
        mock_clock.jump(30)
        answered = (await first.say(room, "Call us, we block it at once.")).message
        assert answered.issue == asked.issue
        issue = await first.ok("GET", f"/issue/{asked.issue}")
        assert issue["answered_at"] == issue["created_at"] + 30
        await admin.ok("POST", f"/room/{room}/tags", tag="cards")
        closed = await first.ok("DELETE", f"/room/{room}/active")
        assert (closed["active_operator"], closed["last_issue"]["is_open"]) == (None, False)
        assert closed["last_issue"]["closed_by"] == first.id
        stats = (await second.ok("GET", "/issues/stats"))["stats"]
        assert len(stats) == 30
        assert {key: stats[-1][key] for key in ("count", "opened", "closed")} == {
            "count": 1,
            "opened": 1,
            "closed": 1,
        }
        assert stats[-1]["answered_in_seconds_median"] == 30
        assert stats[0]["answered_in_seconds_median"] is None
        assert stats[0]["count"] == 0
        for query, count in (
            ("tag=cards", 1),
            ("tag=other", 0),
            (f"closed_by={first.id}", 1),
            (f"closed_by={second.id}", 0),
            ("is_open=0", 1),
            ("is_open=1", 0),
        ):
            (day,) = (await second.ok("GET", f"/issues/stats?{query}"))["stats"][-1:]
            assert day["opened"] == count, query
        other = await at.client("other")
        again = (await other.say(await other.room(), "how can I block the card")).message
        answers = (await second.ok("GET", f"/issue/{again.issue}/answers"))["answers"]
        assert [one["message"] for one in answers] == ["Call us, we block it at once."]
        assert answers[0]["question"] == "How do I block my card?"
        assert (answers[0]["issue"], answers[0]["room"]) == (asked.issue, room)
        assert 0 < answers[0]["score"] <= 1
        queue = await second.ok("GET", "/issues?is_open=1")
        assert (queue["count"], queue["issues"][0]["id"]) == (1, again.issue)


async def test_a_room_that_another_holds_is_not_taken_or_freed_even_by_an_administrator() -> None:
    async with desk() as at:
        client, first, second, room = await case(at)
        admin = await at.staff("admin", admin=True)
        asked = (await client.say(room, "help")).message
        await first.ok("PUT", f"/room/{room}/active")
        await first.ok("PUT", f"/room/{room}/active")
        for who in (second, admin):
            reply = await who.call("PUT", f"/room/{room}/active")
            assert (reply.status, reply.body["error"]["code"]) == (409, 2409)
            assert reply.body["error"]["holder"] == first.id
        reply = await second.call("DELETE", f"/room/{room}/active")
        assert (reply.status, reply.body["error"]["holder"]) == (409, first.id)
        assert (await second.post(f"/issue/{asked.issue}/close")).status == 409
        said = (await second.say(room, "from aside")).message
        assert said.issue == asked.issue
        shown = await first.ok("GET", f"/room/{room}")
        assert shown["active_operator"] == first.id
        assert shown["last_issue"]["answered_at"] is None
        handed = await first.ok("DELETE", f"/room/{room}/active?close=0")
        assert (handed["active_operator"], handed["last_issue"]["is_open"]) == (None, True)
        assert (await second.ok("DELETE", f"/room/{room}/active"))["last_issue"]["is_open"]
        await second.ok("PUT", f"/room/{room}/active")
        freed = await admin.ok("DELETE", f"/room/{room}/active")
        assert freed["last_issue"]["closed_by"] == admin.id


async def test_an_issue_is_closed_and_the_room_stays_held() -> None:
    async with desk() as at:
        client, first, _, room = await case(at)
        asked = (await client.say(room, "help")).message
        await first.say(room, "yes?")
        closed = await first.ok("POST", f"/issue/{asked.issue}/close")
        assert (closed["is_open"], closed["closed_by"]) == (False, first.id)
        assert await first.ok("POST", f"/issue/{asked.issue}/close") == closed
        assert (await first.ok("GET", f"/room/{room}"))["active_operator"] == first.id
        after = (await first.say(room, "anything else?")).message
        assert after.issue is None
        fresh = (await client.say(room, "yes, this")).message
        assert fresh.issue not in (None, asked.issue)


async def test_a_holder_who_is_silent_for_its_time_loses_the_room(mock_clock: MockClock) -> None:
    async with desk(rooms=RoomSettings(holder_timeout=900_000)) as at:
        client, first, second, room = await case(at)
        await client.say(room, "help")
        await first.ok("PUT", f"/room/{room}/active")
        mock_clock.jump(899)
        await wait_all_tasks_blocked()
        assert (await second.call("PUT", f"/room/{room}/active")).status == 409
        mock_clock.jump(2)
        await wait_all_tasks_blocked()
        shown = await second.ok("GET", f"/room/{room}")
        assert (shown["active_operator"], shown["last_issue"]["is_open"]) == (None, True)


async def test_a_deleted_operator_frees_its_rooms_and_stays_in_what_it_closed() -> None:
    async with desk() as at:
        client, first, second, room = await case(at)
        admin = await at.staff("admin", admin=True)
        asked = (await client.say(room, "help")).message
        await first.ok("PUT", f"/room/{room}/active")
        await first.ok("POST", f"/issue/{asked.issue}/close")
        await client.say(room, "one more")
        await admin.ok("DELETE", f"/operator/{first.id}")
        shown = await second.ok("GET", f"/room/{room}")
        assert (shown["active_operator"], shown["last_issue"]["is_open"]) == (None, True)
        assert (await second.ok("GET", f"/issue/{asked.issue}"))["closed_by"] == first.id
        assert (await first.get("/me")).body["error"]["code"] == 1002


async def test_the_last_administrator_stays() -> None:
    async with desk() as at:
        one, other = await at.staff("one", admin=True), await at.staff("other", admin=True)
        results = []

        async def remove(who: Voice, whom: Voice) -> None:
            results.append((await who.call("DELETE", f"/operator/{whom.id}")).status)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(remove, one, other)
            nursery.start_soon(remove, other, one)
        assert sorted(results) in ([200, 400], [200, 409])
        (left,) = await at.world.services.support.people.staff(at.app.id)
        last = one if left.id == one.id else other
        for method, form in (("DELETE", None), ("POST", {"is_admin": "0"})):
            reply = await last.call(method, f"/operator/{last.id}", form)
            assert (reply.status, reply.body["error"]["code"]) == (409, 2409)


async def test_another_password_or_role_voids_the_operators_tokens() -> None:
    async with desk() as at:
        admin = await at.staff("admin", admin=True)
        for change in ({"password": "another"}, {"is_admin": "1"}):
            operator = await at.staff(f"operator-{next(iter(change))}")
            await admin.ok("POST", f"/operator/{operator.id}", avatar_url="http://a.test/x.png")
            assert (await operator.get("/me")).status == 200
            await admin.ok("POST", f"/operator/{operator.id}", **change)
            assert (await operator.get("/me")).body["error"]["code"] == 1002
