"""The playground in a real browser: two pages hold a video call, chat, stop and rate; streams and support chats too."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from chromium import in_a_browser
from server_process import ServerProcess, serve

SECONDS_MOST = 40.0
"""A page whose server was killed comes back after 10 s at the latest; a test machine may have other things to do."""

LOOK_MILLISECONDS = 100

FRAMES = """() => [...document.querySelectorAll('video.remote')].map(
    (video) => [video.videoWidth, video.currentTime, video.getVideoPlaybackQuality().totalVideoFrames])"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with demo data, as ``make run`` starts it."""
    with serve(tmp_path_factory.mktemp("playground"), "--demo") as running:
        running.base()
        yield running


@asynccontextmanager
async def page(browser: Any, base: str, query: str = "", width: int = 1280) -> AsyncIterator[Any]:
    """A page of its own, as another person's browser has it; nothing goes wrong in its scripts."""
    context = await browser.new_context(viewport={"width": width, "height": 900})
    opened = await context.new_page()
    opened.set_default_timeout(SECONDS_MOST * 1000)
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    await opened.goto(f"{base}/{query}")
    yield opened
    wide = await opened.evaluate("() => document.documentElement.scrollWidth")
    await context.close()
    assert problems == []
    assert wide <= width, "nobody scrolls sideways"


def side(of: Any, name: str) -> Any:
    """One person's half."""
    return of.get_by_role("region", name=name, exact=True)


async def click(half: Any, label: str) -> None:
    """A button, once it is there."""
    await half.get_by_role("button", name=label, exact=True).click()


async def say(half: Any, text: str) -> None:
    """A line of chat."""
    await half.get_by_role("textbox").fill(text)
    await click(half, "Send")


async def sees(half: Any, text: str) -> None:
    """Waits until it is to be read there."""
    await half.get_by_text(text, exact=True).first.wait_for()


async def reads(half: Any, text: str) -> None:
    """Waits for a line of chat that ends so."""
    await half.get_by_role("listitem").filter(has_text=text).first.wait_for()


async def watches(of: Any) -> None:
    """Waits until every video of the other side plays, longer than a second."""
    shown: list[list[float]] = []
    for _ in range(int(SECONDS_MOST * 1000 / LOOK_MILLISECONDS)):
        shown = await of.evaluate(FRAMES)
        if shown and all(width > 0 and at > 1 and frames > 0 for width, at, frames in shown):
            return
        await of.wait_for_timeout(LOOK_MILLISECONDS)
    raise AssertionError(f"(width, seconds, frames decoded): {shown}")


@in_a_browser
async def test_two_browsers_hold_a_gig_with_video_chat_and_ratings(
    browser: Any, server: ServerProcess
) -> None:
    base = server.base()
    async with (
        page(browser, base, "?scene=gig&role=operator", 390) as there,
        page(browser, base, "?scene=gig&role=customer") as here,
    ):
        operator, customer = side(there, "Operator"), side(here, "Customer")
        await sees(operator, "Online, and waits for somebody to ask.")
        await click(customer, "Ask for an operator")
        await click(operator, "Accept")
        await click(customer, "Confirm Olga")
        await click(operator, "Shake hands")
        await watches(here)
        await watches(there)
        await click(customer, "Start")
        await sees(operator, "streaming")
        await say(customer, "can you turn left?")
        await reads(operator, "can you turn left?")
        await say(operator, "like this?")
        await reads(customer, "like this?")
        await click(customer, "Stop")
        await click(customer, "★★★★★")
        await click(operator, "★★★★")
        await sees(customer, "voted")
        await sees(operator, "voted")
        calls = await here.locator("#wire summary").all_inner_texts()
        assert any("POST /dropin/gigs/stop/" in one for one in calls)
        shown = await here.locator("#wire").inner_text()
        assert "eyJ" not in shown, "tokens are shown shortened"


@in_a_browser
async def test_a_dealer_shows_a_car_to_a_visitor_who_leaves_an_address(
    browser: Any, server: ServerProcess
) -> None:
    base = server.base()
    async with (
        page(browser, base, "?scene=stream&role=dealer") as there,
        page(browser, base, "?scene=stream&role=visitor", 390) as here,
    ):
        dealer, visitor = side(there, "Dealer"), side(here, "Visitor")
        await sees(dealer, "Online, and waits for a visitor.")
        await click(visitor, "Show me this car live")
        await click(dealer, "Accept")
        await watches(here)
        await say(visitor, "and the trunk?")
        await reads(dealer, "and the trunk?")
        await click(dealer, "Stop")
        await click(visitor, "Leave my address")
        await sees(visitor, "completed")


@in_a_browser
async def test_a_visitor_and_the_staff_write_to_each_other_on_one_page(
    browser: Any, server: ServerProcess
) -> None:
    async with page(browser, server.base(), "?scene=support") as here:
        visitor, staff = side(here, "Visitor"), side(here, "Staff")
        await click(visitor, "Open the chat")
        await say(visitor, "where is my order?")
        await staff.get_by_role("button", name="Answer").first.click()
        await reads(staff, "where is my order?")
        await say(staff, "on its way")
        await reads(visitor, "on its way")
        await click(staff, "Close the room")
        await sees(staff, "closed")


@in_a_browser
async def test_a_stream_goes_on_after_the_server_was_killed(browser: Any, tmp_path: Path) -> None:
    with serve(tmp_path, "--demo") as first:
        base = first.base()
        port = base.rpartition(":")[2]
        async with page(browser, base) as here:
            customer, operator = side(here, "Customer"), side(here, "Operator")
            await sees(operator, "Online, and waits for somebody to ask.")
            await click(customer, "Ask for an operator")
            await click(operator, "Accept")
            await click(customer, "Confirm Olga")
            await click(operator, "Shake hands")
            await watches(here)
            await click(customer, "Start")
            await say(customer, "before")
            await reads(operator, "before")
            first.end(signal.SIGKILL)
            with serve(tmp_path, "--demo", "--bind", f"127.0.0.1:{port}") as second:
                second.base()
                # The call itself goes from browser to browser; what is said next finds its way once both are back.
                await here.get_by_text("comes back by itself").first.wait_for()
                await say(customer, "after")
                await reads(operator, "after")
                await click(operator, "Stop")
                await click(customer, "★★★★★")
                await click(operator, "★★★★★")
                await sees(customer, "voted")
