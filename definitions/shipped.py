"""The definitions and the company file that come with Almanac."""

from importlib.resources import files
from importlib.resources.abc import Traversable

from definitions.company import Company
from definitions.loader import Parsed, parse_company, parse_definition

NAMES = ("annual", "mid_year", "quarterly", "probation", "feedback", "upward")
"""The shipped cycles."""


def cycle_source(name: str) -> str:
    """A shipped definition as it is written. Raises LookupError for an unknown name."""
    if name not in NAMES:
        raise LookupError(f"no definition {name!r} is shipped")
    return _cycle(name).read_text(encoding="utf-8")


def definition(name: str) -> Parsed:
    """A shipped definition. Raises LookupError for an unknown name."""
    return parse_definition(cycle_source(name), f"{name}.yaml")


def definitions() -> dict[str, Parsed]:
    """All shipped definitions, by name."""
    return {name: definition(name) for name in NAMES}


def company_source() -> str:
    """The demo company's file as it is written."""
    return (files("definitions") / "company.yaml").read_text(encoding="utf-8")


def company() -> Company:
    """The demo company."""
    return parse_company(company_source(), "company.yaml")


def _cycle(name: str) -> Traversable:
    return files("definitions") / "cycles" / f"{name}.yaml"
