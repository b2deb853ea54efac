"""The reference of the HTTP interface, from the OpenAPI document of the service."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any, NamedTuple

from api.main import create_app
from api.settings import Settings

from .tables import code, one_line, prose, table

__all__ = ["Call", "calls", "http_interface"]

_INTRODUCTION = """# HTTP

Every call of the service, from the OpenAPI document that it serves itself at `/openapi.json`. At `/docs` of a running
service you can try each one. An error is `application/problem+json` (RFC 9457); its `type` is stable, and no error
repeats the text of a message.

"""
_METHODS = ("get", "post", "put", "patch", "delete")
_SAID_OF_ALL = {"ValidationError", "HTTPValidationError"}


class Call(NamedTuple):
    """One method of one path, as the document describes it."""

    method: str
    path: str
    described: Mapping[str, Any]

    @property
    def tag(self) -> str:
        """The group that it belongs to."""
        return str((self.described.get("tags") or ["others"])[0])


def document() -> dict[str, Any]:
    """Return the OpenAPI document of a service with default settings."""
    return create_app(Settings()).openapi()


def calls(described: Mapping[str, Any]) -> list[Call]:
    """Return every call, those of a group together, groups in the order of their first."""
    found = [Call(m.upper(), path, ms[m]) for path, ms in described["paths"].items() for m in _METHODS if m in ms]
    groups = list(dict.fromkeys(call.tag for call in found))
    return sorted(found, key=lambda call: groups.index(call.tag))


def http_interface() -> str:
    """Return the page."""
    described = document()
    parts = [_INTRODUCTION]
    for tag, group in groupby(calls(described), key=lambda call: call.tag):
        parts += [f"## {tag.capitalize()}\n\n", *map(_call, group)]
    schemas = described["components"]["schemas"]
    parts.append("## Objects\n\nWhat bodies and answers are made of. A field without “required” may be left out.\n\n")
    parts += [_object(name, schemas[name]) for name in sorted(schemas) if name not in _SAID_OF_ALL]
    return "".join(parts)


def _call(call: Call) -> str:
    described = call.described
    text = prose(described.get("description"))
    parts = [f"### `{call.method} {call.path}`\n\n**{described.get('summary', '')}.** {text}\n\n"]
    parts.append(table(("Parameter", "In", "Takes", "Default"), map(_parameter, described.get("parameters", []))))
    parts.append(_body(described.get("requestBody")))
    parts.append(table(("Status", "Answer", "Body"), map(_answer, described.get("responses", {}).items())))
    return "".join(parts)


def _parameter(parameter: Mapping[str, Any]) -> tuple[str, str, str, str]:
    schema = parameter["schema"]
    default = code(json.dumps(schema["default"], ensure_ascii=False)) if schema.get("default") is not None else ""
    takes = "; ".join(filter(None, (_type(schema).removesuffix(" or null"), one_line(parameter.get("description")))))
    return code(parameter["name"]), parameter["in"], takes, "required" if parameter.get("required") else default


def _body(body: Mapping[str, Any] | None) -> str:
    if body is None:
        return ""
    (form, content), *_ = body["content"].items()
    example = next(iter(_examples(content)), None)
    shown = f"```json\n{json.dumps(example, ensure_ascii=False, indent=2)}\n```\n\n" if example is not None else ""
    return f"Body: `{form}`, {_type(content.get('schema', {}))}.\n\n{shown}"


def _examples(content: Mapping[str, Any]) -> Iterator[Any]:
    for example in content.get("examples", {}).values():
        yield example["value"]
    if "example" in content:
        yield content["example"]


def _answer(answer: tuple[str, Mapping[str, Any]]) -> tuple[str, str, str]:
    status, described = answer
    said = one_line(described["description"]).replace("Successful Response", "Done")
    content = described.get("content", {})
    bodies = [
        code(form) if "json" not in form else "a problem" if "problem" in form else _type(inner.get("schema", {}))
        for form, inner in content.items()
    ]
    return code(status), said, ", ".join(filter(None, bodies))


def _object(name: str, schema: Mapping[str, Any]) -> str:
    parts = [f"### {_title(name)} {{ #object-{_anchor(name)} }}\n\n", f"{prose(schema.get('description'))}\n\n"]
    if "properties" not in schema:
        return "".join([*parts, f"{_type(schema)}\n\n"])
    required = schema.get("required", [])
    rows = (
        (code(field), _type(inner), ", ".join(filter(None, (_needed(field, required, inner), _says(inner)))))
        for field, inner in schema["properties"].items()
    )
    return "".join([*parts, table(("Field", "Type", ""), rows)])


def _needed(field: str, required: list[str], schema: Mapping[str, Any]) -> str:
    if field in required:
        return "required"
    default = schema.get("default")
    return "" if default in (None, {}, []) else f"default {code(json.dumps(default, ensure_ascii=False))}"


def _says(schema: Mapping[str, Any]) -> str:
    return one_line(schema.get("description")) if "$ref" not in schema else ""


def _type(schema: Mapping[str, Any]) -> str:
    """Return a schema in words, with a link to an object that has a name."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name in _SAID_OF_ALL:
            return "a problem"
        return f"[{_title(name)}](#object-{_anchor(name)})"
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return " or ".join(dict.fromkeys(_type(option) for option in schema[key]))
    if "enum" in schema or "const" in schema:
        return ", ".join(code(value) for value in schema.get("enum", [schema.get("const")]))
    return _simple(schema)


def _simple(schema: Mapping[str, Any]) -> str:
    found = schema.get("type", "any value")
    if found == "array":
        return f"list of {_type(schema.get('items', {}))}{_bounds(schema, 'Items')}"
    if found == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_type(schema['additionalProperties'])}"
    if found == "string":
        return f"{schema.get('format', 'text')}{_bounds(schema, 'Length')}"
    return f"{found}{_bounds(schema, 'imum')}"


def _bounds(schema: Mapping[str, Any], of: str) -> str:
    """Return the limits of a number, a text or a list: ``(1 to 256)``."""
    low, high = schema.get(f"min{of}"), schema.get(f"max{of}")
    if low is None and high is None:
        return ""
    if high is None:
        return f" (from {low:,})" if low else ""
    return f" ({low:,} to {high:,})" if low is not None else f" (up to {high:,})"


def _title(name: str) -> str:
    """Return a name as people read it: ``Answer_list_Drift__`` is an answer of a list."""
    return re.sub(r"\s+", " ", name.replace("_", " ")).strip()


def _anchor(name: str) -> str:
    return name.strip("_").replace("_", "-").lower()


if __name__ == "__main__":
    sys.stdout.write(http_interface())
