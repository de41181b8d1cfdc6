"""What the planner knows of a table that has just grown.

Of a fresh table PostgreSQL knows nothing until autovacuum comes round, a minute later at best. It
expects few rows, and goes through thousands anew for each of thousands: 2,900 ms instead of 0.2 ms
for one question at 3,000 people. So whoever has written many rows says so here.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql import quoted_name

GROWN = 1.25
"""From so many times the pages that were known, a table is looked at again."""

MANY = 50
"""From so many rows written together it is worth asking."""

FEW_PAGES = 4
"""So many pages more are read faster than they are looked at: some 150 rows."""

_OUTGROWN = """
SELECT c.relname FROM pg_class c
WHERE c.oid IN (SELECT CAST(CAST(t AS regclass) AS oid) FROM unnest(CAST(:tables AS text[])) t)
  AND pg_relation_size(c.oid) / CAST(current_setting('block_size') AS int)
      > :few + c.relpages * CAST(:grown AS float8)
ORDER BY c.relname
"""


async def know_sizes(conn: AsyncConnection, *tables: str) -> list[str]:
    """Let the planner look at those of these tables that have outgrown what it knows.

    To be called after many rows were written, in the transaction that wrote them: what follows in
    it is planned with them. Costs a question that reads no table; a table is looked at again only
    after it has grown by a quarter. Nobody is waited for: where somebody else looks at a table
    this moment, it is passed over. Returns the tables that were looked at. Repeatable.
    """
    rows = await conn.execute(
        text(_OUTGROWN), {"tables": list(tables), "few": FEW_PAGES, "grown": GROWN}
    )
    grown = [quoted_name(name, quote=False) for name in rows.scalars()]
    if grown:
        await conn.execute(text(f"ANALYZE (SKIP_LOCKED) {', '.join(grown)}"))
    return [str(name) for name in grown]
