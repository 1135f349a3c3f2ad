"""The reference as one page for people: no script, nothing from elsewhere; it is there when the internet is not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --accent: #0a6; }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 62rem; padding: 1rem; }
h1 { font-size: 1.6rem; } h2 { border-top: 2px solid var(--line); margin-top: 2.5rem; padding-top: 1rem; }
nav ul { columns: 16rem; list-style: none; padding: 0; } a { color: inherit; }
details { border: 1px solid var(--line); border-radius: .5rem; margin: .4rem 0; overflow: hidden; }
summary { cursor: pointer; padding: .5rem .7rem; } summary:hover { background: var(--soft); }
details > div { border-top: 1px solid var(--line); padding: .3rem .9rem .9rem; }
.method { color: var(--accent); display: inline-block; font: 700 .8rem ui-monospace, monospace; min-width: 4rem; }
code, pre { font: .85rem/1.4 ui-monospace, monospace; } .what { display: block; opacity: .75; }
pre { background: var(--soft); border-radius: .4rem; overflow-x: auto; padding: .6rem; }
table { border-collapse: collapse; width: 100%; } .wide { overflow-x: auto; }
td, th { border-bottom: 1px solid var(--line); padding: .25rem .6rem .25rem 0; text-align: left; vertical-align: top; }
h3 { font-size: 1rem; margin: .9rem 0 .3rem; }
"""

LENGTH_MOST = 90
"""Of a schema in words; what is longer is cut, and whole in the document."""


def render(document: Mapping[str, Any]) -> bytes:
    """The page."""
    parts = "".join(_parts(document))
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Switchboard: reference</title><style>{STYLE}</style></head>"
        f"<body>{parts}</body></html>"
    )
    return page.encode()


def _parts(document: Mapping[str, Any]) -> Iterator[str]:
    yield "<header><h1>Switchboard: reference</h1>"
    yield (
        "<p>Every call of the five APIs. For programs the same is at "
        '<a href="openapi.json">openapi.json</a> (OpenAPI 3.1).</p></header><nav><ul>'
    )
    for tag in document["tags"]:
        yield f'<li><a href="#{tag["name"]}">{escape(tag["name"])}</a></li>'
    yield "</ul></nav><main>"
    for tag in document["tags"]:
        yield f'<section id="{tag["name"]}"><h2>{escape(tag["name"])}</h2>'
        yield f"<p>{escape(tag['description'])}</p>"
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if tag["name"] in operation["tags"]:
                    yield from _operation(document, method.upper(), path, operation)
        yield "</section>"
    yield "</main>"


def _operation(
    document: Mapping[str, Any], method: str, path: str, operation: Mapping[str, Any]
) -> Iterator[str]:
    yield f'<details id="{escape(operation["operationId"])}"><summary>'
    yield f'<span class="method">{method}</span> <code>{escape(path)}</code>'
    yield f'<span class="what">{escape(operation["summary"])}</span></summary><div>'
    yield "<p>Needs a token.</p>" if operation["security"] else "<p>Needs no token.</p>"
    rows = [
        (one["name"], one["in"], bool(one.get("required")), one["schema"])
        for one in operation["parameters"]
    ]
    body = operation.get("requestBody")
    if body is not None:
        content, media = next(iter(body["content"].items()))
        schema = media["schema"]
        required = schema.get("required", ())
        for name, inner in schema.get("properties", {"(the body)": schema}).items():
            where = "body" if content.endswith("json") else content
            rows.append((name, where, name in required, inner))
    if rows:
        yield '<h3>Takes</h3><div class="wide"><table>'
        for name, where, required, schema in rows:
            mark = "" if required else " (optional)"
            yield f"<tr><td><code>{escape(name)}</code>{mark}</td><td>{escape(where)}</td>"
            yield f"<td>{escape(_words(schema))}</td></tr>"
        yield "</table></div>"
    yield "<h3>Answers</h3>"
    for status, response in operation["responses"].items():
        if status < "400":
            yield from _answer(document, status, response)
    refusals = [status for status in operation["responses"] if status >= "400"]
    yield f"<p>Or says no with {', '.join(refusals)}.</p>"
    yield f"<h3>With curl</h3><pre>{escape(_curl(method, path, operation))}</pre></div></details>"


def _answer(document: Mapping[str, Any], status: str, response: Mapping[str, Any]) -> Iterator[str]:
    for content, media in response.get("content", {"nothing": {"schema": {}}}).items():
        schema = media["schema"]
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        yield f"<p>{status}, {escape(content)}: {escape(_words(schema))}</p>"
        if "properties" in schema:
            yield '<div class="wide"><table>'
            for name, inner in schema["properties"].items():
                mark = "" if name in schema.get("required", ()) else " (not always)"
                yield f"<tr><td><code>{escape(name)}</code>{mark}</td>"
                yield f"<td>{escape(_words(inner))}</td></tr>"
            yield "</table></div>"


def _words(schema: Mapping[str, Any]) -> str:
    """A schema in few words."""
    text = _phrase(schema)
    return text if len(text) <= LENGTH_MOST else f"{text[: LENGTH_MOST - 1]}…"


def _phrase(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if "anyOf" in schema:
        return " or ".join(_phrase(one) for one in schema["anyOf"])
    kind = schema.get("type")
    if kind == "array":
        return f"list of {_phrase(schema['items'])}"
    if kind == "object":
        names = schema.get("properties")
        return f"{{{', '.join(names)}}}" if names else "object"
    words = str(kind or "anything")
    if "minimum" in schema:
        words += f" from {schema['minimum']:g} to {schema['maximum']:g}"
    if "maxLength" in schema:
        words += f", at most {schema['maxLength']} characters"
    return words


def _curl(method: str, path: str, operation: Mapping[str, Any]) -> str:
    words = ["curl -sS"]
    if method != "GET":
        words.append(f"-X {method}")
    if operation["security"]:
        words.append("-H 'Authorization: Bearer TOKEN'")
    body = operation.get("requestBody")
    if body is not None:
        content, media = next(iter(body["content"].items()))
        if content == "application/json":
            example = json.dumps(example_of(media["schema"]), ensure_ascii=False)
            words.append(f"-H 'Content-Type: application/json' -d '{example}'")
        elif content == "multipart/form-data":
            words.append(f"-F {next(iter(media['schema']['properties']))}=@image.png")
        else:
            words.append("--data-binary @file")
    return f"{' '.join(words)} http://127.0.0.1:8000{path}"


def example_of(schema: Mapping[str, Any]) -> Any:
    """Something that the schema allows, its required fields alone."""
    if "examples" in schema:
        return schema["examples"][0]
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return example_of(schema["anyOf"][0])
    match schema.get("type"):
        case "object":
            wanted = schema.get("required", ())
            return {name: example_of(schema["properties"][name]) for name in wanted}
        case "array":
            return [example_of(schema["items"])]
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "boolean":
            return True
        case _:
            return "sample"
