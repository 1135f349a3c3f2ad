"""The company API: one-to-one conversations between colleagues."""

from switchboard.web.dialects.company.routes import COMPANY

__all__ = ["COMPANY"]
