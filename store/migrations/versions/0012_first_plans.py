"""A person's first plan stays, so that what was promised to them does not move with a pause.

Written when their plan moves for the first time. Of plans that had moved before this step nothing
earlier is known: for these what stands is taken for the first.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; none means that the plan never moved."""
    op.add_column("participants", sa.Column("first_plan", JSONB(), nullable=True))
