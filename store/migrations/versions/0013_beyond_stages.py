"""Tasks and processes may belong to something other than a stage of a cycle.

A development plan, a session or a sync has items of its own: their tasks name the item and no
stage, and their processes name whom they are about and what they are to do. Nothing that stands is
changed: each task keeps its cycle and stage, and the new key of live tasks holds for them as the
old one did, which is dropped after the new one is there.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, UUID

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

NOTHING = "'00000000-0000-0000-0000-000000000000'::uuid"


def upgrade() -> None:
    """Expand, then replace the key; safe beside workers and pages of the version before."""
    op.add_column("tasks", sa.Column("item_id", UUID(), nullable=True))
    op.alter_column("tasks", "cycle_id", nullable=True)
    op.alter_column("tasks", "stage_id", nullable=True)
    op.create_check_constraint("has_place", "tasks", "num_nonnulls(stage_id, item_id) >= 1")
    op.create_check_constraint("stage_of_cycle", "tasks", "(stage_id IS NULL) = (cycle_id IS NULL)")
    op.create_index(
        "uq_tasks_live_item",
        "tasks",
        [
            sa.text(f"coalesce(stage_id, {NOTHING})"),
            sa.text(f"coalesce(item_id, {NOTHING})"),
            sa.text("coalesce(subject_id, 0)"),
            "role",
            sa.text("coalesce(assignee_id, 0)"),
        ],
        unique=True,
        postgresql_where=sa.text("state IN ('planned', 'open')"),
    )
    op.drop_index("uq_tasks_live", "tasks")
    op.create_index(
        "ix_tasks_item", "tasks", ["item_id"], postgresql_where=sa.text("item_id IS NOT NULL")
    )
    op.add_column("processes", sa.Column("subject_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        "fk_processes_subject_id_people", "processes", "people", ["subject_id"], ["id"]
    )
    op.add_column("processes", sa.Column("argument", JSONB(), server_default="{}", nullable=False))
