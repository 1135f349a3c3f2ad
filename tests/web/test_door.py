"""What is true of every request to every dialect."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
from auto_people import house
from structlog.testing import capture_logs
from web_worlds import WebWorld, web_world

from switchboard.engine.errors import (
    CommitUnknown,
    LimitExceeded,
    MailboxFull,
    SessionCrashed,
    StoreDown,
)
from switchboard.web import WebSettings, create_app
from switchboard.web.app import DIALECTS
from switchboard.web.call import Call, Dialect, Route

CODES = {
    "dropin": {404: "E_NOT_FOUND", 405: "E_METHOD", 413: "E_TOO_LARGE", 415: "E_UNSUPPORTED_TYPE"},
    "auto": {
        404: "ERROR_NOT_FOUND",
        405: "ERROR_METHOD",
        413: "ERROR_TOO_LARGE",
        415: "ERROR_UNSUPPORTED_TYPE",
    },
}
LOGIN = {"dropin": "/dropin/login", "auto": "/auto/auth"}


def with_route(world: WebWorld, handler: Callable[[Call], Awaitable[Any]]) -> WebWorld:
    """The world with one more call in dropin, ``GET`` and ``POST /probe``."""
    dropin = DIALECTS[1]
    routes = (Route("GET", "/probe", handler, True), Route("POST", "/probe", handler, True))
    probed = Dialect(
        name="dropin",
        prefix="/dropin",
        routes=routes,
        credential=dropin.credential,
        success=dropin.success,
        failure=dropin.failure,
    )
    return WebWorld(
        create_app(world.services, [probed]),
        world.services,
        world.outbox,
        world.database,
        world.folder,
        world.phones,
    )


@pytest.mark.parametrize("dialect", ["dropin", "auto"])
async def test_what_goes_wrong_before_a_handler_has_the_dialects_shape(dialect: str) -> None:
    """Unknown path, wrong method, too large, unreadable type: JSON with the dialect's code."""
    login = LOGIN[dialect]
    async with web_world(WebSettings(body_bytes_most=1000, access_log=False)) as world:
        for reply, status in (
            (await world.get(f"/{dialect}/nowhere"), 404),
            (await world.get(f"/{dialect}"), 404),
            (await world.get(f"/{dialect}/"), 404),
            (await world.post(f"/{dialect}//login"), 404),
            (await world.get(login), 405),
            (await world.call("DELETE", login), 405),
            (await world.call("TRACE", login), 405),
            (await world.post(login, {"email": "x" * 2000}), 413),
            (await world.post(login, raw=b"<a/>", kind="application/xml"), 415),
        ):
            assert (reply.status, reply.code) == (status, CODES[dialect][status])
            assert reply.headers["Content-Type"] == "application/json"
            assert reply.headers["X-Request-Id"]


async def test_nothing_answers_html_anywhere() -> None:
    """Not outside of the dialects either."""
    async with web_world() as world:
        for path in ("/", "/nowhere", "//", "/dropinx/login", "/static/x", "/dropin/%00", "/%ff"):
            for method in ("GET", "POST", "PUT", "HEAD"):
                reply = await world.call(method, path)
                assert reply.status == 404, path
                assert reply.headers["Content-Type"] == "application/json"


async def test_a_wrong_method_names_the_right_ones() -> None:
    """RFC 9110, 15.5.6."""
    async with web_world() as world:
        reply = await world.get("/dropin/login")
        assert reply.headers["Allow"] == "POST"


async def test_a_path_answers_with_and_without_its_trailing_slash() -> None:
    """No redirects."""
    async with web_world() as world:
        for path in ("/dropin/login", "/dropin/login/", "/auto/auth", "/auto/auth/"):
            assert (await world.post(path, {})).status == 400
        admin = await world.admin()
        for path in (f"/gigs/{admin.id}/getall", f"/gigs/{admin.id}/getall/"):
            assert (await admin.get(path)).body == []


