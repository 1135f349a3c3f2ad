"""What leaves the server, one file a provider."""

from switchboard.outbound.mail import LocalSender
from switchboard.outbound.video import LiveKit, OpenTok, PeerToPeer, Providers

__all__ = ["LiveKit", "LocalSender", "OpenTok", "PeerToPeer", "Providers"]
