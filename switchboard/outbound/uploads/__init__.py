"""Places for uploaded files, one module a provider."""

from switchboard.outbound.uploads.images import image_type
from switchboard.outbound.uploads.local import LocalFiles

__all__ = ["LocalFiles", "image_type"]
