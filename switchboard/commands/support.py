"""``switchboard support-app|bank|directory|say``: what a support desk (ally) stands on."""

from __future__ import annotations

from pathlib import Path

import click

from switchboard.commands.options import ask, data_dir_option, json_option, show_json, show_table

app_option = click.option("--app", metavar="CODE", help="The support app; by default the only one.")


@click.group("support-app")
def support_app() -> None:
    """Apps whose clients a support desk serves."""


@support_app.command("add")
@click.argument("code")
@click.option("--name", default="", help="What people call it.")
@click.option(
    "--needs-auth-token",
    is_flag=True,
    help="Give tokens only to clients for whom the app's own server vouches.",
)
@data_dir_option
def app_add(code: str, name: str, needs_auth_token: bool, data_dir: str | None) -> None:
    """Add an app; its clients name it by CODE (app_id)."""
    made = ask(
        data_dir,
        "support-app add",
        code=code,
        name=name or code,
        needs_auth_token=needs_auth_token,
    )
    click.echo(f"app {code} has the id {made['id']} and the secret {made['secret']}")


@support_app.command("list")
@click.option("--secrets", is_flag=True, help="Show them too.")
@data_dir_option
@json_option
def app_list(secrets: bool, data_dir: str | None, as_json: bool) -> None:
    """List all apps."""
    found = ask(data_dir, "support-app list", secrets=secrets)
    if as_json:
        show_json(found)
        return
    columns = ["code", "id", "name", "needs_auth_token", *(["secret"] if secrets else [])]
    show_table(columns, [[one[column] for column in columns] for one in found])


@support_app.command("staff")
@click.argument("login")
@click.option("--admin", is_flag=True, help="An administrator instead of an operator.")
@click.password_option(help="Asked for if not given.")
@app_option
@data_dir_option
def staff(login: str, admin: bool, password: str, app: str | None, data_dir: str | None) -> None:
    """Add an operator of an app, who signs in with LOGIN."""
    made = ask(data_dir, "support-staff add", app=app, login=login, password=password, admin=admin)
    role = "administrator" if admin else "operator"
    click.echo(f"{role} {login} of {made['app']} has the id {made['id']}")


@click.group()
def bank() -> None:
    """Accounts by which a bank asks for its customers."""


@bank.command("add")
@click.argument("login")
@click.password_option(help="Asked for if not given.")
@app_option
@data_dir_option
def bank_add(login: str, password: str, app: str | None, data_dir: str | None) -> None:
    """Add an account that signs in with LOGIN by HTTP Basic."""
    made = ask(data_dir, "bank add", app=app, login=login, password=password)
    click.echo(f"bank {login} of {made['app']} has the id {made['id']}")


@click.group()
def directory() -> None:
    """The bank's directory of customers."""


@directory.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@app_option
@data_dir_option
def directory_import(file: Path, app: str | None, data_dir: str | None) -> None:
    """Import FILE, lines of alias,phone,fio; all of them or none. Known aliases are replaced."""
    made = ask(data_dir, "directory import", app=app, file=str(file.resolve()))
    click.echo(f"{made['lines']} customers of {made['app']}")


@click.command()
@click.argument("room")
@click.argument("text")
@click.option("--as", "sender", required=True, help="A client's alias or an operator's login.")
@app_option
@data_dir_option
def say(room: str, text: str, sender: str, app: str | None, data_dir: str | None) -> None:
    """Write TEXT into the support room with the id ROOM."""
    made = ask(data_dir, "say", room=room, text=text, sender=sender, app=app)
    click.echo(
        f"message {made['message']}" + (f" of issue {made['issue']}" if made["issue"] else "")
    )
