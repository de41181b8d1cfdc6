"""What a benchmark runs on: a PostgreSQL of its own with durable commits, child processes."""

import asyncio
import itertools
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from os import environ
from pathlib import Path

import psycopg
from psycopg import sql

from embedded import children
from embedded.ports import LOOPBACK, free_port
from embedded.postgres import ephemeral_postgres
from store.base.migrate import upgrade
from store.base.session import Database

START_SECONDS = 60.0
SETTINGS = ("shared_buffers=512MB", "max_wal_size=4GB", "checkpoint_timeout=30min")
"""A server of a modest size. Commits are durable; checkpoints happen between the rounds, not
within them, for both sides alike."""


class Machine:
    """Makes empty migrated databases and starts processes beside this one."""

    def __init__(self, dsn: str, folder: Path) -> None:
        self._dsn = dsn
        self._folder = folder
        self._numbers = itertools.count(1)

    def database_url(self) -> str:
        """The address of a new database with all tables."""
        name = f"bench_{next(self._numbers)}"
        with psycopg.connect(self._dsn, autocommit=True) as conn:
            conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        url = self._dsn.rsplit("/", 1)[0] + "/" + name
        upgrade(url)
        return url

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        """A pool on a new database."""
        keys = Path(tempfile.mkdtemp(prefix="almanac-seal-keys-"))
        pool = Database(
            await asyncio.to_thread(self.database_url),
            application="almanac-bench",
            seal_keys=keys,
        )
        try:
            yield pool
        finally:
            await pool.close()
            shutil.rmtree(keys)

    @asynccontextmanager
    async def process(
        self, argv: Sequence[str], env: Mapping[str, str] | None = None
    ) -> AsyncIterator[int]:
        """Run a Python process that listens on a port of its own; answers the port.

        `argv` is what follows `python`; PORT in it is replaced.
        """
        port = free_port()
        child = children.spawn(
            [sys.executable, *(part.replace("PORT", str(port)) for part in argv)],
            log=self._folder / f"process-{port}.log",
            env={**environ, **(env or {})},
        )
        try:
            await _answers(port, self._folder / f"process-{port}.log")
            yield port
        finally:
            await asyncio.to_thread(children.stop, child)


@contextmanager
def machine() -> Iterator[Machine]:
    """A server with durable commits, gone afterwards."""
    with (
        ephemeral_postgres(fsync=True, settings=SETTINGS) as server,
        tempfile.TemporaryDirectory(prefix="almanac-bench-") as folder,
    ):
        yield Machine(server.dsn, Path(folder))


async def _answers(port: int, log: Path) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + START_SECONDS
    while True:
        try:
            _, writer = await asyncio.open_connection(LOOPBACK, port)
        except OSError:
            if loop.time() > deadline:
                words = await asyncio.to_thread(log.read_text)
                raise RuntimeError(f"the process does not answer: {words[-2000:]}") from None
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
