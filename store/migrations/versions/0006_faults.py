"""What must not be lost or wait when a part dies: leases of mails and bells, unheard bells, the
mail server's standing.

`mails.claimed_until` stays beside the new `claimed_by`: a worker of the version before still reads
it while workers are replaced one by one.
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STATEMENTS = (
    # A claim is fenced by its token; how long it holds is renewed by its holder.
    "ALTER TABLE mails ADD COLUMN claimed_by uuid",
    # A bell is taken for a while, signalled outside any transaction, and then deleted.
    "ALTER TABLE bells ADD COLUMN taken_until timestamptz",
    "ALTER TABLE bells ADD COLUMN starts boolean NOT NULL DEFAULT false",
    "ALTER TABLE bells ADD COLUMN tx bigint NOT NULL DEFAULT (pg_current_xact_id()::text)::bigint",
    "CREATE INDEX ix_bells_process_id ON bells (process_id)",
    # Which of the bells that were passed on has a turn heard?
    "ALTER TABLE processes ADD COLUMN unheard uuid",
    "ALTER TABLE processes ADD COLUMN unheard_since timestamptz",
    "ALTER TABLE processes ADD COLUMN events integer",
    "UPDATE processes SET unheard = gen_random_uuid(), unheard_since = last_rung_at "
    "WHERE state = 'open' AND last_rung_at > coalesce(advanced_at, '-infinity')",
    # How the mail server treats us: one row.
    """
    CREATE TABLE mail_server (
        id integer PRIMARY KEY,
        accepted_at timestamptz,
        doubted bigint[] NOT NULL DEFAULT '{}',
        marked bigint[] NOT NULL DEFAULT '{}',
        refused_since timestamptz,
        probes integer NOT NULL DEFAULT 0,
        next_probe_at timestamptz,
        step text,
        code integer,
        answer text
    )
    """,
    "INSERT INTO mail_server (id) VALUES (1)",
)


def upgrade() -> None:
    """Add columns and a table; the version before goes on working beside them."""
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
