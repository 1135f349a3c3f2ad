"""What the settings say about connections reaches the transport."""

from __future__ import annotations

import pytest

from switchboard.settings_loading import load
from switchboard.web.transport import Limits
from switchboard.wiring import limits


def test_the_defaults_are_the_transports_own() -> None:
    """A number that stands in two places must be the same in both."""
    assert limits(load({})) == Limits()


def test_settings_are_passed_on() -> None:
    chosen = limits(
        load(
            {
                "SWITCHBOARD_CONNECTIONS_MOST": "10",
                "SWITCHBOARD_CONNECTIONS_PER_ADDRESS_MOST": "5",
                "SWITCHBOARD_KEEP_ALIVE_SECONDS": "60",
                "SWITCHBOARD_SEND_SECONDS": "7",
                "SWITCHBOARD_WEBSOCKET_PING_SECONDS": "30",
                "SWITCHBOARD_TRUSTED_PROXIES": "10.0.0.0/8",
                "SWITCHBOARD_GRACEFUL_SECONDS": "1",
            }
        )
    )
    assert (chosen.connections_most, chosen.connections_per_address_most) == (10, 5)
    assert (chosen.keep_alive_seconds, chosen.send_seconds) == (60, 7)
    assert (chosen.ping_seconds, chosen.pong_seconds) == (30, 30)
    assert set(chosen.uncounted_networks) == {*Limits().uncounted_networks, "10.0.0.0/8"}
    # The goodbye must fit into what a stop grants.
    assert chosen.goodbye_seconds == 1


@pytest.mark.parametrize(
    ("settings", "origins"),
    [
        ({}, ()),
        ({"CORS_ORIGINS": "*"}, ()),
        ({"CORS_ORIGINS": "https://a.test"}, ("https://a.test",)),
        ({"WEBSOCKET_ORIGINS": "*"}, ("*",)),
        ({"PUBLIC_BASE_URL": "https://live.test/api"}, ("https://live.test",)),
    ],
)
def test_pages_that_may_open_websockets_are_named(
    settings: dict[str, str], origins: tuple[str, ...]
) -> None:
    """CORS's ``*`` is about answers that anybody may read, and names nobody."""
    chosen = limits(load({f"SWITCHBOARD_{name}": text for name, text in settings.items()}))
    assert chosen.origins == origins
