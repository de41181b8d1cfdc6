"""What the planner knows of tables that have just grown, without waiting for autovacuum."""

import re

import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from store.base.session import Database
from store.base.statistics import know_sizes

PEOPLE = 3000

FILL = """
INSERT INTO people (employee_id, first_name, last_name, email, hire_date, created_at, updated_at)
SELECT 'n' || n, 'A', 'B', n || '@example.com', '2020-01-01', now(), now()
FROM generate_series(1, :people) n
"""

QUESTION = """
EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF)
SELECT count(*) FROM people p WHERE NOT EXISTS (SELECT FROM reporting_lines l
    JOIN people m ON m.id = l.manager_id WHERE l.person_id = p.id AND l.valid_from < now())
"""


async def rows_looked_at(conn: AsyncConnection) -> int:
    """How many rows the plan of the question goes through, each loop counted."""
    total = 0
    for line in (await conn.execute(text(QUESTION))).scalars():
        found = re.search(r"actual rows=([\d.]+) loops=(\d+)", line)
        total += int(float(found[1]) * int(found[2])) if found else 0
        removed = re.search(r"Rows Removed by (?:Join )?Filter: (\d+)", line)
        total += int(removed[1]) if removed else 0
    return total


async def known(conn: AsyncConnection, table: str) -> float:
    return float(
        await conn.scalar(
            text("SELECT reltuples FROM pg_class WHERE oid = CAST(:table AS regclass)"),
            {"table": table},
        )
    )


@pytest_asyncio.fixture
async def fresh(database: Database, owner: Database) -> Database:
    """Tables that nobody looks at but us, as in the first minute after any bulk."""
    async with owner.begin() as conn:
        for table in ("people", "reporting_lines"):
            await conn.execute(text(f"ALTER TABLE {table} SET (autovacuum_enabled = off)"))
    return database


async def test_a_table_that_has_grown_is_looked_at_once_in_the_transaction_that_fills_it(
    fresh: Database,
) -> None:
    async with fresh.begin() as conn:
        await conn.execute(text(FILL), {"people": PEOPLE})
        assert await known(conn, "people") <= 0
        assert await know_sizes(conn, "people", "reporting_lines") == ["people"]
        assert await known(conn, "people") == PEOPLE
        assert await know_sizes(conn, "people", "reporting_lines") == []


async def test_a_few_rows_more_are_not_worth_a_look(fresh: Database) -> None:
    async with fresh.begin() as conn:
        await conn.execute(text(FILL), {"people": 20})
        assert await know_sizes(conn, "people") == []


async def test_nobody_waits_for_somebody_elses_look(fresh: Database) -> None:
    async with fresh.begin() as conn:
        await conn.execute(text(FILL), {"people": PEOPLE})
    async with fresh.begin() as one, fresh.begin() as other:
        await one.execute(text("LOCK TABLE people IN SHARE UPDATE EXCLUSIVE MODE"))
        await know_sizes(other, "people")
        assert await known(other, "people") <= 0


async def test_what_follows_a_bulk_reads_each_row_a_few_times_and_not_once_for_each_other(
    fresh: Database,
) -> None:
    lines = (
        "INSERT INTO reporting_lines (person_id, manager_id, valid_from) "
        "SELECT p.id, (SELECT min(id) FROM people), '2020-01-01' FROM people p OFFSET 1"
    )
    async with fresh.begin() as conn:
        await conn.execute(text(FILL), {"people": PEOPLE})
        await conn.execute(text(lines))
        await know_sizes(conn, "people", "reporting_lines")
        assert await rows_looked_at(conn) < 40 * PEOPLE
