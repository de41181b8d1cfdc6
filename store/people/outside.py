"""Raters from outside the company: people by mail address only.

They have no reporting line, are in no audience and in no list of people, and sign in by their own
links alone. Their days are the company's.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.lengths import too_long
from store.base.arrays import literal

EXTERNAL = "external"
"""The status of their record."""

LONGEST = 200
"""Letters of a name."""

LONGEST_ADDRESS = 254
"""Letters of an address (RFC 5321)."""

_ADDRESS = re.compile(r"[^@\s,;<>]{1,64}@[^@\s,;<>]+\.[^@\s,;<>.]{2,}")


@dataclass(frozen=True, slots=True)
class External:
    """Somebody outside, as they were named."""

    email: str
    first_name: str
    last_name: str

    @property
    def address(self) -> str:
        """The address by which they are recognised."""
        return self.email.strip().lower()

    @property
    def mailbox(self) -> str:
        """Where mail to the address arrives: `anna+reviews@…` is `anna@…`, by another name."""
        return mailbox(self.address)

    @property
    def valid(self) -> bool:
        """Can mail be sent there, and is there a name to be called by?

        A line break in a name would end up in a mail's header.
        """
        words = (self.address, self.first_name.strip(), self.last_name.strip())
        storable = all(word.isprintable() for word in words) and not self.too_long
        return storable and bool(_ADDRESS.fullmatch(self.address) and self.first_name.strip())

    @property
    def too_long(self) -> str:
        """Which of them is too long and by how much, as a sentence; empty if all fit."""
        fields = (
            ("First name", self.first_name.strip(), LONGEST),
            ("Last name", self.last_name.strip(), LONGEST),
            ("Mail address", self.address, LONGEST_ADDRESS),
        )
        said = ((name, too_long(words, most)) for name, words, most in fields)
        return next((f"{name}: {over}" for name, over in said if over), "")


def mailbox(address: str) -> str:
    """An address in small letters, without the tag that its owner may add to it at will."""
    local, at, domain = address.strip().lower().rpartition("@")
    return f"{local.partition('+')[0] or local}{at}{domain}"


async def colleagues_among(conn: AsyncConnection, externals: Sequence[External]) -> set[str]:
    """The mailboxes of these people outside that belong to people of the company.

    Former people and former addresses count: who named themselves by one of theirs would write
    about themselves as somebody else.
    """
    rows = await conn.execute(
        text(
            f"SELECT box FROM (SELECT {_MAILBOX.format('email')} AS box FROM people"
            " WHERE status <> :external"
            f" UNION SELECT {_MAILBOX.format('old_address')} FROM address_changes"
            f" UNION SELECT {_MAILBOX.format('new_address')} FROM address_changes) b"
            " WHERE box = ANY(CAST(:addresses AS text[]))"
        ),
        {"external": EXTERNAL, "addresses": literal(e.mailbox for e in externals)},
    )
    return set(rows.scalars())


_MAILBOX = "regexp_replace(lower({}), '(.)\\+[^@]*@', '\\1@')"
"""`mailbox` in SQL."""


async def enter(
    conn: AsyncConnection, externals: Sequence[External], now: datetime
) -> dict[str, int]:
    """Find or add the records of people outside: {address: person id}.

    The same address is the same person in all rounds; their name stays as it was given first. None
    of the addresses may be a colleague's. Idempotent.
    """
    if not externals:
        return {}
    await conn.execute(
        text(_ENTER),
        {
            "emails": literal(e.address for e in externals),
            "firsts": literal(e.first_name.strip() for e in externals),
            "lasts": literal(e.last_name.strip() for e in externals),
            "status": EXTERNAL,
            "now": now,
            "today": now.date(),
        },
    )
    return await known_outside(conn, externals)


async def known_outside(conn: AsyncConnection, externals: Sequence[External]) -> dict[str, int]:
    """Those of these people outside who have a record already: {address: person id}."""
    found = await conn.execute(
        text(
            "SELECT lower(email), id FROM people WHERE status = :external "
            "AND lower(email) = ANY(CAST(:emails AS text[]))"
        ),
        {"external": EXTERNAL, "emails": literal(e.address for e in externals)},
    )
    return dict(found.all())


_ENTER = """
WITH named AS (
  SELECT * FROM unnest(CAST(:emails AS text[]), CAST(:firsts AS text[]), CAST(:lasts AS text[]))
    AS n(email, first_name, last_name)
), settings AS (
  SELECT content ->> 'calendar' AS calendar, content ->> 'zone' AS zone
  FROM company_settings ORDER BY id DESC LIMIT 1
), added AS (
  INSERT INTO profiles (calendar, zone, work_days, office)
  SELECT calendar, zone, NULL, NULL FROM settings ON CONFLICT DO NOTHING RETURNING id
), profile AS (
  SELECT id FROM added
  UNION ALL
  SELECT p.id FROM profiles p JOIN settings s ON s.calendar = p.calendar AND s.zone = p.zone
  WHERE p.work_days IS NULL AND p.office IS NULL
)
INSERT INTO people (employee_id, first_name, last_name, email, hire_date, employment, status,
  profile_id, created_at, updated_at)
SELECT 'external-' || gen_random_uuid(), first_name, last_name, email, :today, 'external', :status,
  (SELECT min(id) FROM profile), :now, :now
FROM named ON CONFLICT DO NOTHING
"""
