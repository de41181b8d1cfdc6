"""People by what HR types about them: a line each, with an employee id, a mail address or a name.

A line may be a row of a table (`145, John Russell, Sales`) or an address as mail programs write it
(`John Russell <jrussel@example.com>`). All lines are looked up in one statement.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.states import PersonStatus
from store.base.arrays import literal
from store.people.reporting_lines import CURRENT_LINES, tree_below

Problem = Literal["unknown", "ambiguous", "left"]

MOST_MEANT = 5
MOST_SEARCHED = 50
"""For so many lines that name nobody, similar names are looked for."""


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody, with what tells them from others of the same name."""

    person_id: int
    employee_id: str
    name: str
    department: str | None

    @property
    def line(self) -> str:
        """A line that names them and nobody else."""
        return f"{self.employee_id}, {self.name}"


@dataclass(frozen=True, slots=True)
class Line:
    """A line, counted from 1, and whom it names; or why it does not, and who may be meant."""

    number: int
    words: str
    person: Named | None = None
    problem: Problem | None = None
    perhaps: tuple[Named, ...] = ()


@dataclass(frozen=True, slots=True)
class Teams:
    """Who can be chosen together, each with how many people they are."""

    departments: tuple[tuple[str, int], ...]
    managers: tuple[tuple[Named, int], ...]


async def read_lines(conn: AsyncConnection, typed: str) -> list[Line]:
    """Say whom each line names; blank ones are left out. Nobody from outside is found."""
    lines = {
        number: re.sub(r"[^\S\t]+", " ", line).strip()
        for number, line in enumerate(typed.split("\n"), 1)
        if line.strip()
    }
    found = await _found(conn, lines)
    missing = [number for number in lines if number not in found]
    alike = await _alike(conn, {number: lines[number] for number in missing[:MOST_SEARCHED]})
    return [_judged(number, line, found.get(number, []), alike) for number, line in lines.items()]


async def teams(conn: AsyncConnection, on: date) -> Teams:
    """Departments, and managers with their direct reports on a day; people at work only."""
    departments = await conn.execute(
        text(
            "SELECT department, count(*) FROM people"
            " WHERE status = 'active' AND department <> '' GROUP BY 1 ORDER BY 1"
        )
    )
    managers = await conn.execute(
        text(
            f"WITH line AS ({CURRENT_LINES})"
            " SELECT m.id, m.employee_id, m.first_name || ' ' || m.last_name, m.department,"
            " count(*) FROM line JOIN people p ON p.id = line.person_id AND p.status = 'active'"
            " JOIN people m ON m.id = line.manager_id AND m.status = 'active'"
            " GROUP BY m.id ORDER BY m.last_name, m.first_name, m.id"
        ),
        {"on": on},
    )
    return Teams(
        tuple((name, count) for name, count in departments),
        tuple((Named(*row[:4]), row[4]) for row in managers),
    )


async def in_department(conn: AsyncConnection, department: str) -> list[Named]:
    """Everybody at work there, by name."""
    rows = await conn.execute(
        text(f"{_NAMED} WHERE status = 'active' AND department = :department {_BY_NAME}"),
        {"department": department},
    )
    return [Named(*row) for row in rows]


async def reporting_to(
    conn: AsyncConnection, manager_id: int, on: date, *, directly: bool
) -> list[Named]:
    """Whoever reports to somebody on a day, by name: the direct reports, or everybody below."""
    if directly:
        lines = await conn.execute(
            text(
                f"WITH line AS ({CURRENT_LINES}) SELECT person_id FROM line WHERE manager_id = :m"
            ),
            {"on": on, "m": manager_id},
        )
        below = list(lines.scalars())
    else:
        below = await tree_below(conn, manager_id, on)
    rows = await conn.execute(
        text(f"{_NAMED} WHERE status = 'active' AND id = ANY(CAST(:ids AS bigint[])) {_BY_NAME}"),
        {"ids": literal(below)},
    )
    return [Named(*row) for row in rows]


_NAMED = "SELECT id, employee_id, first_name || ' ' || last_name, department FROM people"
_BY_NAME = "ORDER BY last_name, first_name, id"

