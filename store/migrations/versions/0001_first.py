"""The first schema, and what keeps the audit log append-only."""

from alembic import op

from store.tables import Base

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END $$
"""


def upgrade() -> None:
    Base.metadata.create_all(op.get_bind())
    op.execute(APPEND_ONLY)
    for table in ("audit", "audit_seals"):
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
