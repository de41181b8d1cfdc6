"""Signing in by mailed link, for the pages and the JSON API alike.

Asking for a link answers the same, after the same work, whether or not the address is known. While
a link that was mailed still works, asking again mails no second one: so a stranger can neither
flood somebody's mailbox nor keep them from asking. The mail is written into the outbox; the link
itself is made by the sender, so that no token lies in a table.

No limit counts people who sign in: a whole office may do so from one address within a minute.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import Request
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.authentication import SignedIn, find_person, session_token
from api.errors import TooManyRequests
from domain.access import Actor, Level
from domain.errors import Invalid
from domain.notifications import Event
from store.access.links import FoundLink, LinkState, find_link, is_local_path, use_link
from store.access.sessions import create_session, opens_task, revoke_token
from store.base.audit import record
from store.base.rate_counts import RateLimit, RateState, hit
from store.base.session import Database
from store.outbox.outbox import NewNotification, queue

BY_HOST = RateLimit("sign-in-host", hits=2_000, seconds=900)
"""Asking costs a few statements; an office of some thousand people asks on one morning."""

UNKNOWN_BY_HOST = RateLimit("unknown-link-host", hits=120, seconds=900)
"""Tokens that were never made; whoever has a real one is not counted."""

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
    _must_be_local(target)
    state = await limit_rate(request, BY_HOST, host_of(request), now)
    address = email.strip()
    await conn.execute(_ONE_AT_A_TIME, {"whom": address.lower()})
    person_id, known = (await conn.execute(_WHOSE, {"email": address})).one()
    if person_id is not None:
        await _mail_once(request, conn, person_id, target, now, known=known)
    return state


async def ask_for_own_link(
    request: Request, conn: AsyncConnection, person_id: int, target: str, now: datetime
) -> None:
    """Mail a sign-in link to somebody who is here by the link of a task and wants to see more.

    A link that was mailed to them a moment ago leads to `target`, too. Raises as `ask_for_link`.
    """
    _must_be_local(target)
    await limit_rate(request, BY_HOST, host_of(request), now)
    await conn.execute(_ONE_AT_A_TIME, {"whom": f"person {person_id}"})
    for statement in _LEAD_THERE:
        await conn.execute(statement, {"person": person_id, "target": target, "now": now})
    await _mail_once(request, conn, person_id, target, now, known=True)


def _must_be_local(target: str) -> None:
    if len(target) > LONGEST_TARGET or not is_local_path(target):
        message = f"Give a path of this site with at most {LONGEST_TARGET} characters."
        raise Invalid(message, ({"field": "target", "code": "target", "message": message},))


async def _mail_once(
    request: Request,
    conn: AsyncConnection,
    person_id: int,
    target: str,
    now: datetime,
    *,
    known: bool,
) -> None:
    lifetime = timedelta(minutes=request.app.state.settings.sign_in_link_minutes)
    values = {"person": person_id, "now": now, "since": now - lifetime}
    waiting = await conn.scalar(_WAITING, values)
    # The clock must not tell either: a mail for nobody is written and taken back.
    savepoint = await conn.begin_nested()
    await queue(conn, [_link_mail(person_id, known, target, now)])
    await (savepoint.commit() if known and not waiting else savepoint.rollback())


_ONE_AT_A_TIME = text(
    "SELECT pg_advisory_xact_lock(hashtextextended('sign-in ' || CAST(:whom AS text), 0))"
)

_WHOSE = text(
    """
    SELECT coalesce(p.id, (SELECT min(id) FROM people)), p.id IS NOT NULL
    FROM (VALUES (CAST(:email AS text))) AS asked(email)
    LEFT JOIN people p ON lower(p.email) = lower(asked.email)
      AND p.status IN ('active', 'external')
    """
)
"""Whose address it is; nobody's: somebody in whose name the same is done for nothing."""

_WAITING = text(
    """
    SELECT EXISTS (SELECT FROM links WHERE person_id = :person AND purpose = 'sign_in'
        AND used_at IS NULL AND revoked_at IS NULL AND expires_at > :now)
      OR EXISTS (SELECT FROM notifications WHERE person_id = :person AND event = 'sign_in'
        AND state IN ('queued', 'sending') AND send_at > :since)
    """
)
"""Is a mail with a link on its way, or was one sent whose link still works?"""

_LEAD_THERE = (
    text(
        "UPDATE links SET target = :target WHERE person_id = :person AND purpose = 'sign_in'"
        " AND used_at IS NULL AND revoked_at IS NULL AND expires_at > :now"
    ),
    text(
        "UPDATE notifications SET data = data || jsonb_build_object('target',"
        " CAST(:target AS text)) WHERE person_id = :person AND event = 'sign_in'"
        " AND state = 'queued' AND send_at <= :now"
    ),
)


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

    `reached`: whoever is signed in here sees its target already. Nothing was changed by looking.
    """

    link: FoundLink
    name: str
    here: SignedIn | None
    here_name: str
    reached: bool

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
    reached = await _reached(conn, link, here)
    return Opened(link, name, here, await _name(conn, here.person_id if here else None), reached)


async def _reached(conn: AsyncConnection, link: FoundLink, here: SignedIn | None) -> bool:
    if here is None or here.person_id != link.person_id:
        return False
    if here.level is Level.FULL or link.opens <= here.opens:
        return here.level is Level.FULL or link.level is Level.TASK
    if link.level is Level.TASK and link.task_id is not None:
        return await opens_task(conn, here.person_id, here.opens, link.task_id)
    return False


async def confirm_link(
    request: Request, conn: AsyncConnection, token: str, now: datetime
) -> tuple[FoundLink, str | None]:
    """Sign in through a link: the link, and the session's token if the link is valid.

    The session in this browser is replaced, also that of somebody else; the caller sets the new
    cookie with `set_session_cookie`. The link of a task may be used until it expires, and adds to
    what the same person's earlier ones opened here; a sign-in link is used once.
    """
    link = await use_link(conn, token, now)
    if link.state is LinkState.UNKNOWN:
        await limit_rate(request, UNKNOWN_BY_HOST, host_of(request), now)
    if link.state is not LinkState.VALID or link.person_id is None:
        return link, None
    here = await find_person(request)
    earlier = here.opens if here and here.person_id == link.person_id else frozenset()
    opens = link.opens | earlier if link.level is Level.TASK else frozenset()
    if (old := session_token(request)) is not None:
        await revoke_token(conn, old, now)
    session = await create_session(conn, link.person_id, now, level=link.level, opens=opens)
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
