"""Phoenix channels, versions 2 and 1, over websockets and longpoll. Source: contracts/realtime.md, and what the
``phoenix`` library of npm and Phoenix 1.8 themselves do where it is silent."""

from switchboard.web.realtime.phoenix.server import PhoenixServer

__all__ = ["PhoenixServer"]
