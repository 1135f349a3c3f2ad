"""``auth_token``: by which an app's own server proves who its client is. Source: contracts/ally.md, POST /api/token."""

from __future__ import annotations

import jwt

TOKEN_LENGTH_MOST = 2000


def proves(auth_token: str, alias: str, secret: str) -> bool:
    """Whether the token (JWT, HS256, ``sub`` the alias) was signed with the app's secret and is not over."""
    if len(auth_token) > TOKEN_LENGTH_MOST:
        return False
    try:
        claims = jwt.decode(
            auth_token,
            secret,
            algorithms=["HS256"],
            options={"require": ["sub"], "verify_aud": False, "verify_iss": False},
        )
    except (jwt.InvalidTokenError, TypeError, ValueError, RecursionError):
        # The built-in ones are what odd headers lead to.
        return False
    return bool(claims["sub"] == alias)
