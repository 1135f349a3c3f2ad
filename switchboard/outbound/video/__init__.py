"""Video providers."""

from switchboard.outbound.video.livekit import LiveKit
from switchboard.outbound.video.opentok import OpenTok
from switchboard.outbound.video.p2p import PeerToPeer
from switchboard.outbound.video.providers import Providers

__all__ = ["LiveKit", "OpenTok", "PeerToPeer", "Providers"]
