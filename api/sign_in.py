"""Signing in by mailed link, for the pages and the JSON API alike.

Asking for a link answers the same, after the same work, whether or not the address is known, and is
limited by address and by host. The mail is written into the outbox; the link itself is made by the
sender, so that no token lies in a table.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.authentication import SignedIn, find_person
from api.errors import TooManyRequests
from domain.access import Actor
from domain.errors import Invalid
from domain.notifications import Event
from store.audit import record
from store.links import FoundLink, LinkState, find_link, is_local_path, use_link
from store.outbox import NewNotification, queue
from store.rate_counts import RateLimit, RateState, hit
from store.session import Database
from store.sessions import create_session

BY_ADDRESS = RateLimit("sign-in", hits=5, seconds=900)
BY_HOST = RateLimit("sign-in-host", hits=60, seconds=900)
CONFIRM_BY_HOST = RateLimit("confirm-host", hits=120, seconds=900)

LONGEST_TARGET = 500
"""Characters; no page of ours has an address that long."""


def rate_headers(state: RateState) -> dict[str, str]:
    """What is left of a limit, as the RateLimit header fields say it."""
    limit = state.limit
    return {
        "RateLimit-Policy": f'"{limit.name}";q={limit.hits};w={limit.seconds}',
        "RateLimit": f'"{limit.name}";r={state.remaining};t={state.reset_seconds}',
    }


async def limit_rate(request: Request, limit: RateLimit, whom: str, now: datetime) -> RateState:
    """Count an attempt in a transaction of its own. Raises TooManyRequests with `Retry-After`."""
    database: Database = request.app.state.database
    async with database.begin() as conn:
        state = await hit(conn, limit, whom, now)
    if not state.allowed:
        headers = {**rate_headers(state), "Retry-After": str(state.reset_seconds)}
        raise TooManyRequests("Too many attempts. Please wait a while.", headers)
    return state


def host_of(request: Request) -> str:
    """Where a request comes from, as far as the server was told."""
    return request.client.host if request.client else "unknown"


async def ask_for_link(
    request: Request, conn: AsyncConnection, email: str, target: str, now: datetime
) -> RateState:
    """Mail a sign-in link to an address, if it is somebody's; nobody learns whether it is.

    `target` is where to go afterwards. Raises TooManyRequests, Invalid for a target that is no
    path of this site, or a long one.
    """
    if len(target) > LONGEST_TARGET or not is_local_path(target):
        message = f"Give a path of this site with at most {LONGEST_TARGET} characters."
        raise Invalid(message, ({"field": "target", "code": "target", "message": message},))
    await limit_rate(request, BY_HOST, host_of(request), now)
    state = await limit_rate(request, BY_ADDRESS, email.strip().lower(), now)
    person_id, known = (await conn.execute(_WHOSE, {"email": email.strip()})).one()
    if person_id is not None:
        # The clock must not tell either: a mail for nobody is written and taken back.
        savepoint = await conn.begin_nested()
        await queue(conn, [_link_mail(person_id, known, target, now)])
        await (savepoint.commit() if known else savepoint.rollback())
    return state


_WHOSE = text(
    """
    SELECT coalesce(p.id, (SELECT min(id) FROM people)), p.id IS NOT NULL
    FROM (VALUES (CAST(:email AS text))) AS asked(email)
    LEFT JOIN people p ON lower(p.email) = lower(asked.email)
      AND p.status IN ('active', 'external')
    """
)
"""Whose address it is; nobody's: somebody in whose name the same is done for nothing."""


def _link_mail(person_id: int, known: bool, target: str, now: datetime) -> NewNotification:
    whose = str(person_id) if known else secrets.token_hex(8)
    return NewNotification(
        key=f"sign-in:{whose}:{now.isoformat()}",
        event=Event.SIGN_IN,
        person_id=person_id,
        at=now,
        send_at=now,
        cause="asked",
        data={"target": target},
    )


@dataclass(frozen=True, slots=True)
class Opened:
    """A link as its page shows it. `other`: somebody else is signed in on this device.

    Nothing was changed by looking.
    """

    link: FoundLink
    name: str
    here: SignedIn | None
    here_name: str

    @property
    def other(self) -> bool:
        """True if confirming would change who is signed in here."""
        return self.here is not None and self.here.person_id != self.link.person_id


async def open_link(request: Request, conn: AsyncConnection, token: str, now: datetime) -> Opened:
    """Look at a link that somebody, or a mail scanner, has opened. Changes nothing.

    Names are only told for a link that is valid.
    """
    link = await find_link(conn, token, now)
    here = await find_person(request)
    valid = link.state is LinkState.VALID
    name = await _name(conn, link.person_id) if valid else ""
    return Opened(link, name, here, await _name(conn, here.person_id if here else None))


async def confirm_link(
    request: Request, conn: AsyncConnection, token: str, now: datetime
) -> tuple[FoundLink, str | None]:
    """Sign in through a link: the link, and the session's token if the link is valid.

    A session of somebody else in this browser is replaced; the caller sets the new cookie with
    `set_session_cookie`. May be repeated until the link expires.
    """
    await limit_rate(request, CONFIRM_BY_HOST, host_of(request), now)
    link = await use_link(conn, token, now)
    if link.state is not LinkState.VALID or link.person_id is None:
        return link, None
    session = await create_session(conn, link.person_id, now)
    if link.outside:
        # They come to write feedback and for nothing else: who did when is not for a log that HR
        # reads.
        return link, session
    await record(
        conn,
        at=now,
        actor=Actor(link.person_id, "person"),
        action="sign_in",
        object_type="person",
        object_id=link.person_id,
        after={"purpose": link.purpose},
    )
    return link, session


async def _name(conn: AsyncConnection, person_id: int | None) -> str:
    if person_id is None:
        return ""
    name = await conn.scalar(
        text("SELECT first_name || ' ' || last_name FROM people WHERE id = :id"),
        {"id": person_id},
    )
    return str(name or "")