async def test_a_post_may_say_that_it_is_another_method() -> None:
    """For clients behind proxies that know GET and POST only; a GET may not."""
    async with web_world() as world:
        admin = await world.admin()
        override = {"X-HTTP-Method-Override": "get"}
        path = f"/dropin/accounts/{admin.id}"
        assert (await world.post(path, token=admin.token, headers=override)).status == 200
        assert (await world.post(path, token=admin.token)).status == 405
        override = {"X-HTTP-Method-Override": "POST"}
        assert (await world.get("/dropin/login", headers=override)).status == 405


async def test_a_host_can_be_bound_to_a_dialect() -> None:
    """It answers at the root of that host, errors too."""
    settings = WebSettings(dialect_hosts={"Gigs.example.test": "dropin"}, access_log=False)
    async with web_world(settings) as world:
        bound = {"Host": "gigs.example.test:8000"}
        assert (await world.post("/login", {}, headers=bound)).code == "E_VALIDATION"
        assert (await world.get("/nowhere", headers=bound)).code == "E_NOT_FOUND"
        assert (await world.post("/dropin/login", {})).code == "E_VALIDATION"
        assert (await world.post("/login", {})).code is None
        assert (await world.get("/healthz", headers=bound)).status == 200


async def test_addresses_in_answers_are_those_of_the_bound_host() -> None:
    """Whatever the public address of the others is."""
    settings = WebSettings(
        dialect_hosts={"cars.example.test": "auto"},
        public_url="https://live.example.test",
        access_log=False,
    )
    async with web_world(settings) as world:
        home = await house(world)
        await (await home.dealer("a")).online()
        path = f"/streams/request/{home.code}"
        bound = {"Host": "cars.example.test"}
        video = (await world.post(path, {"vin": "x"}, headers=bound)).data["video"]
        assert video["authEndpoint"] == "http://cars.example.test/socket/auth"
        await (await home.dealer("b")).online()
        other = await home.requested()
        assert other["video"]["authEndpoint"] == "https://live.example.test/auto/socket/auth"


async def test_any_origin_may_read_answers_by_default() -> None:
    """Without credentials; the requested headers are echoed as allowed."""
    async with web_world() as world:
        reply = await world.post("/dropin/login", {}, headers={"Origin": "https://a.test"})
        assert reply.headers["Access-Control-Allow-Origin"] == "*"
        assert "Retry-After" in reply.headers["Access-Control-Expose-Headers"]
        assert "Access-Control-Allow-Credentials" not in reply.headers
        asked = {
            "Origin": "https://a.test",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization, x-viewer-token",
        }
        for path in ("/dropin/login", "/dropin/nowhere", "/auto/auth"):
            reply = await world.call("OPTIONS", path, headers=asked)
            assert reply.status == 204
            allowed = reply.headers["Access-Control-Allow-Headers"]
            assert allowed == "authorization, x-viewer-token"
            assert "POST" in reply.headers["Access-Control-Allow-Methods"]


async def test_only_the_origins_of_the_settings_may_read_answers() -> None:
    """Another one is answered, and its browser hides the answer."""
    settings = WebSettings(cors_origins=("https://a.test",), access_log=False)
    async with web_world(settings) as world:
        good = await world.post("/dropin/login", {}, headers={"Origin": "https://a.test"})
        bad = await world.post("/dropin/login", {}, headers={"Origin": "https://b.test"})
        assert good.headers["Access-Control-Allow-Origin"] == "https://a.test"
        assert "Access-Control-Allow-Origin" not in bad.headers
        assert good.headers["Vary"] == bad.headers["Vary"] == "Origin"


