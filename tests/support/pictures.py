"""Files to upload: the smallest images of each sort, and what only calls itself one."""

from __future__ import annotations

import base64

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
GIF = base64.b64decode("R0lGODlhAQABAAAAACwAAAAAAQABAAACAkQBADs=")
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + b"\x00" * 20
WEBP = b"RIFF\x1a\x00\x00\x00WEBPVP8L" + b"\x00" * 14

IMAGES = {"image/png": PNG, "image/gif": GIF, "image/jpeg": JPEG, "image/webp": WEBP}

NO_IMAGES = (
    b"",
    b"\x89PNG",
    b"GIF88a" + b"\x00" * 20,
    b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    b"<html><script>alert(1)</script></html>",
    b"RIFF\x1a\x00\x00\x00WAVEfmt ",
)


def form(name: str, content: bytes, filename: str = "a.png", **fields: str) -> tuple[bytes, str]:
    """A multipart body with fields, and then a file; and its content type."""
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode()
        for field, value in fields.items()
    ]
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
    parts += [head.encode(), b"Content-Type: image/png\r\n\r\n", content, b"\r\n--b--\r\n"]
    return b"".join(parts), "multipart/form-data; boundary=b"
