"""Video providers."""

from switchboard.outbound.video.p2p import PeerToPeer

__all__ = ["PeerToPeer"]