@pytest.mark.parametrize(
    ("error", "status", "code", "wait"),
    [
        (StoreDown(), 503, "E_BUSY", "1"),
        (CommitUnknown(), 503, "E_BUSY", "1"),
        (MailboxFull(), 503, "E_BUSY", "1"),
        (LimitExceeded(17), 429, "E_TOO_MANY", "17"),
        (SessionCrashed("c" * 24), 500, "E_SERVER_ERROR", None),
        (trio.TooSlowError(), 503, "E_BUSY", "1"),
    ],
)
async def test_what_is_no_fault_of_the_request_says_when_to_come_back(
    error: Exception, status: int, code: str, wait: str | None
) -> None:
    """And a crash names the incident under which the supervisor logged it."""

    async def fail(_call: Call) -> Any:
        raise error

    async with web_world() as world:
        reply = await with_route(world, fail).get("/dropin/probe")
        assert (reply.status, reply.code) == (status, code)
        assert reply.headers.get("Retry-After") == wait
        if status == 500:
            assert reply.data == {"id": "c" * 24}


@pytest.mark.parametrize("error", [ValueError("secret"), ExceptionGroup("x", [ValueError()])])
async def test_a_bug_is_a_500_whose_id_is_in_the_log(error: Exception) -> None:
    """With its traceback there and without a trace of it here."""

    async def fail(_call: Call) -> Any:
        raise error

    async with web_world() as world:
        probed = with_route(world, fail)
        with capture_logs() as logs:
            reply = await probed.get("/dropin/probe")
        assert (reply.status, reply.code) == (500, "E_SERVER_ERROR")
        assert "secret" not in str(reply.body)
        logged = next(one for one in logs if one["event"] == "request_failed")
        assert logged["incident"] == reply.data["id"]
        assert logged["exc_info"] is error


async def test_an_answer_that_cannot_be_written_is_a_500() -> None:
    """Rendering is inside the door too."""

    async def unwritable(_call: Call) -> Any:
        return object()

    async with web_world() as world:
        assert (await with_route(world, unwritable).get("/dropin/probe")).status == 500


async def test_a_handler_that_takes_too_long_is_answered_503(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """The request's time is a setting."""

    async def never(_call: Call) -> Any:
        await trio.sleep_forever()

    async with web_world(WebSettings(request_seconds=10, access_log=False)) as world:
        reply = await with_route(world, never).get("/dropin/probe")
        assert (reply.status, reply.code, reply.headers["Retry-After"]) == (503, "E_BUSY", "1")
        assert trio.current_time() > 0
        assert autojump_clock.autojump_threshold == 0


async def test_a_body_that_does_not_arrive_is_unreadable(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """The sender hears that it was slow."""
    async with web_world() as world:
        client = world.app.test_client()
        headers = {"Content-Length": "10", "Content-Type": "application/json"}
        async with client.request("/dropin/login", method="POST", headers=headers) as connection:
            await connection.send(b"{")
            answer = await connection.receive()
        assert b"E_BAD_REQUEST" in answer
        assert b"did not arrive in time" in answer
    assert autojump_clock.rate == 0


async def test_the_access_log_has_neither_query_nor_token() -> None:
    """Tokens may stand in the query."""
    async with web_world(WebSettings(access_log=True)) as world:
        admin = await world.admin()
        with capture_logs() as logs:
            reply = await world.get(f"/dropin/accounts/{admin.id}?auth_token={admin.token}")
        assert reply.status == 200
        logged = [one for one in logs if one["event"] == "request"]
        assert admin.token not in str(logs)
        assert logged[0]["path"] == f"/dropin/accounts/{admin.id}"
        assert logged[0]["request"] == reply.headers["X-Request-Id"]
        assert (logged[0]["status"], logged[0]["account"]) == (200, admin.id)


async def test_the_requests_id_is_in_the_journal() -> None:
    """Whoever reads the journal finds the request behind each step."""
    async with web_world() as world:
        customer, _ = await world.customer(), await world.operator()
        reply = await customer.post("/gigs", {"latitude": 10.787859, "longitude": 106.70653})
        journal = next(
            entries
            for address, entries in world.database.journal.items()
            if address.id == reply.body["gig"]["id"]
        )
        assert journal[0].caused_by == reply.headers["X-Request-Id"]
        assert journal[0].by == customer.id
