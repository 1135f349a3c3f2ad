"""Who a caller is and how often it may try."""

from switchboard.web.security.limits import TrustedProxies
from switchboard.web.security.passwords import Passwords
from switchboard.web.security.tokens import Token, TokenExpired, TokenRefused, Tokens

__all__ = ["Passwords", "Token", "TokenExpired", "TokenRefused", "Tokens", "TrustedProxies"]
