"""Levels of sessions, changed addresses that do not sign in at once, desks that two change."""

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the frozen statements beside this file.

    Sessions from before hold for twelve more hours at most. Who has ever signed in is taken from
    them and from the audit log.
    """
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(statements)
