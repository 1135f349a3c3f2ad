"""A headless Chromium as Debian ships it, driven by Playwright, with a camera that is a test picture."""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import shutil
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

FLAGS = (
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
    "--autoplay-policy=no-user-gesture-required",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

CHROMIUM = shutil.which("chromium")


def in_a_browser(test: Callable[..., Awaitable[None]]) -> Any:
    """Gives the test a browser as its first argument and runs it in asyncio, which Playwright is written for.

    (Playwright's synchronous interface runs in greenlets, in which Python 3.11 fails to compile.)
    """

    @pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
    @pytest.mark.skipif(
        importlib.util.find_spec("playwright") is None, reason="Playwright is not installed"
    )
    def run(**fixtures: Any) -> None:
        asyncio.run(_run(test, fixtures))

    asked = inspect.signature(test)
    wanted = [one for name, one in asked.parameters.items() if name != "browser"]
    # What pytest reads to know which fixtures to give.
    run.__signature__ = asked.replace(parameters=wanted)
    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


async def _run(test: Callable[..., Awaitable[None]], fixtures: dict[str, Any]) -> None:
    from playwright.async_api import async_playwright

    async with async_playwright() as started:
        browser = await started.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        await test(browser, **fixtures)
        await browser.close()
