"""The first mail of a cycle before its launch, made by the functions that will make it.

The launch is done in a savepoint, for one person; their mail is claimed, gathered, composed and
worded as the sender does it, and then everything is taken back. Its links lead to the launch check.
"""

import logging
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from activities.notifications.composing import compose, wording_of
from activities.notifications.facts import Facts, Lifetimes, gather
from activities.notifications.message import message_id
from activities.notifications.rendering import render
from activities.notifications.saying import Site
from domain.notifications import Event
from store.access.facts import hidden_cases, reader_of, roles_of
from store.base.halving import failure_code
from store.cycles.facts import forget
from store.launch.first_mail import FirstMail, NoFirstMail, Opening, open_for_one, opened_by
from store.mail.claims import claim_alone
from store.mail.writing import ClaimedMail

_log = logging.getLogger(__name__)

_LINK = "#mail"

MOST_LOOKS = 20
"""So many mornings are looked at for the first mail."""


@dataclass(frozen=True, slots=True)
class _CheckSite(Site):
    """All links lead to the launch check: a preview opens nobody's task."""

    check: str = ""

    def page(self, path: str) -> str:
        """The launch check, whatever page is meant."""
        return f"{self.public_url}{self.check}"

    def link(self, token: str) -> str:
        """The launch check, too: the links that the mail will have are made when it is sent."""
        return self.page("") + _LINK

    def is_link(self, url: str) -> bool:
        """Will this be a link that signs in? The mail says so of the others."""
        return url.endswith(_LINK)


class FirstMails:
    """Makes previews of first mails for one installation."""

    def __init__(self, site: Site, lifetimes: Lifetimes) -> None:
        self._site = site
        self._lifetimes = lifetimes

    async def __call__(
        self,
        conn: AsyncConnection,
        cycle_id: UUID,
        person_id: int | None,
        now: datetime,
        *,
        hidden: list[int],
    ) -> FirstMail:
        """The first mail to a person, or to the first by name, if the launch is confirmed now.

        Nothing of it stays in the database. `hidden` are the cases that the reader does not see.
        Raises NoFirstMail, and what confirming the launch raises.
        """
        savepoint = await conn.begin_nested()
        try:
            opening = await open_for_one(conn, cycle_id, person_id, now, hidden=hidden)
            mail, at = await _claimed(conn, opening)
            return await self._worded(conn, opening, mail, at)
        finally:
            await savepoint.rollback()
            forget(cycle_id)

    async def _worded(
        self, conn: AsyncConnection, opening: Opening, mail: ClaimedMail, at: datetime
    ) -> FirstMail:
        facts = await gather(conn, [mail], self._lifetimes, at)
        site = _CheckSite(
            self._site.public_url,
            self._site.ask,
            self._site.server,
            self._site.company,
            self._site.replies,
            check=f"/cycles/{opening.cycle.id}/check",
        )
        daily = replace(compose(mail, facts, site), preview=True)
        rendered = render(daily, wording=wording_of(facts), now=at)
        return FirstMail(
            person_id=opening.person_id,
            receiver=daily.recipient.name,
            language=daily.recipient.language,
            at=at,
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.html,
            calendar=bool(rendered.attachments),
            asked_too=opening.asks_raters,
        )


async def asked_for(
    conn: AsyncConnection, previews: FirstMails, facts: Facts, now: datetime
) -> dict[int, FirstMail]:
    """The previews that test mails are to be, by notification. Absent: there is none any more.

    Who asked must be of HR still, and not be kept from the person meanwhile.
    """
    found: dict[int, FirstMail] = {}
    for detail in facts.details.values():
        who = detail.data.get("preview_of")
        if detail.event is not Event.TEST_MAIL or detail.cycle_id is None or not who:
            continue
        on = now.date()
        reader = await reader_of(
            conn, detail.person_id, await roles_of(conn, detail.person_id, on), on
        )
        if reader.is_hr:
            hidden = hidden_cases(reader, detail.cycle_id)
            try:
                found[detail.id] = await previews(
                    conn, detail.cycle_id, int(who), now, hidden=hidden
                )
            except Exception as error:  # it must not keep the other mails of the claim
                _log.warning("no preview of a first mail: %s", failure_code(error))
    return found


async def _claimed(conn: AsyncConnection, opening: Opening) -> tuple[ClaimedMail, datetime]:
    """The first mail that leaves, and when."""
    at = opening.at
    for _ in range(MOST_LOOKS):
        following = await opened_by(conn, opening, at)
        taken = await claim_alone(
            conn,
            at,
            person_id=opening.person_id,
            cycle_id=opening.cycle.id,
            message_id=_message_id,
        )
        if taken:
            return taken[0], at
        if following is None:
            break
        at = max(at, following)
    raise NoFirstMail("This person is told nothing when the cycle opens.")


def _message_id(key: str) -> str:
    return message_id(key, "preview.invalid")
