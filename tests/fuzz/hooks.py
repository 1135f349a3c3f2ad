"""What schemathesis is told beside the document: callers from many addresses, and ids of things that exist.

Loaded by schemathesis itself (``SCHEMATHESIS_HOOKS``), in its process; ``FUZZ_KNOWN`` has part of a path -> ids.
"""

from __future__ import annotations

import ipaddress
import json
import os
import random
from typing import Any

import schemathesis

KNOWN: dict[str, list[str]] = json.loads(os.environ.get("FUZZ_KNOWN", "{}"))
CHANCE = random.Random(int(os.environ.get("FUZZ_SEED", "1")))

SHARE = 0.7
"""Of the paths that name something that exists."""


# Lines of a protocol of their own, which schemathesis knows nothing of.
schemathesis.serializer.alias("application/x-ndjson", "text/plain")


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
    """Every call comes from another address, so that limits by address let all of them through."""
    address = str(ipaddress.ip_address(CHANCE.getrandbits(32)))
    case.headers = {**(case.headers or {}), "X-Forwarded-For": address}


@schemathesis.hook
def map_path_parameters(_context: Any, path_parameters: dict[str, Any] | None) -> Any:
    """Mostly something that exists."""
    if path_parameters:
        for name in path_parameters:
            if name in KNOWN and CHANCE.random() < SHARE:
                path_parameters[name] = CHANCE.choice(KNOWN[name])
    return path_parameters
