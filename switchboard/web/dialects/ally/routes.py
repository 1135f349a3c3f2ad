"""ally's URLs."""

from __future__ import annotations

from typing import Any

from switchboard.web.call import Dialect, Route
from switchboard.web.dialects.ally import (
    bank,
    issues,
    messages,
    operators,
    rooms,
    tokens,
    uploads,
    users,
)
from switchboard.web.dialects.ally.callers import AUDIENCE, credential
from switchboard.web.dialects.ally.errors import failure
from switchboard.web.dialects.ally.relay import add_relay


def bare(answer: Any) -> Any:
    """ally has no envelope."""
    return answer


ALLY = Dialect(
    name=AUDIENCE,
    prefix=f"/{AUDIENCE}",
    routes=(
        Route("POST", "/api/auth", tokens.by_password, anonymous=True),
        Route("POST", "/api/token", tokens.by_alias, anonymous=True),
        Route("POST", "/api/token/update", tokens.renewed),
        Route("POST", "/api/user/register", users.register, anonymous=True),
        Route("GET", "/api/users", users.listed),
        Route("GET", "/api/user/<user>", users.show),
        Route("POST", "/api/user/<user>", users.describe),
        Route("GET", "/api/user/<user>/rooms", users.rooms),
        Route("POST", "/api/user/<user>/rooms", users.meet),
        Route("POST", "/api/user/<user>/devices", users.register_device),
        Route("GET", "/api/user/<user>/user_rooms", users.user_rooms),
        Route("GET", "/api/user/<user>/active_rooms", users.active_rooms),
        Route("GET", "/api/me", users.me),
        Route("GET", "/api/room/<room>", rooms.show),
        Route("PUT", "/api/room/<room>/active", rooms.activate),
        Route("DELETE", "/api/room/<room>/active", rooms.deactivate),
        Route("GET", "/api/room/<room>/messages", rooms.messages),
        Route("POST", "/api/room/<room>/tags", rooms.add_tag),
        Route("POST", "/api/room/<room>/tag", rooms.add_tag),
        Route("DELETE", "/api/room/<room>/tag", rooms.remove_tag),
        Route("DELETE", "/api/room/<room>/tags", rooms.remove_tag),
        Route("POST", "/api/upload", uploads.upload, anonymous=True, streams=True),
        Route("GET", "/api/upload/<upload>", uploads.fetch, anonymous=True),
        Route("GET", "/api/messages", messages.several),
        Route("GET", "/api/message/<message>", messages.show),
        Route("PUT", "/api/message/<message>/read", messages.read),
        Route("GET", "/api/issue/<issue>", issues.show),
        Route("POST", "/api/issue/<issue>/close", issues.close),
        Route("GET", "/api/issue/<issue>/answers", issues.answers),
        Route("GET", "/api/issues/stats", issues.statistics),
        Route("GET", "/api/issues", issues.listed),
        Route("GET", "/api/time", operators.time, anonymous=True),
        Route("GET", "/api/operators", operators.listed),
        Route("POST", "/api/operator", operators.add),
        Route("GET", "/api/operator/<operator>", operators.show),
        Route("POST", "/api/operator/<operator>", operators.change),
        Route("DELETE", "/api/operator/<operator>", operators.remove),
        Route("GET", "/api/tags", rooms.tags),
        Route("GET", "/AlfaSense/support/phone/<phone>/alias", bank.alias, anonymous=True),
        Route("GET", "/AlfaSense/support/alias/<alias>/customer", bank.customer, anonymous=True),
    ),
    credential=credential,
    success=bare,
    failure=failure,
    socket=add_relay,
)
