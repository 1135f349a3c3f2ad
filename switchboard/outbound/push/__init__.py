"""What goes to people's devices, one module a provider.

Those of vendors (``apns``, ``fcm``, ``webpush``) need the extra ``push`` and are imported by their names.
"""

from switchboard.outbound.push.log import LogPusher
from switchboard.outbound.push.platforms import ByPlatform

__all__ = ["ByPlatform", "LogPusher"]
