"""dowell: a chat widget per product. Source: contracts/dowell.md."""

from switchboard.web.dialects.dowell.routes import DOWELL

__all__ = ["DOWELL"]
