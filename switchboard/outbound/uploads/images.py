"""Tells images by their first bytes, whatever their senders call them.

SVG is none: it is a page with scripts. Source: the formats' own signatures (PNG 5.2, JFIF, GIF89a, RIFF/WebP).
"""

from __future__ import annotations

HEAD_BYTES = 16
"""As many as it takes."""


def image_type(head: bytes) -> str | None:
    """The content type of an image that begins so; None: no image that browsers show everywhere."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return None
