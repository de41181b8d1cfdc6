"""An installation to be broken, for every test here."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from embedded.smtp_sink import Faults
from tests.faults.stack import LAUNCH, Installation, install


@pytest_asyncio.fixture
async def there(database_url: str, tmp_path: Path) -> AsyncIterator[Installation]:
    """An installation with the demo company, shortly before a launch."""
    async with install(database_url, tmp_path, LAUNCH, Faults()) as installation:
        await installation.people()
        yield installation
