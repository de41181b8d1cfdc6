"""Somebody who has left may be without a mail address: it is used by another person now."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let any number of people be without an address; an address is still one person's."""
    op.drop_index("uq_people_email_lower", table_name="people")
    op.create_index(
        "uq_people_email_lower",
        "people",
        [sa.text("lower(email)")],
        unique=True,
        postgresql_where=sa.text("email <> ''"),
    )
