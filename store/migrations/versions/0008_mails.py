"""Say of a notification whether it goes at once although its event does not.

The opening mail of a launch by button does (language reference §6.3). It was known by the hour at
which it was to go, so that a daily mail that was late passed for one, and the next one of the day
followed it. What is queued already goes with the daily mail.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; existing rows take its default without being rewritten."""
    op.add_column(
        "notifications",
        sa.Column("at_once", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
