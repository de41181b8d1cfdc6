"""Every kind of stage is whole: traits, model and rules, and none is missing in a package."""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

from definitions import kinds, shipped
from definitions.kinds.registry import KINDS, belongs_to, kind_of
from definitions.loader import parse_definition, restore
from definitions.stages import Stage
from definitions.unfolding import unfold
from domain import kinds as traits
from domain.kinds.registry import TRAITS, WRITTEN
from tests.definitions.test_loader import TEXTS

NO_KIND = {"kind", "registry", "traits", "union"}

EVERYTHING = "92961200b1916e76040d1af6429a1dc990eafeacfbbe7124d1b0365f94fa5ccd"
"""The hash of a definition with every key, from when one model had the fields of all kinds."""


@pytest.mark.parametrize("package", [kinds, traits])
def test_each_package_has_a_module_for_each_kind(package: object) -> None:
    names = {module.name for module in iter_modules([str(Path(str(package.__file__)).parent)])}  # type: ignore[attr-defined]
    assert names - NO_KIND == {kind.name for kind in WRITTEN}


def test_the_language_knows_the_kinds_that_have_traits_in_the_same_order() -> None:
    assert list(KINDS) == [kind.name for kind in WRITTEN]
    assert {kind.name for kind in WRITTEN} | {k.name for k in TRAITS.values() if k.step} == set(
        TRAITS
    )


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_has_a_model_of_its_own_and_a_holder(name: str) -> None:
    kind = KINDS[name]
    assert issubclass(kind.model, Stage)
    assert kind.model is not Stage
    assert kind.traits is TRAITS[name]
    assert kind.traits.holders
    assert import_module(f"domain.kinds.{name}").__doc__


def test_a_field_of_one_kind_belongs_to_it_alone() -> None:
    assert belongs_to("raters") == "`feedback_round`"
    assert belongs_to("title") == ""
    assert belongs_to("no_such_key") == ""


@pytest.mark.parametrize("name", shipped.NAMES)
def test_every_stage_that_runs_has_traits_and_rules(name: str) -> None:
    for stage in unfold(shipped.definition(name).definition).stages:
        assert stage.traits is TRAITS[stage.kind]
        assert kind_of(stage).traits.name in KINDS


def test_what_was_published_before_keeps_its_hash_and_can_be_read() -> None:
    parsed = parse_definition(TEXTS["everything"])
    assert parsed.hash == EVERYTHING
    assert restore(parsed.content) == parsed.definition
