"""auto: dealers' live streams. Source: contracts/auto.md. Its accounts come first; streams follow."""

from switchboard.web.dialects.auto.routes import AUTO

__all__ = ["AUTO"]
