"""Who reports to whom, on which day. Lines are valid in time, so "manager as of" has an answer.

These are the bare facts: whether a manager has left, is away or may be told something is for
the caller to judge (language reference §5.5).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from store.base.arrays import literal

CURRENT_LINES = (
    "SELECT person_id, manager_id FROM reporting_lines "
    "WHERE valid_from <= :on AND (valid_to IS NULL OR valid_to > :on)"
)
"""The lines of a day, as a sub-query with the parameter `on`."""

DEEPEST = 100  # no company is; a loop that slipped in must not turn for ever


@dataclass(frozen=True, slots=True)
class LineChange:
    """From `on` somebody reports to somebody else, or to nobody."""

    person_id: int
    manager_id: int | None
    on: date


async def managers_of(conn: AsyncConnection, person_ids: Sequence[int], on: date) -> dict[int, int]:
    """Return each person's manager on a day. Whoever reports to nobody is absent."""
    rows = await conn.execute(
        text(
            "SELECT person_id, manager_id FROM reporting_lines "
            "WHERE person_id = ANY(CAST(:ids AS bigint[])) "
            "AND valid_from <= :on AND (valid_to IS NULL OR valid_to > :on)"
        ),
        {"ids": literal(person_ids), "on": on},
    )
    return dict(rows.all())


async def line_above(conn: AsyncConnection, person_id: int, on: date) -> list[int]:
    """Return a person's manager, the manager's manager and so on up to the top."""
    return (await lines_above(conn, [person_id], on)).get(person_id, [])


async def lines_above(
    conn: AsyncConnection, person_ids: Sequence[int], on: date
) -> dict[int, list[int]]:
    """Return the line above each person, nearest first. Whoever reports to nobody is absent."""
    rows = await conn.execute(
        text(
            "WITH RECURSIVE above(person_id, manager_id, height) AS ("
            " SELECT person_id, manager_id, 1 FROM reporting_lines"
            " WHERE person_id = ANY(CAST(:ids AS bigint[]))"
            " AND valid_from <= :on AND (valid_to IS NULL OR valid_to > :on)"
            " UNION ALL"
            " SELECT a.person_id, l.manager_id, a.height + 1"
            " FROM above a JOIN reporting_lines l ON l.person_id = a.manager_id"
            " AND l.valid_from <= :on AND (l.valid_to IS NULL OR l.valid_to > :on)"
            " WHERE a.height < :deepest"
            ") SELECT person_id, array_agg(manager_id ORDER BY height) FROM above GROUP BY 1"
        ),
        {"ids": list(person_ids), "on": on, "deepest": DEEPEST},
    )
    return {person: list(dict.fromkeys(line)) for person, line in rows}


async def tree_below(conn: AsyncConnection, manager_id: int, on: date) -> list[int]:
    """Return everybody below a manager on a day, nearest first, without the manager."""
    rows = await conn.execute(
        text(
            "WITH RECURSIVE below(person_id, depth) AS ("
            " SELECT person_id, 1 FROM reporting_lines WHERE manager_id = :manager"
            " AND valid_from <= :on AND (valid_to IS NULL OR valid_to > :on)"
            " UNION ALL"
            " SELECT l.person_id, b.depth + 1 FROM below b JOIN reporting_lines l"
            " ON l.manager_id = b.person_id"
            " AND l.valid_from <= :on AND (l.valid_to IS NULL OR l.valid_to > :on)"
            " WHERE b.depth < :deepest"
            ") SELECT person_id FROM below WHERE person_id <> :manager"
            " GROUP BY person_id ORDER BY min(depth), person_id"
        ),
        {"manager": manager_id, "on": on, "deepest": DEEPEST},
    )
    return list(rows.scalars())


