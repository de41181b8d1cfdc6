"""People whom HR names in a box, a line each: what is wrong with the lines, and what is added."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from api.pages.cycles.views import OddLine
from api.pages.frame.dates import plural
from api.pages.frame.views import Choice
from store.people.lookup import Line, Named, in_department, read_lines, reporting_to, teams

MOST_SHOWN = 100
"""Lines that are wrong; more are counted."""
LISTED = 12
"""Line numbers and departments that one sentence names."""


async def change_lines(
    conn: AsyncConnection, act: str, typed: str, on: date, *, department: str, manager: str
) -> str | None:
    """What the box holds after somebody pressed one of its buttons; none: it was no such button.

    `department` adds everybody at work there, `direct` and `below` add whoever reports to
    the manager (an employee id), `take:LINE:EMPLOYEE` says who is meant by a line. Whoever stands
    there already is not added again.
    """
    if act.startswith("take:"):
        return await _take(conn, act, typed)
    if act == "department":
        return await _added(conn, typed, await in_department(conn, department))
    if act in ("direct", "below"):
        [*lines] = await read_lines(conn, manager)
        found = lines[0].person if lines else None
        if found is None:
            return typed
        people = await reporting_to(conn, found.person_id, on, directly=act == "direct")
        return await _added(conn, typed, people)
    return None


async def _take(conn: AsyncConnection, act: str, typed: str) -> str:
    number, _, employee = act.removeprefix("take:").partition(":")
    [*meant] = await read_lines(conn, employee)
    lines = typed.split("\n")
    place = int(number) - 1 if number.isascii() and number.isdigit() and len(number) < 9 else -1
    if meant and meant[0].person is not None and 0 <= place < len(lines):
        lines[place] = meant[0].person.line
    return "\n".join(lines)


async def _added(conn: AsyncConnection, typed: str, people: Sequence[Named]) -> str:
    there = {line.person.person_id for line in await read_lines(conn, typed) if line.person}
    new = [who.line for who in people if who.person_id not in there]
    before = [typed.rstrip("\n")] if typed.strip() else []
    return "\n".join([*before, *new, ""])


def odd_lines(lines: Iterable[Line]) -> tuple[OddLine, ...]:
    """The lines that name nobody for certain."""
    wrong = [line for line in lines if line.problem is not None]
    return tuple(
        OddLine(
            f"Line {line.number}",
            _why(line),
            tuple(_meant(line.number, who) for who in line.perhaps),
        )
        for line in wrong[:MOST_SHOWN]
    )


def _why(line: Line) -> str:
    words = line.words if len(line.words) <= 80 else f"{line.words[:80]}…"
    match line.problem:
        case "left":
            return f"“{words}” has left."
        case "ambiguous":
            return f"“{words}” may be several people. Who is meant?"
        case _:
            more = " Perhaps somebody of these:" if line.perhaps else ""
            return f"“{words}” is nobody here.{more}"


def _meant(number: int, who: Named) -> Choice:
    place = f", {who.department}" if who.department else ""
    return Choice(f"take:{number}:{who.employee_id}", f"{who.name}{place} ({who.employee_id})")


def wrong_lines(lines: Sequence[Line]) -> str:
    """One sentence about all lines that name nobody for certain; empty if there is none."""
    wrong = [line.number for line in lines if line.problem is not None]
    if not wrong:
        return ""
    if len(wrong) == 1:
        return f"We could not match line {wrong[0]}."
    if len(wrong) > LISTED:
        shown = ", ".join(map(str, wrong[:LISTED]))
        return f"We could not match lines {shown} and {len(wrong) - LISTED} more."
    return f"We could not match lines {', '.join(map(str, wrong[:-1]))} and {wrong[-1]}."


def chosen_ids(lines: Iterable[Line]) -> list[int]:
    """Everybody who is named for certain, once."""
    return list(dict.fromkeys(line.person.person_id for line in lines if line.person))


def notes_on(lines: Sequence[Line]) -> tuple[str, ...]:
    """Of which departments they are, and how often somebody stands there twice."""
    people = {line.person.person_id: line.person for line in lines if line.person}
    counted = Counter(who.department or "no department" for who in people.values())
    shown = [f"{name} {count}" for name, count in counted.most_common(LISTED)]
    if len(counted) > LISTED:
        shown.append(f"{len(counted) - LISTED} other departments")
    notes = [f"By department: {', '.join(shown)}."] if shown else []
    twice = sum(1 for line in lines if line.person) - len(people)
    if twice:
        notes.append(f"{plural(twice, 'line')} named somebody again; they count once.")
    return tuple(notes)


async def team_choices(
    conn: AsyncConnection, on: date, *, department: str, manager: str
) -> tuple[tuple[Choice, ...], tuple[Choice, ...]]:
    """Departments and managers to choose from, with how many people they are."""
    found = await teams(conn, on)
    return (
        tuple(
            Choice(name, f"{name} ({count})", chosen=name == department)
            for name, count in found.departments
        ),
        tuple(
            Choice(
                who.employee_id,
                f"{who.name}, {plural(count, 'direct report')}",
                chosen=who.employee_id == manager,
            )
            for who, count in found.managers
        ),
    )
