"""What other packages may import."""

from __future__ import annotations

from types import ModuleType

import pytest

import switchboard.outbound
import switchboard.outbound.video
import switchboard.web
import switchboard.web.dialects.ally
import switchboard.web.dialects.ally.relay
import switchboard.web.dialects.auto
import switchboard.web.dialects.dowell
import switchboard.web.dialects.dropin
import switchboard.web.realtime.phoenix
import switchboard.web.realtime.pusher
import switchboard.web.security
import switchboard.web.transport

PUBLIC: tuple[tuple[ModuleType, set[str]], ...] = (
    (
        switchboard.web,
        {"Services", "SwitchboardApp", "WebSettings", "build_services", "create_app"},
    ),
    (
        switchboard.web.transport,
        {
            "CloseCodes",
            "FAREWELL",
            "Farewell",
            "Frame",
            "HTTPConnection",
            "HANDOVER",
            "Handover",
            "INBOX",
            "Inbox",
            "Limits",
            "OUTLET",
            "WHOLE",
            "Outlet",
            "Receive",
            "Run",
            "WebsocketConnection",
            "current_limits",
            "encode_binary",
            "encode_text",
            "install",
            "payload_of",
            "run_of",
            "statistics",
            "uninstall",
        },
    ),
    (
        switchboard.web.security,
        {"Passwords", "Token", "TokenExpired", "TokenRefused", "Tokens", "TrustedProxies"},
    ),
    (switchboard.web.realtime.pusher, {"App", "PusherServer"}),
    (switchboard.web.dialects.ally, {"ALLY"}),
    (switchboard.web.dialects.ally.relay, {"add_relay"}),
    (switchboard.web.realtime.phoenix, {"PhoenixServer"}),
    (switchboard.web.dialects.auto, {"AUTO"}),
    (switchboard.web.dialects.dowell, {"DOWELL"}),
    (switchboard.web.dialects.dropin, {"DROPIN"}),
    (switchboard.outbound, {"LiveKit", "LocalSender", "OpenTok", "PeerToPeer", "Providers"}),
    (switchboard.outbound.video, {"LiveKit", "OpenTok", "PeerToPeer", "Providers"}),
)


@pytest.mark.parametrize(("module", "names"), PUBLIC, ids=lambda one: getattr(one, "__name__", ""))
def test_a_package_offers_these_names(module: ModuleType, names: set[str]) -> None:
    """And no other."""
    assert set(module.__all__) == names
    assert all(hasattr(module, name) for name in names)
