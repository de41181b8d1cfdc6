"""The demo company in a fresh database."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from definitions import shipped
from domain.access import ENGINE
from store.base.session import Database
from store.changes.people_import import import_people
from store.people.company import save_company

DEMO = Path(__file__).parents[2] / "embedded" / "demo_company" / "company.csv"
MOVED_IN = datetime(2026, 11, 2, 17, tzinfo=UTC)


@pytest.fixture
def people_csv() -> bytes:
    """The demo company's people: 107."""
    return DEMO.read_bytes()


@pytest_asyncio.fixture
async def demo(database: Database, people_csv: bytes) -> AsyncIterator[Database]:
    """A database in which the demo company was imported on 2 November 2026."""
    async with database.begin() as conn:
        await save_company(
            conn, shipped.company(), shipped.company_source(), now=MOVED_IN, saved_by_id=None
        )
        await import_people(
            conn, people_csv, effective_on=date(2026, 11, 2), actor=ENGINE, now=MOVED_IN
        )
    yield database
