"""The apps of the Pusher protocol: made once, shown without their secrets."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from switchboard.commands.apps import apps
from switchboard.engine.errors import StartError
from switchboard.keys import APPS_FILE_NAME, pusher_apps
from switchboard.setting_values import pusher_apps as parsed


def test_they_are_made_once_for_their_owner_alone_and_missing_ones_are_added(
    tmp_path: Path,
) -> None:
    made = pusher_apps(tmp_path, ("auto",))
    assert (tmp_path / APPS_FILE_NAME).stat().st_mode & 0o777 == 0o600
    more = pusher_apps(tmp_path)
    assert [app.dialect for app in more] == ["auto", "dropin", "dowell"]
    assert more[0] == made[0]
    assert pusher_apps(tmp_path) == more
    assert all(app.id.isdigit() for app in more)
    (tmp_path / APPS_FILE_NAME).write_text("auto:x:y:z")
    with pytest.raises(StartError, match="digits only"):
        pusher_apps(tmp_path)


def test_they_are_shown_and_their_secrets_only_when_asked_for(tmp_path: Path) -> None:
    secrets = [app.secret for app in pusher_apps(tmp_path)]
    arguments = ["--data-dir", str(tmp_path)]
    shown = CliRunner().invoke(apps, arguments).output
    assert "dropin" in shown
    assert not any(secret in shown for secret in secrets)
    told = CliRunner().invoke(apps, [*arguments, "--secrets", "--json"]).output
    assert all(secret in told for secret in secrets)


@pytest.mark.parametrize(
    "text",
    [
        "auto:1:key",
        "auto:one:keykeykey:secretsecretsecret",
        "auto:1:k:secretsecretsecret",
        "auto:1:keykeykey:s",
        "auto:1:keykeykey:secretsecretsecret,auto:2:keykeykez:secretsecretsecret",
        "auto:1:keykeykey:secretsecretsecret,dropin:1:keykeykez:secretsecretsecret",
        "auto:1:keykeykey:secretsecretsecret,dropin:2:keykeykey:secretsecretsecret",
    ],
)
def test_a_setting_that_names_no_apps_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must|has"):
        parsed(text)
