"""What rings at a private process, raters ring: when and how often is shown to the day only."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import text

from domain.processes.kind import ProcessKind
from domain.processes.registry import PROCESSES
from store.base.session import Database
from store.engine.processes import start
from store.views.lists.processes import get_process
from store.views.workflow_pages import process_rows

LOOKED = datetime(2027, 1, 14, 15, 42, 7, tzinfo=UTC)
DAY = datetime(2027, 1, 14, tzinfo=UTC)


@pytest.mark.parametrize("kind", PROCESSES.values(), ids=lambda kind: kind.code)
async def test_of_a_private_process_the_day_is_shown_and_no_bell_is_counted(
    database: Database, kind: ProcessKind
) -> None:
    process = kind.id if kind.single else kind.id_of(UUID(int=1))
    async with database.begin() as conn:
        await start(conn, process, kind, now=LOOKED)
        await conn.execute(
            text("UPDATE processes SET advanced_at = :at, last_rung_at = :at"), {"at": LOOKED}
        )
        read = await get_process(conn, process)
        [shown] = await process_rows(conn, now=LOOKED)
    if kind.private:
        assert (read.advanced_at, read.last_rung_at, read.bells) == (DAY, None, 0)
        assert (shown.advanced_at, shown.bells) == (DAY, 0)
    else:
        assert (read.advanced_at, read.last_rung_at, read.bells) == (LOOKED, LOOKED, 1)
        assert (shown.advanced_at, shown.bells) == (LOOKED, 1)
