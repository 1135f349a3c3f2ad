"""The Pusher Channels protocol, version 7, and its HTTP API. Source: contracts/realtime.md and Pusher's own pages."""

from switchboard.web.realtime.pusher.apps import App
from switchboard.web.realtime.pusher.server import PusherServer

__all__ = ["App", "PusherServer"]
