"""The keys of the embedded default, made once and kept in the data folder, readable by their owner alone."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

from switchboard import setting_values as values
from switchboard.engine.errors import StartError

FILE_NAME = "token_keys"
APPS_FILE_NAME = "pusher_apps"

DIALECTS_WITH_APPS = ("auto", "dropin", "dowell")
"""contracts/realtime.md: one app of the Pusher protocol each."""

KEPT_MOST = 10
"""Keys that still open tokens after a rotation. A token lives 14 days at most, so with one rotation a day or less no
token is cut off early; older keys fall out."""


def token_keys(data_dir: Path) -> Mapping[str, bytes]:
    """The keys of that folder, the signing key first; made if there are none. Raises: StartError."""
    file = data_dir / FILE_NAME
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            write_private(file, _fresh_pair())
        return values.token_keys(file.read_text())
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise StartError(f"{file} cannot be used: {reason}") from error
    except ValueError as error:
        raise StartError(f"{file} {error}") from error


def rotate(data_dir: Path) -> Mapping[str, bytes]:
    """Puts a new signing key before the others; tokens signed with those stay good. Raises: StartError."""
    old = [f"{kid}:{secret.decode()}" for kid, secret in token_keys(data_dir).items()]
    write_private(data_dir / FILE_NAME, ",".join([_fresh_pair(), *old][:KEPT_MOST]))
    return token_keys(data_dir)


def pusher_apps(
    data_dir: Path, dialects: Sequence[str] = DIALECTS_WITH_APPS
) -> Sequence[values.PusherApp]:
    """The apps of the Pusher protocol in that folder, one a dialect; those that are missing are made.

    Raises: StartError.
    """
    file = data_dir / APPS_FILE_NAME
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        known = values.pusher_apps(file.read_text()) if file.exists() else ()
        missing = [one for one in dialects if one not in {app.dialect for app in known}]
        if missing:
            known = (*known, *map(_fresh_app, missing))
            write_private(file, ",".join(":".join(app) for app in known))
        return known
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise StartError(f"{file} cannot be used: {reason}") from error
    except ValueError as error:
        raise StartError(f"{file} {error}") from error


def derived(keys: Mapping[str, bytes], purpose: str) -> bytes:
    """A key of 32 bytes for another purpose; one does not tell the other.

    It comes from the oldest of the keys, so that a rotation leaves it as it is.
    """
    oldest = list(keys.values())[-1]
    return hmac.new(oldest, purpose.encode(), hashlib.sha256).digest()


def write_private(file: Path, content: str) -> None:
    """Writes a file that its owner alone may read, whole or not at all, durably. Raises: OSError."""
    fresh = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(file)


def _fresh_pair() -> str:
    return f"{secrets.token_hex(4)}:{secrets.token_urlsafe(48)}"


def _fresh_app(dialect: str) -> values.PusherApp:
    id = str(secrets.randbelow(9 * 10**11) + 10**11)
    return values.PusherApp(dialect, id, secrets.token_hex(10), secrets.token_hex(20))
