"""The day of a meeting is part of its draft."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the day; a draft from before has none."""
    op.add_column("drafts", sa.Column("held_on", sa.Date(), nullable=True))
