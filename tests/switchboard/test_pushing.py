"""Which provider the settings give each kind of device, and every way in which credentials can be wrong."""

from __future__ import annotations

import json
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from push_vendors import a_device, a_push, clock
from structlog.testing import capture_logs

from switchboard.engine.errors import StartError
from switchboard.engine.push import DeviceGone
from switchboard.outbound.push.sealing import CURVE, encoded, public_bytes
from switchboard.pushing import VAPID_FILE_NAME, Pushing, pushing
from switchboard.settings_loading import load

PREFIX = "SWITCHBOARD_PUSH_"
NUMBER = 12345678901234567890
KEY = ec.derive_private_key(NUMBER, CURVE)
RAW = encoded(NUMBER.to_bytes(32, "big"))


def pem(key: Any) -> str:
    """As Apple and Google hand keys out."""
    return str(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())


@pytest.fixture(scope="module")
def rsa_pem() -> str:
    """A service account's."""
    return pem(rsa.generate_private_key(65537, 2048))


def credentials(key: str, **more: Any) -> str:
    """As Google writes them, with more than is read."""
    plain = {
        "type": "service_account",
        "project_id": "p",
        "private_key_id": "k",
        "private_key": key,
        "client_email": "s@p.test",
        "token_uri": "https://oauth2.test/token",
    }
    return json.dumps({**plain, **more})


async def made(folder: Path, values: Mapping[str, str]) -> Pushing:
    """What those settings make."""
    environment = {f"{PREFIX}{name}": value for name, value in values.items()}
    return pushing(load({**environment, "SWITCHBOARD_DATA_DIR": str(folder)}), clock())


async def test_without_credentials_all_goes_to_the_log(tmp_path: Path) -> None:
    provider = await made(tmp_path, {})
    assert provider.web_push_key is None
    with capture_logs() as lines:
        for type in ("ios", "android", "web"):
            await provider.pusher.push(a_device(type, "a-secret-token"), a_push())
    assert [line["type"] for line in lines] == ["ios", "android", "web"]
    assert "a-secret-token" not in repr(lines)
    assert not (tmp_path / VAPID_FILE_NAME).exists()


async def test_the_key_for_browsers_is_made_once(tmp_path: Path) -> None:
    first = await made(tmp_path, {"VAPID_SUBJECT": "mailto:a@b.test"})
    again = await made(tmp_path, {"VAPID_SUBJECT": "https://b.test/push"})
    assert first.web_push_key == again.web_push_key is not None
    file = tmp_path / VAPID_FILE_NAME
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for provider in (first, again):
        await provider.pusher.aclose()


@pytest.mark.parametrize("form", ["pem", "one line", "number", "file"])
async def test_a_key_for_browsers_of_ones_own(tmp_path: Path, form: str) -> None:
    file = tmp_path / "key.pem"
    file.write_text(pem(KEY))
    given = {
        "pem": {"VAPID_KEY": pem(KEY)},
        "one line": {"VAPID_KEY": pem(KEY).replace("\n", "\\n")},
        "number": {"VAPID_KEY": RAW},
        "file": {"VAPID_KEY_FILE": str(file)},
    }[form]
    provider = await made(tmp_path, {"VAPID_SUBJECT": "mailto:a@b.test", **given})
    assert provider.web_push_key == encoded(public_bytes(KEY.public_key()))
    assert not (tmp_path / VAPID_FILE_NAME).exists()
    await provider.pusher.aclose()


async def test_each_kind_of_device_has_its_vendor(tmp_path: Path, rsa_pem: str) -> None:
    (tmp_path / "account.json").write_text(credentials(rsa_pem))
    inline = await made(tmp_path, {"FCM_CREDENTIALS": credentials(rsa_pem)})
    await inline.pusher.aclose()
    provider = await made(
        tmp_path,
        {
            "FCM_CREDENTIALS_FILE": str(tmp_path / "account.json"),
            "APNS_KEY": pem(KEY),
            "APNS_KEY_ID": "k",
            "APNS_TEAM_ID": "t",
        },
    )
    with capture_logs() as lines:
        await provider.pusher.push(a_device("web", "x"), a_push())
        assert len(lines) == 1
        with pytest.raises(DeviceGone):
            await provider.pusher.push(a_device("ios", "no token of Apple's"), a_push())
        assert len(lines) == 1
    await provider.pusher.aclose()


SUBJECT = {"VAPID_SUBJECT": "mailto:a@b.test"}
APPLE = {"APNS_KEY_ID": "k", "APNS_TEAM_ID": "t"}
OTHER_CURVE = pem(ec.generate_private_key(ec.SECP384R1()))


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"VAPID_SUBJECT": "me"}, "VAPID_SUBJECT must be mailto:"),
        ({"VAPID_KEY": RAW}, "VAPID_KEY needs SWITCHBOARD_PUSH_VAPID_SUBJECT"),
        ({**SUBJECT, "VAPID_KEY": "secret"}, "VAPID_KEY is no private key"),
        ({**SUBJECT, "VAPID_KEY": "-----BEGIN secret"}, "VAPID_KEY is no private key"),
        ({**SUBJECT, "VAPID_KEY": encoded(b"\0" * 32)}, "VAPID_KEY is no private key"),
        ({**SUBJECT, "VAPID_KEY": OTHER_CURVE}, "VAPID_KEY is no key of the curve P-256"),
        ({**SUBJECT, "VAPID_KEY_FILE": "/nowhere/x"}, "/nowhere/x cannot be used: No such file"),
        ({**SUBJECT, "VAPID_KEY": RAW, "VAPID_KEY_FILE": "x"}, "two words for the same"),
        ({"WEB_HOSTS": "https://a.test"}, "WEB_HOSTS must be names of hosts"),
        ({"WEB_PRIVATE": "maybe"}, "WEB_PRIVATE must be true or false"),
        ({"FCM_URL": "fcm"}, "FCM_URL must be a URL"),
        ({"FCM_CREDENTIALS": "secret"}, "FCM_CREDENTIALS is no JSON of a service account"),
        ({"FCM_CREDENTIALS": "{}"}, "FCM_CREDENTIALS is no JSON of a service account"),
        ({"FCM_CREDENTIALS": credentials("secret")}, "FCM_CREDENTIALS is no JSON"),
        ({"FCM_CREDENTIALS": credentials(pem(KEY))}, "FCM_CREDENTIALS has no RSA key"),
        ({"FCM_CREDENTIALS_FILE": "/"}, "/ cannot be used: Is a directory"),
        ({"APNS_KEY": pem(KEY)}, "APNS_KEY needs SWITCHBOARD_PUSH_APNS_KEY_ID and"),
        ({"APNS_KEY": "secret", **APPLE}, "APNS_KEY is no private key"),
        ({"APNS_KEYS": "x"}, "unknown setting SWITCHBOARD_PUSH_APNS_KEYS, did you mean"),
    ],
)
async def test_what_stops_the_start(
    tmp_path: Path, values: Mapping[str, str], complaint: str
) -> None:
    with pytest.raises(StartError) as caught:
        await made(tmp_path, values)
    text = str(caught.value)
    assert complaint in text
    assert "\n" not in text
    assert "BEGIN" not in text
    assert '"secret"' not in text


async def test_a_token_address_that_is_none(tmp_path: Path, rsa_pem: str) -> None:
    with pytest.raises(StartError, match="token_uri that is no URL"):
        await made(tmp_path, {"FCM_CREDENTIALS": credentials(rsa_pem, token_uri="oauth2")})
