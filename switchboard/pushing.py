"""The providers of pushes as the settings have them: a vendor without credentials is the log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from switchboard.engine.clock import Clock
from switchboard.engine.errors import StartError
from switchboard.engine.push import Pusher
from switchboard.engine.records.devices import DeviceType
from switchboard.keys import write_private
from switchboard.outbound.push import ByPlatform, LogPusher
from switchboard.settings import Settings, variable_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

    from switchboard.outbound.push.fcm import ServiceAccount

VAPID_FILE_NAME = "vapid_key"


class Pushing(NamedTuple):
    """What reaches devices."""

    pusher: Pusher
    web_push_key: str | None
    """What browsers subscribe with; None: they cannot."""


def pushing(settings: Settings, clock: Clock) -> Pushing:
    """The providers. Raises: StartError: credentials that are none, or that cannot be read."""
    pushers: dict[DeviceType, Pusher] = {}
    web_push_key = None
    wanted = _wanted(settings)
    if wanted:
        try:
            import cryptography  # noqa: F401
            import h2  # noqa: F401
        except ImportError as error:
            raise StartError(
                f"{wanted} needs the extra: pip install 'switchboard-engine[push]'"
            ) from error
    if settings.push_vapid_subject is not None:
        from switchboard.outbound.push.webpush import WebPusher

        web = WebPusher(
            key=_vapid_key(settings),
            subject=settings.push_vapid_subject,
            clock=clock,
            hosts=settings.push_web_hosts,
            private=settings.push_web_private,
        )
        pushers["web"], web_push_key = web, web.public_key
    account = _service_account(settings)
    if account is not None:
        from switchboard.outbound.push.fcm import FcmPusher

        fcm = FcmPusher(
            account=account[0],
            base_url=settings.push_fcm_url,
            token_url=settings.push_fcm_token_url or account[1],
            clock=clock,
        )
        pushers["android"] = fcm
    apns_key = _given(settings, "push_apns_key")
    if apns_key is not None:
        from switchboard.outbound.push.apns import ApnsPusher

        if settings.push_apns_key_id is None or settings.push_apns_team_id is None:
            raise StartError(
                f"{variable_of('push_apns_key')} needs {variable_of('push_apns_key_id')}"
                f" and {variable_of('push_apns_team_id')}"
            )
        apns = ApnsPusher(
            key=_p256(apns_key),
            key_id=settings.push_apns_key_id,
            team_id=settings.push_apns_team_id,
            topic=settings.push_apns_topic,
            base_url=settings.push_apns_url,
            clock=clock,
        )
        pushers["ios"] = apns
    return Pushing(ByPlatform(pushers, LogPusher()), web_push_key)


class Given(NamedTuple):
    """A secret and where it came from, which is all that may be shown of it."""

    text: str
    source: str


def _wanted(settings: Settings) -> str | None:
    """The first setting that asks for a vendor."""
    names = ("push_vapid_subject", "push_fcm_credentials", "push_apns_key")
    files = ("push_fcm_credentials_file", "push_apns_key_file")
    given = [name for name in (*names, *files) if getattr(settings, name) is not None]
    return variable_of(given[0]) if given else None


def _given(settings: Settings, name: str) -> Given | None:
    """Of the setting, or of its file. Raises: StartError: the file cannot be read."""
    text = getattr(settings, name)
    if text is not None:
        return Given(text, variable_of(name))
    file: Path | None = getattr(settings, f"{name}_file")
    return None if file is None else Given(_read(file), f"{variable_of(name)}_FILE")


def _read(file: Path) -> str:
    try:
        return file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise StartError(f"{file} cannot be used: {reason}") from error


def _vapid_key(settings: Settings) -> EllipticCurvePrivateKey:
    """As given, else the data folder's, which is made if there is none. Raises: StartError."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    given = _given(settings, "push_vapid_key")
    if given is not None:
        return _p256(given)
    file = settings.data_dir / VAPID_FILE_NAME
    if not file.exists():
        made = ec.generate_private_key(ec.SECP256R1())
        pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        try:
            settings.data_dir.mkdir(parents=True, exist_ok=True)
            write_private(file, pem.decode())
        except OSError as error:
            raise StartError(f"{file} cannot be used: {error.strerror}") from error
    return _p256(Given(_read(file), str(file)))


def _p256(given: Given) -> EllipticCurvePrivateKey:
    """PEM, or the 32 bytes of the number in base64url, as tools for VAPID print it. Raises: StartError."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    from switchboard.outbound.push.sealing import decoded

    try:
        if "-----BEGIN" in given.text:
            # In one line, as environment files have it.
            key = load_pem_private_key(given.text.replace("\\n", "\n").encode(), password=None)
        else:
            raw = decoded(given.text)
            if len(raw) != 32:
                raise ValueError("not 32 bytes")
            key = ec.derive_private_key(int.from_bytes(raw, "big"), ec.SECP256R1())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # Its message may quote the key.
        raise StartError(f"{given.source} is no private key in PEM or base64url") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise StartError(f"{given.source} is no key of the curve P-256")
    return key


class Credentials(msgspec.Struct, frozen=True):
    """The file that Google makes for a service account."""

    project_id: str
    client_email: str
    private_key: str
    token_uri: str
    private_key_id: str | None = None


def _service_account(settings: Settings) -> tuple[ServiceAccount, str] | None:
    """The account and where its tokens are had. Raises: StartError."""
    given = _given(settings, "push_fcm_credentials")
    if given is None:
        return None
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    from switchboard.outbound.push.fcm import ServiceAccount

    try:
        credentials = msgspec.json.decode(given.text, type=Credentials)
        key = load_pem_private_key(credentials.private_key.encode(), password=None)
    except (msgspec.MsgspecError, ValueError, TypeError, UnsupportedAlgorithm):
        raise StartError(f"{given.source} is no JSON of a service account") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise StartError(f"{given.source} has no RSA key")
    if not credentials.token_uri.startswith(("https://", "http://")):
        raise StartError(f"{given.source} has a token_uri that is no URL")
    account = ServiceAccount(
        credentials.project_id, credentials.client_email, credentials.private_key_id, key
    )
    return account, credentials.token_uri
