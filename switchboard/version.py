"""Which code runs."""

from __future__ import annotations

import hashlib
from importlib import metadata
from pathlib import Path

VERSION = metadata.version("switchboard-engine")


def code_version() -> str:
    """The version with a digest of the sources, so that a quarantined session is tried again once the code changed."""
    root = Path(__file__).parent
    digest = hashlib.sha256()
    for file in sorted(root.rglob("*.py")):
        digest.update(f"{file.relative_to(root)}\0".encode())
        digest.update(file.read_bytes())
    return f"{VERSION}+{digest.hexdigest()[:8]}"
