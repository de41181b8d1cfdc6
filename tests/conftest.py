"""Real parts for every test: one PostgreSQL a test process, a fresh database a test."""

import itertools
import logging
import os
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio
import structlog
from hypothesis import settings
from psycopg import sql

from api.logging import configure_logging
from embedded.postgres import RunningPostgres, ephemeral_postgres
from store.base.memory import collect_seldom
from store.base.migrate import upgrade
from store.base.session import Database
from tests.recorded_times import (
    longest_first,
    only_quick,
    pytest_addoption,
    pytest_runtest_logreport,
    pytest_sessionfinish,
)

__all__ = ["pytest_addoption", "pytest_runtest_logreport", "pytest_sessionfinish"]

# The suite tries the same examples on every machine; HYPOTHESIS_PROFILE=explore looks for others.
settings.register_profile("suite", derandomize=True, deadline=None, database=None)
settings.register_profile("explore", deadline=None, max_examples=1_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

TEMPLATE = "almanac_template"
_numbers = itertools.count(1)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Bring the longest forward; leave them out where only quick ones are wanted."""
    longest_first(items)
    if config.getoption("--quick"):
        only_quick(config, items)


def pytest_collection_finish() -> None:
    """Collect garbage as the worker does, and not among everything that was imported."""
    collect_seldom()


@pytest.fixture(scope="session")
def postgres() -> Iterator[RunningPostgres]:
    """A server of this test process alone. It need not survive a power cut."""
    with ephemeral_postgres(fsync=False, settings=["max_connections=200"]) as server:
        admin = _admin(server.dsn)
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
        upgrade(_url(server.dsn, TEMPLATE), application=_url(server.application, TEMPLATE))
        admin.close()
        yield server


@pytest.fixture
def database_url(owner_url: str, postgres: RunningPostgres) -> str:
    """The address of a fresh, migrated database, as API and workers have it.

    So each test shows that this role may do what the application does.
    """
    return _url(postgres.application, owner_url.rsplit("/", 1)[1])


@pytest.fixture
def owner_url(postgres: RunningPostgres) -> Iterator[str]:
    """The same database as its owner has it, for what the application may not do."""
    name = f"almanac_{os.getpid()}_{next(_numbers)}"
    with _admin(postgres.dsn) as admin:
        admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(TEMPLATE)
            )
        )
        yield _url(postgres.dsn, name)
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def seal_keys(tmp_path: Path) -> Path:
    """The folder with the keys of seals; what starts processes tells them of it."""
    return tmp_path / "seal-keys"


@pytest_asyncio.fixture
async def owner(owner_url: str, seal_keys: Path) -> AsyncIterator[Database]:
    """A pool on the same database, as its owner."""
    pool = Database(owner_url, pool_size=2, application="almanac-owner", seal_keys=seal_keys)
    yield pool
    await pool.close()


@pytest_asyncio.fixture
async def database(database_url: str, seal_keys: Path) -> AsyncIterator[Database]:
    """A pool on a fresh database."""
    pool = Database(database_url, pool_size=5, application="almanac-test", seal_keys=seal_keys)
    yield pool
    await pool.close()


@pytest.fixture
def now() -> datetime:
    """Tuesday 12 January 2027, 17:00 UTC: nine in the morning in Seattle."""
    return datetime(2027, 1, 12, 17, tzinfo=UTC)


def _admin(dsn: str) -> psycopg.Connection:
    return psycopg.connect(dsn, autocommit=True)


def _url(dsn: str, name: str) -> str:
    return dsn.rsplit("/", 1)[0] + "/" + name


@pytest.fixture
def own_lines(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Logs as an entry point configures them: one JSON line each, where `capfd` reads them."""
    loggers = [logging.getLogger(), *map(logging.getLogger, logging.root.manager.loggerDict)]
    before = [(one, one.handlers[:], one.propagate, one.level) for one in loggers]
    hooks = sys.excepthook, threading.excepthook
    configure_logging("INFO")
    yield
    for one, handlers, propagate, level in before:
        one.handlers[:], one.propagate = handlers, propagate
        one.setLevel(level)
    sys.excepthook, threading.excepthook = hooks
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
