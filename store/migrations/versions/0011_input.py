"""A held row says what it is about, and when its desk was told.

Two held rows of one process without a person were one row before: the second cycle or definition
that could not be handled was not written down.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

NONE = "'00000000-0000-0000-0000-000000000000'::uuid"


def upgrade() -> None:
    """Add both columns and widen the key; the desks know of what is held already."""
    op.add_column("held_rows", sa.Column("what", sa.Text(), server_default="", nullable=False))
    op.add_column("held_rows", sa.Column("told_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE held_rows SET told_at = at")
    op.drop_index("uq_held_rows_live", table_name="held_rows")
    op.create_index(
        "uq_held_rows_live",
        "held_rows",
        [
            "process_id",
            sa.text(f"coalesce(cycle_id, {NONE})"),
            sa.text(f"coalesce(stage_id, {NONE})"),
            sa.text("coalesce(person_id, 0)"),
            sa.text(f"coalesce(task_id, {NONE})"),
            "what",
        ],
        unique=True,
        postgresql_where=sa.text("cleared_at IS NULL"),
    )
