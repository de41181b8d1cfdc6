"""Reading a scenario file: every problem at once, with its line."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from play.moments import ScenarioError, instant
from play.scenario import ON_PEOPLE, Happening, Scenario

Place = Sequence[str | int]

PEOPLE = frozenset(
    {"who", "about", "to", "delegate", "instead_of", "manager_id", "only", "peers", "others"}
)
DESKS = frozenset({"hr", "administrators"})


@dataclass(frozen=True)
class ScenarioFile:
    """A scenario with the places of its parts."""

    path: Path
    scenario: Scenario
    root: Node

    def where(self, place: Place) -> str:
        """FILE:LINE of a part, or of the nearest part around it."""
        return f"{self.path}:{_line(self.root, place)}"


def read_scenario(path: Path) -> ScenarioFile:
    """Read a scenario. Raises ScenarioError that names every problem with its line."""
    try:
        source = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ScenarioError(f"{path}: there is no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: cannot be read ({type(error).__name__})") from None
    try:
        content = YAML(typ="safe").load(source)
        root = YAML(typ="rt").compose(source)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise ScenarioError(f"{path}{place}: {error.problem}") from None
    except YAMLError as error:  # a character that no YAML may hold
        raise ScenarioError(f"{path}: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise ScenarioError(f"{path}: is nested too deeply") from None
    except (ValueError, TypeError) as error:  # e.g. a date that does not exist
        raise ScenarioError(f"{path}: {error}") from None
    if not isinstance(content, dict):
        raise ScenarioError(f"{path}:1: a scenario is a mapping that begins with `scenario:`")
    try:
        return ScenarioFile(path, Scenario.model_validate(content), root)
    except ValidationError as error:
        raise ScenarioError("\n".join(_problems(path, root, error))) from None


def _problems(path: Path, root: Node, error: ValidationError) -> Iterator[str]:
    for problem in error.errors():
        place = list(problem["loc"])
        what = ".".join(str(p) for p in place) or "the file"
        match problem["type"]:
            case "extra_forbidden":
                said = "there is no such key"
            case "missing":
                said = "is required"
            case _:
                said = problem["msg"].removeprefix("Value error, ")
        yield f"{path}:{_line(root, place)}: {what}: {said}"


def _line(root: Node, place: Place) -> int:
    node, line = root, root.start_mark.line + 1
    for part in place:
        if isinstance(node, MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == str(part)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return int(line)


def check_names(
    file: ScenarioFile, *, stages: Sequence[str], people: Sequence[str], forms: str
) -> None:
    """Do the people and stages that a scenario names exist?

    `forms` names the people file in the sentences; without `people` it could not be read, and its
    import says why. Raises ScenarioError with every problem.
    """
    known = {*people, *DESKS}
    known |= {e.joins.employee_id for e in file.scenario.events if e.joins is not None}
    lists = [e.submit.raters for e in file.scenario.events if e.submit and e.submit.raters]
    known |= {one.email.lower() for raters in lists for one in raters.external}
    wrong: list[str] = []
    for place, name, value in _named(file.scenario, ()):
        if people and name in PEOPLE and value not in known:
            wrong.append(f"{file.where(place)}: nobody in {forms} has the employee id {value}")
        elif name == "stage" and value not in stages:
            wrong.append(
                f"{file.where(place)}: there is no stage {value}; there are {', '.join(stages)}"
            )
    wrong += _joined_twice(file, people, forms)
    if wrong:
        raise ScenarioError("\n".join(wrong))


def _joined_twice(file: ScenarioFile, people: Sequence[str], forms: str) -> Iterator[str]:
    """Newcomers who are there already: joining would write over somebody. Who left may return."""
    there = set(people)
    for number, event in enumerate(file.scenario.events):
        if event.leaves is not None:
            there.discard(event.leaves.who)
        if event.joins is None:
            continue
        if event.joins.employee_id in there:
            yield (
                f"{file.where(['events', number, 'joins', 'employee_id'])}: "
                f"{event.joins.employee_id} is in {forms} or has joined already"
            )
        there.add(event.joins.employee_id)


def check_times(
    file: ScenarioFile, zone: ZoneInfo, launches: Mapping[str, datetime], until: datetime
) -> None:
    """Is there a cycle for what happens to it, before the end, and an end after the launch?

    `launches` are the instants by definition. Raises ScenarioError with every problem.
    """
    main = next(iter(launches))
    wrong: list[str] = []
    if until <= min(launches.values()):
        wrong.append(f"{file.where(['until'])}: the play ends before anything is launched")
    for place, name, value in _named(file.scenario, ()):
        if name == "of" and value not in launches:
            wrong.append(
                f"{file.where(place)}: no cycle of {value} is launched; there are "
                f"{', '.join(launches)}"
            )
    for number, event in enumerate(file.scenario.events):
        at, launch = instant(event.at, zone), launches.get(_cycle_of(event) or main)
        if event.what not in ON_PEOPLE and launch is not None and at < launch:
            wrong.append(
                f"{file.where(['events', number])}: {event.what} at {_utc(at)} comes before the "
                f"launch at {_utc(launch)}: there is no cycle yet"
            )
        if at > until:
            wrong.append(
                f"{file.where(['events', number])}: {event.what} at {_utc(at)} comes after the "
                f"end of the play at {_utc(until)}; write a later `until`"
            )
    if wrong:
        raise ScenarioError("\n".join(wrong))


def _cycle_of(event: Happening) -> str | None:
    """The definition whose cycle an event names; none: the first of the scenario."""
    happens = getattr(event, event.what)
    of: str | None = getattr(happens, "of", None)
    name, slash, _ = str(getattr(happens, "stage", "")).rpartition("/")
    return of or (name if slash else None)


def _utc(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%MZ}"


def _named(part: BaseModel, place: tuple[str | int, ...]) -> Iterator[tuple[Place, str, str]]:
    for name, field in type(part).model_fields.items():
        value: Any = getattr(part, name)
        here = (*place, field.alias or name)
        if isinstance(value, BaseModel):
            yield from _named(value, here)
        elif isinstance(value, tuple):
            for number, each in enumerate(value):
                if isinstance(each, BaseModel):
                    yield from _named(each, (*here, number))
                elif isinstance(each, str):
                    yield (*here, number), name, each
        elif isinstance(value, str):
            yield here, name, value