async def set_managers(
    conn: AsyncConnection, managers: Sequence[tuple[int, int | None]], on: date
) -> list[LineChange]:
    """Let each person report to the named manager, or to nobody, from a day on.

    `managers` are pairs of person and manager. The change holds until the next one that is on
    record: lines that begin later stay, whether planned or, for a day in the past, known since.
    What held before stays on record, ended. Pairs that hold already on that day change nothing.
    The caller holds the people lock and has made sure that no loop arises.
    """
    wanted = {
        "persons": [person for person, _ in managers],
        "managers": [manager for _, manager in managers],
        "on": on,
    }
    rows = await conn.execute(
        text(
            "WITH wanted AS (SELECT * FROM unnest(CAST(:persons AS bigint[]),"
            " CAST(:managers AS bigint[])) AS w(person_id, manager_id))"
            " SELECT w.person_id, w.manager_id, coalesce(l.valid_to, (SELECT min(n.valid_from)"
            "  FROM reporting_lines n WHERE n.person_id = w.person_id AND n.valid_from > :on))"
            "  AS until FROM wanted w LEFT JOIN reporting_lines l"
            " ON l.person_id = w.person_id"
            " AND l.valid_from <= :on AND (l.valid_to IS NULL OR l.valid_to > :on)"
            " WHERE l.manager_id IS DISTINCT FROM w.manager_id"
        ),
        wanted,
    )
    changes = rows.all()
    changed = {
        "persons": [row.person_id for row in changes],
        "managers": [row.manager_id for row in changes],
        "untils": [row.until for row in changes],
        "on": on,
    }
    for statement in _REPLACE if changes else ():
        await conn.execute(text(statement), changed)
    return [LineChange(row.person_id, row.manager_id, on) for row in changes]


_THEIRS = "person_id = ANY(CAST(:persons AS bigint[]))"

_REPLACE = (
    # A line that begins on that day never came to hold.
    f"DELETE FROM reporting_lines WHERE {_THEIRS} AND valid_from = :on",
    f"UPDATE reporting_lines SET valid_to = :on WHERE {_THEIRS}"
    " AND valid_from < :on AND (valid_to IS NULL OR valid_to > :on)",
    "INSERT INTO reporting_lines (person_id, manager_id, valid_from, valid_to)"
    " SELECT person_id, manager_id, :on, until FROM unnest(CAST(:persons AS bigint[]),"
    " CAST(:managers AS bigint[]), CAST(:untils AS date[])) AS w(person_id, manager_id, until)"
    " WHERE manager_id IS NOT NULL",
    # The same manager before and after is one line: nothing changed on the day between.
    f"""WITH joined AS (
      SELECT a.id, b.id AS next_id, b.valid_to FROM reporting_lines a JOIN reporting_lines b
      ON b.person_id = a.person_id AND b.manager_id = a.manager_id AND b.valid_from = a.valid_to
      WHERE a.{_THEIRS} AND a.valid_from = :on
    ), gone AS (DELETE FROM reporting_lines WHERE id IN (SELECT next_id FROM joined))
    UPDATE reporting_lines l SET valid_to = joined.valid_to FROM joined WHERE l.id = joined.id""",
    f"""WITH joined AS (
      SELECT a.id, b.id AS next_id, b.valid_to FROM reporting_lines a JOIN reporting_lines b
      ON b.person_id = a.person_id AND b.manager_id = a.manager_id AND b.valid_from = a.valid_to
      WHERE a.{_THEIRS} AND b.valid_from = :on
    ), gone AS (DELETE FROM reporting_lines WHERE id IN (SELECT next_id FROM joined))
    UPDATE reporting_lines l SET valid_to = joined.valid_to FROM joined WHERE l.id = joined.id""",
)


async def would_loop(conn: AsyncConnection, person_id: int, manager_id: int, on: date) -> bool:
    """Would the line run in a circle on that day, or on a later one whose lines are on record?"""
    found = await conn.scalar(
        text(
            "WITH RECURSIVE above(day, manager_id, height) AS ("
            " SELECT day, CAST(:manager AS bigint), 1 FROM ("
            "  SELECT CAST(:on AS date) AS day UNION"
            "  SELECT valid_from FROM reporting_lines WHERE valid_from > :on AND valid_from <"
            "   coalesce((SELECT min(CASE WHEN valid_from > :on THEN valid_from ELSE valid_to END)"
            "    FROM reporting_lines WHERE person_id = :person"
            "    AND (valid_from > :on OR valid_to > :on)), 'infinity')) AS days"
            " UNION ALL"
            " SELECT a.day, l.manager_id, a.height + 1 FROM above a JOIN reporting_lines l"
            " ON l.person_id = a.manager_id AND l.valid_from <= a.day"
            " AND (l.valid_to IS NULL OR l.valid_to > a.day)"
            " WHERE a.height < :deepest AND a.manager_id <> :person"
            ") SELECT EXISTS (SELECT FROM above WHERE manager_id = :person)"
        ),
        {"person": person_id, "manager": manager_id, "on": on, "deepest": DEEPEST},
    )
    return bool(found)
