"""Where settings come from, and how they are shown: the environment, options before it, secrets masked."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from switchboard import setting_values as values
from switchboard.engine.errors import StartError
from switchboard.settings import PREFIX, TABLE, Settings, variable_of


def load(
    environment: Mapping[str, str], options: Mapping[str, str | None] | None = None
) -> Settings:
    """The settings of that environment, each option that is not None before its variable.

    Raises:
        StartError: an unknown name, a malformed value, or values that do not go together.
    """
    given: dict[str, tuple[str, str]] = {}
    for variable, value in sorted(environment.items()):
        if not variable.startswith(PREFIX):
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name not in TABLE or variable != variable_of(name):
            raise StartError(f"unknown setting {variable}{_suggestion(variable)}")
        given[name] = (variable, value)
    for name, option in (options or {}).items():
        if option is not None:
            given[name] = ("--" + name.replace("_", "-"), option)
    parsed = {name: _parsed(name, source, value) for name, (source, value) in given.items()}
    return _checked(Settings(**parsed))


def shown(name: str, value: Any) -> str:
    """The value as text for a person, secrets masked."""
    if value is None:
        return "off" if name == "idle_seconds" else ""
    if name == "database_url":
        return _without_password(value)
    if TABLE[name].metadata["secret"]:
        return "***"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return ",".join(f"{name}:{code}" for name, code in value.items())
    if isinstance(value, tuple) and not isinstance(value, values.Bind):
        return ",".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _parsed(name: str, source: str, value: str) -> Any:
    try:
        return TABLE[name].metadata["parse"](value)
    except ValueError as error:
        raise StartError(f"{source} {error}") from None


def _suggestion(variable: str) -> str:
    name = variable.removeprefix(PREFIX).lower()
    near = difflib.get_close_matches(name, TABLE, n=1)
    return f", did you mean {variable_of(near[0])}?" if near else " (see: switchboard settings)"


VENDORS = {
    "livekit": ("livekit_url", "livekit_api_key", "livekit_secret"),
    "opentok": ("opentok_api_key", "opentok_secret"),
}
"""What a provider of video cannot do without."""


def _checked(settings: Settings) -> Settings:
    """Raises: StartError: two settings contradict each other."""
    if (settings.admin_login is None) != (settings.admin_password is None):
        raise StartError(f"{PREFIX}ADMIN_LOGIN and {PREFIX}ADMIN_PASSWORD go together")
    keys = (settings.uploads_access_key, settings.uploads_secret_key)
    if settings.uploads_bucket is not None and None in keys:
        raise StartError(f"{PREFIX}UPLOADS_BUCKET needs {PREFIX}UPLOADS_ACCESS_KEY and _SECRET_KEY")
    if settings.push_vapid_subject is None:
        for name in ("push_vapid_key", "push_vapid_key_file"):
            if getattr(settings, name) is not None:
                raise StartError(f"{variable_of(name)} needs {variable_of('push_vapid_subject')}")
    for name in ("push_vapid_key", "push_fcm_credentials", "push_apns_key"):
        if None not in (getattr(settings, name), getattr(settings, f"{name}_file")):
            raise StartError(f"{variable_of(name)} and _FILE are two words for the same")
    for needed in VENDORS.get(settings.video, ()):
        if getattr(settings, needed) is None:
            raise StartError(f"{PREFIX}VIDEO={settings.video} needs {variable_of(needed)}")
    for name in ("approve_at_once", "expose_access_token"):
        if getattr(settings, name) and not settings.embedded:
            raise StartError(f"{variable_of(name)} is for the embedded database only")
    return settings


def _without_password(url: str) -> str:
    """The URL with its password masked, and its query, which may hold one, left out."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    user = user.partition(":")[0] + ":***" if ":" in user else user
    return f"{parts.scheme}://{user}{at}{host}{parts.path}" + ("?..." if parts.query else "")