_LOOKED_FOR = """
WITH asked AS (
  SELECT * FROM unnest(CAST(:lines AS int[]), CAST(:ranks AS int[]), CAST(:words AS text[]))
    AS k(line, rank, word)
), met AS (
  SELECT k.line, k.rank * 10 AS rank, p.id FROM asked k JOIN people p ON p.employee_id = k.word
  UNION ALL
  SELECT k.line, k.rank * 10 + 1, p.id FROM asked k JOIN people p ON lower(p.email) = lower(k.word)
  UNION ALL
  SELECT k.line, k.rank * 10 + 2, p.id FROM asked k
  JOIN people p ON lower(p.first_name || ' ' || p.last_name) = lower(k.word)
)
SELECT m.line, m.rank, p.status, p.id, p.employee_id, p.first_name || ' ' || p.last_name,
  p.department
FROM met m JOIN people p ON p.id = m.id AND p.status = ANY(:statuses)
ORDER BY m.line, m.rank, p.last_name, p.id
"""

_ALIKE = """
SELECT k.line, a.* FROM unnest(CAST(:lines AS int[]), CAST(:patterns AS text[]),
  CAST(:firsts AS text[]), CAST(:lasts AS text[])) AS k(line, pattern, first, last)
CROSS JOIN LATERAL (
  SELECT id, employee_id, first_name || ' ' || last_name, department FROM people
  WHERE status = 'active' AND (first_name || ' ' || last_name ILIKE k.pattern
    OR (lower(left(first_name, 1)) = k.first AND lower(left(last_name, 3)) = k.last))
  ORDER BY first_name || ' ' || last_name ILIKE k.pattern DESC, last_name, first_name, id
  LIMIT :most
) AS a ORDER BY k.line
"""

_Met = tuple[int, str, Named]
"""How well the words fit (less is better), the state of the record, and who it is."""


async def _found(conn: AsyncConnection, lines: Mapping[int, str]) -> dict[int, list[_Met]]:
    asked = [
        (number, rank, words)
        for number, line in lines.items()
        for rank, words in enumerate(_readings(line))
    ]
    rows = await conn.execute(
        text(_LOOKED_FOR),
        {
            "lines": literal(number for number, _, _ in asked),
            "ranks": literal(rank for _, rank, _ in asked),
            "words": literal(words for _, _, words in asked),
            "statuses": [PersonStatus.ACTIVE.value, PersonStatus.LEFT.value],
        },
    )
    found: dict[int, list[_Met]] = {}
    for row in rows:
        found.setdefault(row[0], []).append((row[1], row[2], Named(*row[3:])))
    return found


def _readings(line: str) -> Iterator[str]:
    """What a line may mean, the likeliest first: all of it, then parts of it.

    >>> list(_readings("Russell, John"))
    ['Russell, John', 'John Russell', 'Russell', 'John']
    >>> list(_readings("John Russell <jrussel@example.com>"))
    ['John Russell <jrussel@example.com>', 'jrussel@example.com', 'John Russell']
    """
    yield line
    address = re.fullmatch(r'"?([^"<>]*?)"? ?<([^<>]+)>', line)
    if address:
        yield address[2].strip()
        yield address[1].strip()
        return
    cells = [cell.strip().strip('"') for cell in re.split(r"[,;\t]", line)]
    if len(cells) > 1:
        yield f"{cells[1]} {cells[0]}"
        yield from cells[:6]


async def _alike(
    conn: AsyncConnection, lines: Mapping[int, str]
) -> Mapping[int, tuple[Named, ...]]:
    if not lines:
        return {}
    words = {number: re.findall(r"[^\W\d_]+", line) for number, line in lines.items()}
    asked = [(number, parts) for number, parts in words.items() if parts]
    rows = await conn.execute(
        text(_ALIKE),
        {
            "lines": literal(number for number, _ in asked),
            "patterns": literal(f"%{'%'.join(parts)}%" for _, parts in asked),
            "firsts": literal(parts[0][:1].lower() for _, parts in asked),
            "lasts": literal(parts[-1][:3].lower() for _, parts in asked),
            "most": MOST_MEANT,
        },
    )
    alike: dict[int, tuple[Named, ...]] = {}
    for row in rows:
        alike[row[0]] = (*alike.get(row[0], ()), Named(*row[1:]))
    return alike


def _judged(
    number: int, line: str, met: Sequence[_Met], alike: Mapping[int, tuple[Named, ...]]
) -> Line:
    if not met:
        return Line(number, line, problem="unknown", perhaps=alike.get(number, ()))
    at_work = [(rank, who) for rank, status, who in met if status == PersonStatus.ACTIVE]
    if not at_work:
        return Line(number, line, problem="left")
    best = list(dict.fromkeys(who for rank, who in at_work if rank == at_work[0][0]))
    if len(best) == 1:
        return Line(number, line, best[0])
    return Line(number, line, problem="ambiguous", perhaps=tuple(best[:MOST_MEANT]))
