"""``switchboard doctor``: what is amiss with a deployment, before its users find out."""

from __future__ import annotations

import os
from collections.abc import Iterator

import click

from switchboard import setting_values
from switchboard.admin_channel import NoServer
from switchboard.commands.options import ask, data_dir_option
from switchboard.settings import Settings
from switchboard.settings_loading import load


@click.command()
@data_dir_option
def doctor(data_dir: str | None) -> None:
    """Check the settings and the running server; status 1 if anything is amiss."""
    settings = load(os.environ, {"data_dir": data_dir})
    findings = [*of_settings(settings)]
    try:
        apps = ask(data_dir, "support-app list")
        standing = ask(data_dir, "quarantine list")
    except NoServer as error:
        findings.append(f"{error}: apps and sessions were not looked at")
    else:
        findings += of_apps(settings, apps)
        if standing:
            findings.append(
                f"{len(standing)} sessions are in quarantine: switchboard quarantine list"
            )
    for finding in findings:
        click.echo(f"- {finding}")
    if findings:
        raise SystemExit(1)
    click.echo("nothing is amiss")


def is_open(settings: Settings) -> bool:
    """Whether others than this machine can call: it listens elsewhere, or a proxy stands before it."""
    return not setting_values.is_loopback(settings.bind.host) or bool(settings.trusted_proxies)


def of_settings(settings: Settings) -> Iterator[str]:
    """What the settings alone tell."""
    if not is_open(settings):
        return
    if settings.approves_at_once:
        yield "whoever asks to be an operator or dealer is one: SWITCHBOARD_APPROVE_AT_ONCE=false"
    if settings.exposes_access_token:
        yield "registrations answer with tokens: SWITCHBOARD_EXPOSE_ACCESS_TOKEN=false"
    if settings.demo:
        yield "demo people exist: SWITCHBOARD_DEMO=false"
    if settings.embedded:
        yield "the database is the embedded one, which nobody backs up: SWITCHBOARD_DATABASE_URL"
    if settings.public_base_url is None and not settings.allowed_hosts:
        yield "answers can have no URLs: SWITCHBOARD_PUBLIC_BASE_URL or SWITCHBOARD_ALLOWED_HOSTS"
    if not settings.staff_key_needed:
        yield "everybody can list dowell's rooms: SWITCHBOARD_DOWELL_STAFF_KEY=true"


def of_apps(settings: Settings, apps: list[dict[str, object]]) -> Iterator[str]:
    """What the support apps tell."""
    if not is_open(settings):
        return
    for app in apps:
        if not app["needs_auth_token"]:
            yield f"who knows an alias is that client of the app {app['code']}: it needs no auth_token"
