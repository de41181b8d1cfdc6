"""The company file: versions of it, the desks that it names, the calendars that it makes.

The latest version holds. What runs keeps the calendars that were frozen at its launch (language
reference §3.10); what is launched next reads the version of that day.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.calendar import Calendars
from definitions.company import Company
from domain.errors import IllegalState
from domain.states import Desk


async def company(conn: AsyncConnection) -> Company:
    """Return the company settings that hold now.

    Raises IllegalState if none were ever saved.
    """
    return _parsed(await _content(conn))


async def company_calendars(conn: AsyncConnection, first_year: int, last_year: int) -> Calendars:
    """Return the calendars of the company as they stand now, for both years and all between.

    The first call for a range of years computes holiday tables (about half a second a country);
    later ones are answered from memory. Raises IllegalState if no company was ever saved.
    """
    return _frozen(await _content(conn), first_year, last_year)


async def save_company(
    conn: AsyncConnection,
    settings: Company,
    source: str,
    *,
    now: datetime,
    saved_by_id: int | None,
) -> bool:
    """Save a version of the company file. False: it says what the latest version says already.

    Profiles are not touched; `store.people.times.refresh_profiles` follows in the same transaction.
    """
    content = settings.model_dump(mode="json")
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    saved = await conn.execute(
        text(
            "INSERT INTO company_settings (content, source, hash, saved_at, saved_by_id) "
            "SELECT CAST(:content AS jsonb), :source, :hash, :now, CAST(:by AS bigint) "
            "WHERE (SELECT hash FROM company_settings ORDER BY id DESC LIMIT 1) "
            "IS DISTINCT FROM :hash RETURNING id"
        ),
        {
            "content": json.dumps(content),
            "source": source,
            "hash": digest,
            "now": now,
            "by": saved_by_id,
        },
    )
    return saved.first() is not None


async def desk_members(conn: AsyncConnection, desk: str, on: date) -> list[int]:
    """Return who sits at a desk on a day, in the order of the company file.

    Addresses that belong to nobody, or to somebody who has left by then, are passed over: the
    launch check names them. The first member lends the desk their calendar and zone (language
    reference §1.6).
    """
    settings = await company(conn)
    addresses = settings.hr if desk == Desk.HR else settings.administrators
    return await _holders_of(conn, addresses, on)


async def kept_from_answers(conn: AsyncConnection, hr_reads: str, on: date) -> frozenset[int]:
    """The members of desks who read no answers of others by their rights, in a cycle.

    Administrators; and those at the HR desk, unless its `policies.hr_reads` is `all`.
    """
    hr = set(await desk_members(conn, Desk.HR, on))
    administrators = set(await desk_members(conn, Desk.ADMINISTRATORS, on))
    return frozenset(administrators - hr if hr_reads == "all" else administrators | hr)


async def _holders_of(conn: AsyncConnection, addresses: Sequence[str], on: date) -> list[int]:
    rows = await conn.execute(
        text(
            "SELECT p.id FROM unnest(CAST(:addresses AS text[])) WITH ORDINALITY a(email, place) "
            "JOIN people p ON lower(p.email) = lower(a.email) "
            "WHERE coalesce(p.left_on > :on, p.status = 'active') ORDER BY a.place"
        ),
        {"addresses": list(addresses), "on": on},
    )
    return list(dict.fromkeys(rows.scalars()))


Addresses = Mapping[str, list[str]]
"""Addresses by desk, as a company file writes them; desks without any are absent."""


def desks_differ(old: Company | None, new: Company) -> tuple[Addresses, Addresses]:
    """Which addresses come to a desk by a company file, and which leave one."""
    joining: dict[str, list[str]] = {}
    leaving: dict[str, list[str]] = {}
    for desk in Desk:
        before, after = _of(old, desk), _of(new, desk)
        joined = [a for a in after if a.lower() not in {b.lower() for b in before}]
        left = [b for b in before if b.lower() not in {a.lower() for a in after}]
        joining |= {desk.value: joined} if joined else {}
        leaving |= {desk.value: left} if left else {}
    return joining, leaving


def _of(settings: Company | None, desk: Desk) -> list[str]:
    if settings is None:
        return []
    return list(settings.hr if desk is Desk.HR else settings.administrators)


async def people_at(conn: AsyncConnection, addresses: Addresses) -> list[int]:
    """Whose addresses these are; what is nobody's is passed over."""
    rows = await conn.execute(
        text(
            "SELECT id FROM people WHERE lower(email) = ANY(CAST(:addresses AS text[])) ORDER BY id"
        ),
        {"addresses": [a.lower() for some in addresses.values() for a in some]},
    )
    return list(rows.scalars())


async def at_desks(conn: AsyncConnection) -> list[int]:
    """Everybody who sits at a desk now and works here."""
    settings = await company(conn)
    rows = await conn.execute(
        text(
            "SELECT id FROM people WHERE status = 'active'"
            " AND lower(email) = ANY(CAST(:addresses AS text[])) ORDER BY id"
        ),
        {"addresses": [a.lower() for a in (*settings.hr, *settings.administrators)]},
    )
    return list(rows.scalars())


async def settings_hash(conn: AsyncConnection) -> str | None:
    """The hash of the settings that hold now; none if none were ever saved."""
    found = await conn.scalar(text("SELECT hash FROM company_settings ORDER BY id DESC LIMIT 1"))
    return None if found is None else str(found)


async def _content(conn: AsyncConnection) -> str:
    row = await conn.execute(
        text("SELECT CAST(content AS text) FROM company_settings ORDER BY id DESC LIMIT 1")
    )
    content: Any = row.scalar_one_or_none()
    if content is None:
        raise IllegalState(
            "No company settings were saved yet.",
            hint="almanac company set company.yaml",
        )
    return str(content)


@lru_cache(maxsize=8)
def _parsed(content: str) -> Company:
    return Company.model_validate_json(content)


@lru_cache(maxsize=16)
def _frozen(content: str, first_year: int, last_year: int) -> Calendars:
    return Calendars.freeze(_parsed(content), first_year, last_year)
