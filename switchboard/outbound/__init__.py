"""What leaves the server, one file a provider."""

from switchboard.outbound.mail import LogSender
from switchboard.outbound.video import PeerToPeer

__all__ = ["LogSender", "PeerToPeer"]
