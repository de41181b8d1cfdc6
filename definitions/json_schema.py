"""JSON Schema (draft 2020-12) of the files as they are written, for editors.

Made from the models, so that it says what they say. It knows the shape of a file; what refers to
what is only known to the loader.

`python -m definitions.json_schema` writes the published files anew.
"""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from definitions.company import Company
from definitions.form_checks import WITH_OWN_TEXT
from definitions.kinds.registry import BY_DEFAULT, KINDS
from definitions.models import Definition

DIALECT = "https://json-schema.org/draft/2020-12/schema"
DEPENDENT = ("assignee", "per")
"""Keys of a stage whose default depends on other parts: no single value can be named."""

FOLDER = Path(__file__).parent / "schema"


def definition_schema() -> dict[str, Any]:
    """The schema of a definition file."""
    schema = _schema(Definition, "Almanac cycle definition")
    parts = schema["$defs"]
    parts["Audience"]["properties"]["late_joiners"].pop("default")
    schema["properties"]["stages"]["items"] = _stage_by_kind(parts)
    question = parts["Question"]
    question["allOf"] = [
        _when({"type": {"enum": list(WITH_OWN_TEXT)}}, {}, otherwise={"required": ["ask"]}),
        _when(
            {"type": {"const": "choice"}},
            {"required": ["options"], "properties": {"options": {"minItems": 2}}},
        ),
        _when(
            {"type": {"enum": ["choice", "competencies"]}},
            {},
            otherwise={"properties": {"options": False}},
        ),
    ]
    return schema


def _stage_by_kind(parts: dict[str, Any]) -> dict[str, Any]:
    """A stage of any kind: its `kind` says which of the parts holds."""
    parts.pop("_UnknownKind")
    rules: list[dict[str, Any]] = []
    for name, kind in KINDS.items():
        model = kind.model.__name__
        properties = parts[model]["properties"]
        for key in DEPENDENT:
            properties[key].pop("default")
        properties["kind"] = {**properties["kind"], "const": name}
        if name != BY_DEFAULT:
            properties["kind"].pop("default")
        if kind.traits.form is None:
            properties.pop("form")
        if kind.model.computes_due:
            parts[model]["required"] = [k for k in parts[model]["required"] if k != "due"]
        elif "due" not in parts[model]["required"]:
            parts[model]["required"].append("due")
        given = {"kind": {"const": name}}
        then = {"$ref": f"#/$defs/{model}"}
        rules.append(_when(given, then, by_default=name == BY_DEFAULT))
    kinds = {**parts[KINDS[BY_DEFAULT].model.__name__]["properties"]["kind"], "enum": list(KINDS)}
    kinds.pop("const")
    return {"type": "object", "properties": {"kind": kinds}, "allOf": rules}


def company_schema() -> dict[str, Any]:
    """The schema of the company file."""
    return _schema(Company, "Almanac company settings")


def published() -> dict[str, str]:
    """The content of the published files, by name."""
    schemas = {"definition": definition_schema(), "company": company_schema()}
    return {
        f"{name}.schema.json": json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        for name, schema in schemas.items()
    }


def write() -> None:
    """Write the published files."""
    FOLDER.mkdir(exist_ok=True)
    for name, content in published().items():
        (FOLDER / name).write_text(content, encoding="utf-8")


def _schema(model: type[BaseModel], title: str) -> dict[str, Any]:
    made = _as_written(model.model_json_schema(by_alias=True, mode="validation"))
    return {"$schema": DIALECT, **made, "title": title}


def _when(
    given: dict[str, Any],
    then: dict[str, Any],
    *,
    otherwise: dict[str, Any] | None = None,
    by_default: bool = False,
) -> dict[str, Any]:
    """`if` that is also right where the key is left out: then its default decides."""
    condition: dict[str, Any] = {"properties": given}
    if not by_default:
        condition["required"] = list(given)
    rule: dict[str, Any] = {"if": condition}
    if otherwise is not None:
        rule["else"] = otherwise
    if then:
        rule["then"] = then
    return rule


def _as_written(part: Any) -> Any:
    """Without null (an empty value is an error) and without defaults that stand in no file."""
    if isinstance(part, list):
        return [_as_written(inner) for inner in part]
    if not isinstance(part, dict):
        return part
    made = {key: _as_written(value) for key, value in part.items()}
    if not isinstance(made.get("default", 0), str | int) or made.get("default") == "":
        del made["default"]
    options = made.get("anyOf")
    if isinstance(options, list):
        rest = [option for option in options if option != {"type": "null"}]
        if len(rest) == 1:
            del made["anyOf"]
            made = {**rest[0], **made}
        else:
            made["anyOf"] = rest
    return made


if __name__ == "__main__":
    write()
