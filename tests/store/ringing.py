"""Short ways to begin a process, to pass its bells on and to let it have a turn."""

from datetime import datetime

from domain.processes.mail import MAIL
from domain.progress import Progress
from store.base.session import Database
from store.engine.bells import Lane, Taken, passed_on, take_bells
from store.engine.processes import arm, find, ring, start


async def take(database: Database, now: datetime) -> list[Taken]:
    """Take all bells that may ring now."""
    async with database.begin() as conn:
        return [one for lane in Lane for one in await take_bells(conn, now, lane, 100)]


async def pass_on(database: Database, now: datetime) -> list[str]:
    """Take all bells that may ring now and pass them on; returns whose they were."""
    taken = await take(database, now)
    async with database.begin() as conn:
        await passed_on(conn, taken, now)
    return [one.process.id for one in taken]


async def turn(
    database: Database, progress: Progress, now: datetime, during: str | None = None
) -> None:
    """A turn of the sender's process; `during` it, that process is rung."""
    async with database.begin() as conn:
        process = await find(conn, "mail")
        assert process is not None
    if during is not None:
        async with database.begin() as conn:
            await ring(conn, during)
    async with database.begin() as conn:
        await arm(conn, "mail", progress, now, "run", heard=process.unheard)


async def begin(database: Database, now: datetime) -> None:
    """The sender's process, started and rung."""
    async with database.begin() as conn:
        await start(conn, MAIL.id, MAIL, now=now)
