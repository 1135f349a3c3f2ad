"""The ally API: a support desk."""

from switchboard.web.dialects.ally.routes import ALLY

__all__ = ["ALLY"]
