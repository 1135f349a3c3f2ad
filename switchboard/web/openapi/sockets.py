"""The auth endpoints of the Pusher protocol, the same in each dialect that has them."""

from __future__ import annotations

from switchboard.web.openapi.operations import Operation
from switchboard.web.openapi.schemas import STRING, form, record, text

SOCKET = {"type": "string", "pattern": r"^\d{1,20}\.\d{1,20}$", "examples": ["1234.1234"]}

CHANNEL_AUTH = Operation(
    summary="Sign a socket's way into a channel (Pusher protocol)",
    body=form(
        {
            "socket_id": SOCKET,
            "channel_name": {
                "type": "string",
                "pattern": "^(private|presence)-[A-Za-z0-9_=@,.;-]{1,150}$",
                "examples": ["private-571071114372f31b0edae280"],
            },
        },
        {"viewerToken": text(2000)},
    ),
    answer=record({"auth": STRING}, {"channel_data": STRING, "shared_secret": STRING}),
)

USER_AUTH = Operation(
    summary="Sign a socket's sign-in (Pusher protocol)",
    body=form({"socket_id": SOCKET}),
    answer=record({"auth": STRING, "user_data": STRING}),
)
