"""A database that is made in full or not at all: beside the one whose place it takes."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url


@contextmanager
def built_beside(url: str | URL) -> Iterator[URL]:
    """Give an empty database of the same server; if all goes well, it takes that of `url`'s place.

    The one at `url` is dropped then, with the connections to it: it must hold nothing. Whatever
    interrupts this, the next time begins anew. `url` needs the rights of a superuser.
    """
    place = make_url(url).set(drivername="postgresql")
    name = str(place.database)
    unfinished = f"{name}_unfinished"
    _do(place, "DROP DATABASE IF EXISTS {} WITH (FORCE)", unfinished)
    _do(place, "CREATE DATABASE {}", unfinished)
    yield place.set(database=unfinished)
    # Ended between these two, the server has neither; the next start makes an empty one.
    _do(place, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
    _do(place, "ALTER DATABASE {} RENAME TO {}", unfinished, name)


def _do(place: URL, statement: str, *names: str) -> None:
    server = place.set(database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
