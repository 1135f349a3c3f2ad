"""What goes to people's devices, one module a provider."""

from switchboard.outbound.push.log import LogPusher

__all__ = ["LogPusher"]
