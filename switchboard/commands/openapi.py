"""``switchboard openapi``."""

from __future__ import annotations

import json

import click


@click.command()
@click.option("--postman", is_flag=True, help="A Postman collection (2.1) instead.")
def openapi(postman: bool) -> None:
    """Print the OpenAPI 3.1 document of all five APIs; a running server has it at /openapi.json."""
    from switchboard.version import VERSION
    from switchboard.web.descriptions import DESCRIBED
    from switchboard.web.openapi.document import build
    from switchboard.web.openapi.postman import collection

    document = build(DESCRIBED, VERSION)
    shown = collection(document) if postman else document
    click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
