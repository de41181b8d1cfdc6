"""Why a task was excused or reopened stays with the task's event."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the words; of events from before none were kept."""
    op.add_column("task_events", sa.Column("words", sa.Text(), nullable=True))
