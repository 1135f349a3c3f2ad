"""The playground: one page at the root on which a newcomer plays both sides of a session, over the public APIs alone.

Its files are served as they are written: there is no build, and nothing comes from elsewhere.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import msgspec

from switchboard.web.call import Call, Route
from switchboard.web.pages import fixed
from switchboard.web.services import Services

ORGANIZATION = "demo"
VIN = "1HGCM82633A004352"
"""The organization of the demo data and its car: a number whose check digit is right, as it is shown in many places."""

TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
}

POLICY = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:; "
        "img-src data:; media-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Permissions-Policy": "camera=(self), microphone=(self)",
}

PAGE = "playground.html"


def routes(services: Services) -> tuple[Route, ...]:
    """The page, its files, and what it must know of this server; none if the settings leave it out."""
    if not services.settings.playground:
        return ()
    found = [Route("GET", "/playground/config.json", _config, anonymous=True)]
    for file in sorted(files(__name__).joinpath("static").iterdir(), key=lambda one: one.name):
        kind = TYPES[file.name.rpartition(".")[2]]
        path = "/" if file.name == PAGE else f"/playground/{file.name}"
        found.append(Route("GET", path, fixed(kind, file.read_bytes(), POLICY), anonymous=True))
    return tuple(found)


async def _config(call: Call) -> Any:
    """Keys of the websockets' apps, the sessions' times in ms, and the demo data's names. No secret."""
    services = call.services
    sockets = {
        name: {"key": app.key, "path": f"/{name}/app"}
        for name, app in services.pusher.by_dialect.items()
    }
    return {
        **sockets,
        "organization": ORGANIZATION,
        "vin": VIN,
        "terms": {
            "gig": msgspec.to_builtins(services.dispatch.terms),
            "stream": msgspec.to_builtins(services.showroom.requests.terms),
        },
    }
