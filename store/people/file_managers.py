"""Who reports to whom, as a people file says it: by employee id, by address, or by name.

Pure: from the cells of the file and a summary of who is known already.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from store.people.file import PeopleFile, Row
from store.people.file_columns import MANAGERS, ImportProblem

_DECIMAL = re.compile(r"(?<=\d)\.0+$")


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody whom the database knows already."""

    person_id: int
    employee_id: str
    name: str
    email: str
    active: bool
    left_on: date | None
    manager: str | None  # employee id of the manager on the effective day


@dataclass(frozen=True, slots=True)
class People:
    """Everybody in the file or the company: by what a manager may be named."""

    ids: frozenset[str]
    by_address: Mapping[str, str] = field(default_factory=dict)
    by_name: Mapping[str, frozenset[str]] = field(default_factory=dict)


def people_of(file: PeopleFile, known: Mapping[str, Known]) -> People:
    """The people of the company with those of the file, whose rows are the newer ones."""
    mentioned = {row.cells.get("employee_id", "") for row in file.rows}
    ids = known.keys() | mentioned
    addresses = {e.email.lower(): e.employee_id for e in known.values() if e.email}
    names: dict[str, set[str]] = defaultdict(set)
    for each in known.values():
        if each.active and each.employee_id not in mentioned:
            names[_name(each.name)].add(each.employee_id)
    for row in file.rows:
        employee = row.cells.get("employee_id", "")
        if row.cells.get("email"):
            addresses[row.cells["email"].lower()] = employee
        names[_name(_name_in(row))].add(employee)
    return People(
        frozenset(ids), addresses, {name: frozenset(found) for name, found in names.items()}
    )


def managers_of(file: PeopleFile, people: People) -> tuple[dict[int, str], list[ImportProblem]]:
    """The employee id of each row's manager, by row; and what is wrong with those that are named.

    A row may name its manager in several columns: they must mean the same person, and an empty one
    says nothing. A name counts only where nothing surer is given.
    """
    managers: dict[int, str] = {}
    problems: list[ImportProblem] = []
    for row in file.rows:
        named = [(column, row.cells[column]) for column in MANAGERS if row.cells.get(column)]
        found = [(column, _found(column, wanted, people)) for column, wanted in named]
        wrong = [each for _, each in found if isinstance(each, _Wrong)]
        if wrong:
            column = next(column for column, each in found if isinstance(each, _Wrong))
            problems.append(
                ImportProblem(row.number, column, wrong[0].code, wrong[0].message, wrong[0].hint)
            )
            continue
        ids = list(dict.fromkeys(str(each) for _, each in found))
        if len(ids) > 1:
            columns = " and ".join(column for column, _ in found)
            message = f"{columns} name different people: {', '.join(ids)}."
            hint = "Correct one of them, or leave it empty."
            problems.append(ImportProblem(row.number, found[0][0], "contradiction", message, hint))
        elif ids and ids[0] == row.cells.get("employee_id"):
            message = "Nobody can be their own manager."
            problems.append(ImportProblem(row.number, found[0][0], "loop", message))
        elif ids:
            managers[row.number] = ids[0]
    return managers, problems


@dataclass(frozen=True, slots=True)
class _Wrong:
    code: str
    message: str
    hint: str


def _found(column: str, wanted: str, people: People) -> "str | _Wrong":
    by_address = people.by_address.get(wanted.lower())
    if column == "manager_email" or (column == "manager" and "@" in wanted):
        return by_address or _unknown("Nobody in the file or the company has this address.")
    if wanted in people.ids:
        return wanted
    if column == "manager_id":
        near = _nearly(wanted, people.ids)
        hint = f"Did you mean {near}?" if near else ""
        return _unknown(f"Nobody in the file or the company has the id {wanted!r}.", hint)
    named = people.by_name.get(_name(wanted), frozenset())
    if len(named) == 1:
        return next(iter(named))
    if named:
        message = f"Several people have this name: {', '.join(sorted(named))}."
        return _Wrong("ambiguous_manager", message, "Add a column with the manager's employee id.")
    return _unknown(
        "Nobody in the file or the company has this name, id or address.",
        "Write `First Last` or `Last, First` as in their record, or their employee id.",
    )


def _unknown(message: str, hint: str = "") -> _Wrong:
    return _Wrong(
        "unknown_manager", message, hint or "Add the manager to the file, or correct the reference."
    )


def _nearly(wanted: str, ids: frozenset[str]) -> str:
    """The id that differs in nothing but what a spreadsheet changes, if it is one."""
    near = [each for each in ids if bare(each) == bare(wanted)]
    return near[0] if len(near) == 1 else ""


def bare(employee_id: str) -> str:
    """An id without what a spreadsheet changes: leading zeros, `.0` behind a number; and case."""
    return _DECIMAL.sub("", employee_id.casefold()).lstrip("0")


def _name_in(row: Row) -> str:
    return f"{row.cells.get('first_name', '')} {row.cells.get('last_name', '')}"


def _name(written: str) -> str:
    """`Last, First` and `First  Last` as one text to compare."""
    last, comma, first = written.partition(",")
    return " ".join((f"{first} {last}" if comma else written).casefold().split())


def loops(
    rows: Sequence[Row], managers: Mapping[int, str], above: Mapping[str, str | None]
) -> list[ImportProblem]:
    """Follow every line upwards once; a line that meets itself is a loop.

    `above` are the lines that are known; those of the file take their place.
    """
    lines = dict(above)
    numbers = {}
    for row in rows:
        employee = row.cells.get("employee_id", "")
        lines[employee] = managers.get(row.number)
        numbers[employee] = row.number
    finished: set[str] = set()
    problems = []
    for start in lines:
        path: dict[str, int] = {}
        current: str | None = start
        while current is not None and current not in finished and current not in path:
            path[current] = len(path)
            current = lines.get(current)
        if current is not None and current in path:
            loop = [person for person, place in path.items() if place >= path[current]]
            first_row = min(numbers.get(person, 0) for person in loop)
            line = " → ".join([*loop, loop[0]])
            message = f"The reporting line runs in a circle: {line}."
            hint = "One of them must report to somebody else, or to nobody."
            problems.append(ImportProblem(first_row, "manager_id", "loop", message, hint))
        finished.update(path)
    return problems
