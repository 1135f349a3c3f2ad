"""dropin: gigs. Source: contracts/dropin.md."""

from switchboard.web.dialects.dropin.routes import DROPIN

__all__ = ["DROPIN"]
