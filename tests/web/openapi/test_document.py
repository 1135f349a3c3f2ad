"""The OpenAPI document is whole and valid, its page needs nothing from elsewhere, its collection is current."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import documented
import jsonschema_rs
import pytest
from click.testing import CliRunner
from openapi_spec_validator import validate
from web_worlds import web_world

from switchboard.command_line import switchboard
from switchboard.version import VERSION
from switchboard.web.descriptions import DESCRIBED
from switchboard.web.openapi.postman import collection
from switchboard.web.openapi.reference import example_of, render

COLLECTION = Path(__file__).parents[3] / "docs" / "postman_collection.json"

OPERATIONS = [
    (method, path, operation)
    for path, methods in documented.DOCUMENT["paths"].items()
    for method, operation in methods.items()
]


def test_it_is_valid() -> None:
    validate(documented.DOCUMENT)


@pytest.mark.parametrize(("dialect", "description"), DESCRIBED, ids=lambda one: one.name)
def test_it_describes_every_route_and_no_other(dialect: Any, description: Any) -> None:
    described = {(route.method, route.path) for route in dialect.routes}
    assert set(description.operations) == described
    assert description.name == dialect.name


def test_operations_have_names_of_their_own() -> None:
    ids = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    "operation", [one for _, _, one in OPERATIONS], ids=lambda one: one["operationId"]
)
def test_its_examples_are_what_its_schemas_allow(operation: dict[str, Any]) -> None:
    components = documented.DOCUMENT["components"]
    schemas = [one["schema"] for one in operation["parameters"]]
    for media in operation.get("requestBody", {}).get("content", {}).values():
        schemas.append(media["schema"])
    for schema in schemas:
        example = example_of(schema)
        if "contentMediaType" not in json.dumps(schema):
            jsonschema_rs.validate({**schema, "components": components}, example)


async def test_it_is_served_once_and_then_known_by_its_tag() -> None:
    async with web_world() as world:
        for path, kind in (("/openapi.json", "application/json"), ("/reference", "text/html")):
            reply = await world.get(path)
            assert reply.status == 200
            assert reply.headers["Content-Type"].startswith(kind)
            assert reply.headers["Referrer-Policy"] == "no-referrer"
            known = await world.get(path, headers={"If-None-Match": reply.headers["ETag"]})
            assert (known.status, known.body) == (304, b"")
        assert (await world.get("/openapi.json")).body == documented.DOCUMENT


def test_the_page_needs_no_script_and_nothing_from_elsewhere() -> None:
    page = render(documented.DOCUMENT).decode()
    assert "<script" not in page
    assert not re.search(r"(src|href)=\"(https?:)?//", page)
    for _, path, operation in OPERATIONS:
        assert f'id="{operation["operationId"]}"' in page
        assert path.replace("{", "{") in page


def test_the_collection_in_the_repository_is_current() -> None:
    """``switchboard openapi --postman > docs/postman_collection.json``"""
    assert json.loads(COLLECTION.read_text()) == collection(documented.DOCUMENT)


def test_the_command_prints_both() -> None:
    runner = CliRunner()
    printed = json.loads(runner.invoke(switchboard, ["openapi"]).stdout)
    assert printed.pop("info")["version"] == VERSION
    assert printed == {name: part for name, part in documented.DOCUMENT.items() if name != "info"}
    printed = runner.invoke(switchboard, ["openapi", "--postman"]).stdout
    assert printed == COLLECTION.read_text()
