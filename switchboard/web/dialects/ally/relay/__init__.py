"""ally's own websocket: what a desk and its clients say, and are told, as it happens."""

from switchboard.web.dialects.ally.relay.socket import add_relay

__all__ = ["add_relay"]
