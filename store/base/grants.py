"""What API and workers may do in the database: all but change its audit log and its schema.

The tables belong to the role that migrates. API and workers come as another one, which can neither
rewrite what was recorded nor switch off the triggers that refuse it. All grants are here, and are
given again after every migration.
"""

from sqlalchemy import URL, Connection, text
from sqlalchemy.exc import ProgrammingError

from domain.errors import AlmanacError

ONLY_ADDED_TO = ("audit", "audit_seals")
"""Tables whose rows are never changed or removed by anybody."""

PRIVILEGES = "SELECT, INSERT, UPDATE, DELETE, MAINTAIN"
"""MAINTAIN: statistics are gathered after bulk writes."""


class RoleMissing(AlmanacError):
    """The role of API and workers does not exist, and the owner may not create it."""

    code = "role-missing"


def let_in(conn: Connection, role: URL, schema: str = "public") -> None:
    """Create the role in whose name API and workers connect, if need be, and grant what it needs.

    `role` is their address: its name and password are used. Repeatable; the password is set anew
    where the owner may do that. Raises RoleMissing.
    """
    name = role.username or ""
    _create(conn, name, None if role.password is None else str(role.password))
    quote = conn.dialect.identifier_preparer.quote
    who, where = quote(name), quote(schema)
    tables = ", ".join(f"{where}.{table}" for table in ONLY_ADDED_TO)
    for statement in (
        f"GRANT USAGE ON SCHEMA {where} TO {who}",
        f"REVOKE CREATE ON SCHEMA {where} FROM {who}, PUBLIC",
        f"GRANT {PRIVILEGES} ON ALL TABLES IN SCHEMA {where} TO {who}",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA {where} GRANT {PRIVILEGES} ON TABLES TO {who}",
        f"REVOKE ALL ON {tables} FROM {who}",
        f"GRANT SELECT, INSERT ON {tables} TO {who}",
        f"REVOKE ALL ON {where}.alembic_version FROM {who}",
        f"GRANT SELECT ON {where}.alembic_version TO {who}",
    ):
        conn.execute(text(statement))


def _create(conn: Connection, name: str, password: str | None) -> None:
    """The statement carries what PostgreSQL keeps of the password, never the password itself."""
    quote = conn.dialect.identifier_preparer.quote
    exists = conn.scalar(text("SELECT true FROM pg_roles WHERE rolname = :name"), {"name": name})
    given = ""
    if password is not None:
        driver = conn.connection.driver_connection
        if driver is None:
            raise RuntimeError("the connection was not opened")
        kept = driver.pgconn.encrypt_password(
            password.encode(), name.encode(), b"scram-sha-256"
        ).decode()
        given = f" PASSWORD '{kept}'"
    verb = "ALTER" if exists else "CREATE"
    try:
        with conn.begin_nested():
            conn.exec_driver_sql(f"{verb} ROLE {quote(name)} LOGIN{given}")
    except ProgrammingError:
        if exists:
            return  # its password is somebody else's matter
        raise RoleMissing(
            f"The role {name} does not exist, and the owner of the database may not create roles.",
            hint=f"Create it once: CREATE ROLE {name} LOGIN PASSWORD '…', then migrate again.",
        ) from None
