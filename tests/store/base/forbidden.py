"""What API and workers must not be able to do in the database, as statements."""

import psycopg

OWNER = "almanac"

WAYS = (
    "UPDATE {table} SET id = DEFAULT",
    "DELETE FROM {table}",
    "TRUNCATE {table}",
    "DROP TABLE {table}",
    "DROP TABLE {table} CASCADE",
    "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "ALTER TABLE {table} RENAME TO other",
    "ALTER TABLE {table} OWNER TO CURRENT_USER",
    "ALTER TABLE {table} ADD COLUMN more text",
    "CREATE TRIGGER quiet BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION"
    " suppress_redundant_updates_trigger()",
    "CREATE RULE quiet AS ON INSERT TO {table} DO INSTEAD NOTHING",
    "CREATE POLICY quiet ON {table}",
    "CREATE INDEX ON {table} (id)",
    "GRANT ALL ON {table} TO CURRENT_USER",  # a warning in PostgreSQL: grants nothing
    "MERGE INTO {table} t USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE",
    "INSERT INTO {table} DEFAULT VALUES ON CONFLICT (id) DO UPDATE SET id = DEFAULT",
    "SELECT * FROM {table} FOR UPDATE",
    "LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE",
)
"""By which a table that is only added to could be changed, or what is added be swallowed."""

TABLES = ("audit", "audit_seals")

ELSEWHERE = (
    f"SET ROLE {OWNER}",
    f"SET SESSION AUTHORIZATION {OWNER}",
    "SET session_replication_role = replica",
    "ALTER ROLE CURRENT_USER SUPERUSER",
    "ALTER ROLE CURRENT_USER CREATEROLE",
    f"ALTER ROLE {OWNER} PASSWORD 'mine'",
    f"GRANT {OWNER} TO CURRENT_USER",
    "DROP SCHEMA public CASCADE",
    "ALTER SCHEMA public RENAME TO other",
    "CREATE SCHEMA other",
    "CREATE TABLE other (id int)",
    "CREATE FUNCTION public.other() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "UPDATE alembic_version SET version_num = version_num",
    "DELETE FROM alembic_version",
    "COPY audit TO '/tmp/audit'",
    "COPY audit FROM PROGRAM 'true'",
    "SELECT pg_read_file('postgresql.conf')",
    "SELECT pg_ls_dir('.')",
    "SELECT lo_import('/etc/hostname')",
    "SELECT pg_switch_wal()",
    "SELECT pg_create_restore_point('here')",
    "SELECT * FROM pg_authid",
)
"""What would lead there by a detour, or out of the database."""


def allowed(address: str) -> list[str]:
    """Which of all of these a role may do after all; each is tried and taken back."""
    found = []
    statements = [*(way.format(table=table) for table in TABLES for way in WAYS), *ELSEWHERE]
    with psycopg.connect(address) as conn:
        for statement in statements:
            try:
                with conn.transaction(force_rollback=True):
                    before = _rights(conn)
                    conn.execute(statement)  # type: ignore[arg-type]
                    if statement.startswith("GRANT ALL") and _rights(conn) == before:
                        continue
            except psycopg.errors.InsufficientPrivilege:
                continue
            except psycopg.Error as error:
                found.append(f"{statement}: {type(error).__name__}: {error}")
                continue
            found.append(statement)
    return found


def _rights(conn: psycopg.Connection) -> object:
    return conn.execute(
        "SELECT relname, relacl::text FROM pg_class WHERE relname = ANY(%s) ORDER BY 1",
        [list(TABLES)],
    ).fetchall()
