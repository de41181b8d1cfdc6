"""The published JSON Schema: what editors say agrees with what the loader says."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from definitions import json_schema, shipped
from definitions.source import read
from tests.definitions.broken_files import BROKEN, GOOD
from tests.definitions.test_loader import TEXTS

DEFINITION = Draft202012Validator(json_schema.definition_schema())
COMPANY = Draft202012Validator(json_schema.company_schema())
BY_SHAPE = (
    *("unknown_top_key", "missing_title", "unknown_stage_key", "missing_due", "missing_id"),
    *("id_with_space", "unknown_kind", "abbreviated_duration", "duration_without_unit"),
    *("closes_without_anchor", "closes_after_stage", "closes_never_ends", "date_with_words"),
    *("form_on_release", "field_of_other_kind", "unknown_assignee", "rung_before_due"),
    *("rung_no_number", "unknown_to", "visible", "options_for_text", "choice_without_options"),
    *("one_option", "option_is_no_text", "unknown_question_type", "question_without_ask"),
    *("required_yes", "most_too_small", "form_is_text", "exclusion_without_reason", "period"),
    *("launch_on", "launch_month", "scale_short", "wording_event", "retention", "policy"),
    *("anonymity", "no_stages"),
)
"""Those of the broken files whose fault can be seen without knowing what refers to what."""


def as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: as_json(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [as_json(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value


def accepts(validator: Draft202012Validator, text: str) -> bool:
    return bool(validator.is_valid(as_json(read(text, "file").data)))


def test_both_are_schemas_of_the_draft_they_name() -> None:
    for validator in (DEFINITION, COMPANY):
        Draft202012Validator.check_schema(validator.schema)
        assert validator.schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("name", TEXTS)
def test_definitions_as_they_are_written_are_accepted(name: str) -> None:
    assert accepts(DEFINITION, TEXTS[name])


def test_the_company_file_is_accepted() -> None:
    assert accepts(COMPANY, shipped.company_source())
    assert not accepts(COMPANY, shipped.company_source().replace("zone:", "timezone:"))


def test_the_good_file_is_accepted() -> None:
    assert accepts(DEFINITION, GOOD)


@pytest.mark.parametrize("name", BY_SHAPE)
def test_broken_files_are_refused_where_the_shape_shows_it(name: str) -> None:
    broken = next(broken for broken in BROKEN if broken.name == name)
    assert not accepts(DEFINITION, GOOD.replace(broken.old, broken.new, 1))


def test_every_key_is_described() -> None:
    for validator in (DEFINITION, COMPANY):
        for name, part in {"": validator.schema, **validator.schema["$defs"]}.items():
            for key, value in part.get("properties", {}).items():
                target = validator.schema["$defs"].get(str(value.get("$ref")).rpartition("/")[2])
                assert (value if target is None else target)["description"], f"{name}.{key}"


def test_the_published_files_are_up_to_date() -> None:
    """If this fails: python -m definitions.json_schema."""
    for name, content in json_schema.published().items():
        assert (json_schema.FOLDER / name).read_text(encoding="utf-8") == content


@pytest.mark.parametrize("path", ["company.yaml", *(f"cycles/{n}.yaml" for n in shipped.NAMES)])
def test_shipped_files_name_their_schema(path: str) -> None:
    folder = Path(json_schema.__file__).parent
    first = (folder / path).read_text(encoding="utf-8").splitlines()[0]
    schema = first.removeprefix("# yaml-language-server: $schema=")
    assert ((folder / path).parent / schema).resolve().parent == json_schema.FOLDER.resolve()
