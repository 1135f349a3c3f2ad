"""Every way in which a setting can be wrong stops the start with one line that names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from switchboard.engine.errors import StartError
from switchboard.setting_values import Bind
from switchboard.settings import TABLE, Settings, variable_of
from switchboard.settings_loading import load, shown

KEY = "k" * 32


def test_an_empty_environment_gives_the_defaults() -> None:
    assert load({}) == Settings()


def test_variables_of_other_programs_are_left_alone() -> None:
    assert load({"PATH": "/bin", "SWITCH": "on", "switchboard_bind": "x"}) == Settings()


def test_every_default_can_be_written_as_a_value() -> None:
    """What ``switchboard settings`` shows as a default can be set as it stands."""
    for name in TABLE:
        default = getattr(Settings(), name)
        if default is not None and default != ():
            text = shown(name, default)
            assert getattr(load({variable_of(name): text}), name) == default, name


@pytest.mark.parametrize(
    ("variable", "text", "name", "value"),
    [
        ("SWITCHBOARD_BIND", "[::1]:80", "bind", Bind("::1", 80)),
        ("SWITCHBOARD_DATA_DIR", "/tmp/x", "data_dir", Path("/tmp/x")),
        ("SWITCHBOARD_LENIENT", "Off", "lenient", False),
        ("SWITCHBOARD_IDLE_SECONDS", "off", "idle_seconds", None),
        ("SWITCHBOARD_CLAIM_TIMEOUT_SECONDS", "1.5", "claim_timeout_seconds", 1.5),
        ("SWITCHBOARD_ALLOWED_HOSTS", "a.test, b.test,", "allowed_hosts", ("a.test", "b.test")),
        ("SWITCHBOARD_TRUSTED_PROXIES", "10.1.2.3/8", "trusted_proxies", ("10.0.0.0/8",)),
        ("SWITCHBOARD_PUBLIC_BASE_URL", "https://a.test/", "public_base_url", "https://a.test"),
        ("SWITCHBOARD_CORS_ORIGINS", "https://a.test/", "cors_origins", ("https://a.test",)),
        ("SWITCHBOARD_TOKEN_KEYS", f"a:{KEY}", "token_keys", {"a": KEY.encode()}),
        (
            "SWITCHBOARD_DIALECT_HOSTS",
            "Gigs.test:dropin, localhost:81:auto",
            "dialect_hosts",
            {"gigs.test": "dropin", "localhost:81": "auto"},
        ),
        ("SWITCHBOARD_DOWELL_PRODUCTS", "A:1, B b:2,", "dowell_products", {"A": "1", "B b": "2"}),
    ],
)
def test_a_value_is_read_as_its_type(variable: str, text: str, name: str, value: object) -> None:
    assert getattr(load({variable: text}), name) == value


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("SWITCHBOARD_BIND", "8000"),
        ("SWITCHBOARD_BIND", "localhost:eighty"),
        ("SWITCHBOARD_BIND", "localhost:65536"),
        ("SWITCHBOARD_BIND", ":8000"),
        ("SWITCHBOARD_DATA_DIR", " "),
        ("SWITCHBOARD_DATABASE_URL", "mysql://localhost/x"),
        ("SWITCHBOARD_DEMO", "perhaps"),
        ("SWITCHBOARD_LOG_FORMAT", "xml"),
        ("SWITCHBOARD_CLAIM_TIMEOUT_SECONDS", "soon"),
        ("SWITCHBOARD_CLAIM_TIMEOUT_SECONDS", "nan"),
        ("SWITCHBOARD_CLAIM_TIMEOUT_SECONDS", "-1"),
        ("SWITCHBOARD_IDLE_SECONDS", "never"),
        ("SWITCHBOARD_MAILBOX", "0"),
        ("SWITCHBOARD_MAILBOX", "1.5"),
        ("SWITCHBOARD_OPERATOR_SHARE_PERCENT", "101"),
        ("SWITCHBOARD_TRUSTED_PROXIES", "somewhere"),
        ("SWITCHBOARD_PUBLIC_BASE_URL", "live.example.org"),
        ("SWITCHBOARD_CORS_ORIGINS", "live.example.org"),
        ("SWITCHBOARD_TOKEN_KEYS", ""),
        ("SWITCHBOARD_TOKEN_KEYS", "justasecret"),
        ("SWITCHBOARD_TOKEN_KEYS", "a:tooshort"),
        ("SWITCHBOARD_TOKEN_KEYS", f"a:{KEY},a:{KEY}"),
        ("SWITCHBOARD_DIALECT_HOSTS", "dropin"),
        ("SWITCHBOARD_DIALECT_HOSTS", "a.test:"),
        ("SWITCHBOARD_DIALECT_HOSTS", "a.test:auto,A.test:ally"),
        ("SWITCHBOARD_DIALECT_HOSTS", "http://a.test:auto"),
        ("SWITCHBOARD_DOWELL_PRODUCTS", "A"),
        ("SWITCHBOARD_DOWELL_PRODUCTS", "A:"),
        ("SWITCHBOARD_DOWELL_PRODUCTS", ":1"),
        ("SWITCHBOARD_DOWELL_PRODUCTS", "A:1,A:2"),
        ("SWITCHBOARD_DOWELL_ENVELOPE", "old"),
    ],
)
def test_a_malformed_value_stops_the_start_naming_the_variable(variable: str, text: str) -> None:
    with pytest.raises(StartError, match=f"^{variable} ") as caught:
        load({variable: text})
    assert "\n" not in str(caught.value)


def test_an_unknown_name_stops_the_start_and_the_near_one_is_suggested() -> None:
    with pytest.raises(StartError, match="SWITCHBOARD_BINDS, did you mean SWITCHBOARD_BIND"):
        load({"SWITCHBOARD_BINDS": "127.0.0.1:1"})
    with pytest.raises(StartError, match=r"^unknown setting SWITCHBOARD_COLOUR "):
        load({"SWITCHBOARD_COLOUR": "red"})
    with pytest.raises(StartError, match="SWITCHBOARD_bind, did you mean SWITCHBOARD_BIND"):
        load({"SWITCHBOARD_bind": "127.0.0.1:1"})


def test_an_option_goes_before_its_variable_and_is_named_in_errors() -> None:
    environment = {"SWITCHBOARD_BIND": "127.0.0.1:1"}
    assert load(environment, {"bind": "127.0.0.1:2", "data_dir": None}).bind.port == 2
    with pytest.raises(StartError, match=r"^--database-url "):
        load(environment, {"database_url": "nonsense"})


def test_a_secret_that_is_malformed_is_not_repeated() -> None:
    with pytest.raises(StartError) as caught:
        load({"SWITCHBOARD_TOKEN_KEYS": "kid:short-but-secret"})
    assert "short-but-secret" not in str(caught.value)


def test_settings_that_contradict_each_other_stop_the_start() -> None:
    with pytest.raises(StartError, match="go together"):
        load({"SWITCHBOARD_ADMIN_LOGIN": "root"})
    for name in ("APPROVE_AT_ONCE", "EXPOSE_ACCESS_TOKEN"):
        with pytest.raises(StartError, match=name):
            load(
                {f"SWITCHBOARD_{name}": "true", "SWITCHBOARD_DATABASE_URL": "postgres://db.test/x"}
            )


def test_what_eases_trying_out_holds_for_the_embedded_database_alone() -> None:
    assert load({}).approves_at_once
    assert load({}).exposes_access_token
    own = load({"SWITCHBOARD_DATABASE_URL": "postgres://db.test/x"})
    assert not own.approves_at_once
    assert not own.exposes_access_token


def test_secrets_are_masked_when_shown() -> None:
    settings = load(
        {
            "SWITCHBOARD_DATABASE_URL": "postgresql://me:pw@db.test/x?password=pw",
            "SWITCHBOARD_TOKEN_KEYS": f"a:{KEY}",
            "SWITCHBOARD_ADMIN_LOGIN": "root",
            "SWITCHBOARD_ADMIN_PASSWORD": "pw",
        }
    )
    text = " ".join(shown(name, getattr(settings, name)) for name in TABLE)
    assert "pw" not in text
    assert KEY not in text
    assert "postgresql://me:***@db.test/x?..." in text


@pytest.mark.parametrize(
    ("bind", "needed"),
    [
        ("127.0.0.1:0", False),
        ("localhost:8000", False),
        ("[::1]:80", False),
        ("0.0.0.0:80", True),
        ("[::]:80", True),
        ("192.0.2.1:80", True),
        ("live.example.org:80", True),
    ],
)
def test_the_staff_of_widgets_needs_a_key_unless_only_this_machine_can_call(
    bind: str, needed: bool
) -> None:
    assert load({"SWITCHBOARD_BIND": bind}).staff_key_needed is needed
    for word in ("true", "false"):
        settings = load({"SWITCHBOARD_BIND": bind, "SWITCHBOARD_DOWELL_STAFF_KEY": word})
        assert settings.staff_key_needed is (word == "true")
