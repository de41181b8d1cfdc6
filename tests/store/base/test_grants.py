"""The role of API and workers: made by any owner who may, and let into what comes later."""

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql

from embedded.postgres import RunningPostgres
from store.base.grants import RoleMissing
from store.base.migrate import upgrade
from tests.store.base.forbidden import allowed

_numbers = itertools.count(1)


@contextmanager
def _installation(postgres: RunningPostgres, rights: str) -> Iterator[tuple[str, str]]:
    """The addresses of an owner who is no superuser, and of a role that does not exist yet."""
    name = f"installation_{os.getpid()}_{next(_numbers)}"
    owner, application = f"{name}_owner", f"{name}_application"
    with psycopg.connect(postgres.dsn, autocommit=True) as admin:
        admin.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'first' " + rights).format(sql.Identifier(owner))
        )
        admin.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(
                sql.Identifier(name), sql.Identifier(owner)
            )
        )
        place = f"127.0.0.1:{postgres.port}/{name}"
        yield f"postgresql://{owner}:first@{place}", f"postgresql://{application}:second@{place}"
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def test_an_owner_who_is_no_superuser_lets_the_application_in_and_into_later_tables(
    postgres: RunningPostgres,
) -> None:
    with _installation(postgres, "CREATEROLE") as (owner, application):
        for _ in range(2):
            upgrade(owner, application=application)
        with psycopg.connect(owner) as conn:
            conn.execute("CREATE TABLE later (word text)")
        with psycopg.connect(application) as conn:
            conn.execute("INSERT INTO later VALUES ('here')")
            conn.execute("ANALYZE later")
            assert conn.execute("SELECT count(*) FROM people").fetchone() == (0,)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute("DELETE FROM audit")
        another = application.replace(":second@", ":third@")
        upgrade(owner, application=another)  # a new password holds from the next migration on
        with psycopg.connect(another) as conn:
            assert conn.execute("SELECT 1").fetchone() == (1,)


def test_an_owner_who_may_not_make_roles_is_told_what_to_do(postgres: RunningPostgres) -> None:
    with (
        _installation(postgres, "NOCREATEROLE") as (owner, application),
        pytest.raises(RoleMissing, match="may not create roles"),
    ):
        upgrade(owner, application=application)


def test_the_application_can_by_no_statement_change_what_was_recorded(database_url: str) -> None:
    assert "\n".join(allowed(database_url)) == ""


def test_the_same_statements_go_through_for_an_owner(owner_url: str) -> None:
    """Else their refusal would prove nothing."""
    found = allowed(owner_url)
    assert "DELETE FROM audit_seals" in " ".join(found) or "TRUNCATE audit" in " ".join(found)
    assert "ALTER TABLE audit DISABLE TRIGGER ALL" in found
    assert "SET session_replication_role = replica" in found
