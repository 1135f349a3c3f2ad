"""What leaves the server, one file a provider."""

from switchboard.outbound.mail import LocalSender
from switchboard.outbound.video import PeerToPeer

__all__ = ["LocalSender", "PeerToPeer"]
