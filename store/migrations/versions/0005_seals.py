"""Keys of seals leave the database; audit entries are signed.

Nothing is lost beside a running version: the old keys stay where they are until a worker of this
version has moved them into their folder (`store.rounds.keeping_keys`), and entries that an older
version writes have no signature, which the next seal that is made with the key covers.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand: new tables and columns; what is filled in later may be empty."""
    op.alter_column("round_seals", "key", existing_type=sa.LargeBinary(), nullable=True)
    op.create_table(
        "closed_seals",
        sa.Column("stage_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("stage_id", "subject_id", name="pk_closed_seals"),
    )
    op.create_table(
        "seal_key_folder",
        sa.Column("one", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("name", sa.Uuid(), nullable=False),
        sa.Column("missing", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("one", name="pk_seal_key_folder"),
        sa.CheckConstraint("one", name="one_row"),
    )
    op.add_column("audit", sa.Column("mac", sa.LargeBinary(), nullable=True))
    op.add_column(
        "audit_seals",
        sa.Column("keyed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
