"""auto: dealers' live streams. Source: contracts/auto.md."""

from switchboard.web.dialects.auto.routes import AUTO

__all__ = ["AUTO"]
