"""How the mail server treats us, judged from its answers over many mails.

A server that refuses everybody says nothing about any of them: nobody's address is marked, the
mails wait, administrators see it, and a few mails now and then try whether it is well again.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.mail_answers import enhanced
from domain.processes.mail import MAIL
from store.engine.processes import hold
from store.mail.fates import MOST_REFUSALS, Fate, Result, backoff
from store.mail.refused_addresses import address_mended

MANY = 3
"""So many different people refused one after the other, nobody accepted between, are many."""

QUIET = timedelta(hours=1)
"""After so long without any acceptance a refusal again and again is the server's."""

HELD_CODE = "server-refuses"

DOUBTS = (Fate.ADDRESS_DOUBTED, Fate.MESSAGE_REFUSED)

_ADDRESS = re.compile(r"<?[^\s<>]+@[^\s<>]+>?")


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of the server.

    Attributes:
        accepted_at: When it last took a mail.
        doubted: Whose mails it has refused since, in a way that may mean all.
        marked: Whose address was marked for that.
        refused_since: Since when it takes nothing; nothing but probes is handed over then.
        probes: How often it was tried since. The next time is `next_probe_at`, or `asked`.
        asked: An administrator wants it to be tried at once.
        step, code, answer: Its last refusal, without addresses.
    """

    accepted_at: datetime | None = None
    doubted: tuple[int, ...] = ()
    marked: tuple[int, ...] = ()
    refused_since: datetime | None = None
    probes: int = 0
    next_probe_at: datetime | None = None
    step: str | None = None
    code: int | None = None
    answer: str | None = None
    asked: bool = False

    @property
    def refuses(self) -> bool:
        """Is nothing but probes to be handed over?"""
        return self.refused_since is not None

    def waits_until(self, as_of: datetime) -> datetime | None:
        """Until when nothing is to be handed over; none if it is time to try."""
        if not self.refuses or self.asked or self.next_probe_at is None:
            return None
        return self.next_probe_at if as_of < self.next_probe_at else None

    def next_try(self, result: Result, as_of: datetime) -> datetime:
        """When a mail that was not taken is tried again."""
        if result.fate is Fate.REFUSED_TO_ALL and self.next_probe_at is not None:
            return max(self.next_probe_at, as_of)
        return as_of + backoff(result.fate, result.attempts)


async def mail_server(conn: AsyncConnection, *, lock: bool = False) -> Standing:
    """How the server stands. `lock`: until this transaction ends nobody else judges."""
    row = (
        await conn.execute(
            text(
                "SELECT accepted_at, doubted, marked, refused_since, probes, next_probe_at, step, "
                "code, answer, refused_since IS NOT NULL AND NOT EXISTS (SELECT FROM held_rows "
                "WHERE process_id = :process AND cleared_at IS NULL AND code LIKE :code) "
                "FROM mail_server WHERE id = 1" + (" FOR UPDATE OF mail_server" if lock else "")
            ),
            {"process": MAIL.id, "code": f"{HELD_CODE}:%"},
        )
    ).one_or_none()
    if row is None:
        return Standing()
    return Standing(row[0], tuple(row[1]), tuple(row[2]), *row[3:])


async def try_now(conn: AsyncConnection, as_of: datetime) -> None:
    """An administrator wants the server to be tried at once: what waits for it is due."""
    await conn.execute(
        text(
            "UPDATE mails SET next_try_at = :as_of WHERE state = 'sending' "
            "AND next_try_at > :as_of AND handed_over_at IS NULL AND claimed_by IS NULL"
        ),
        {"as_of": as_of},
    )


def weigh(
    standing: Standing, results: Sequence[Result], as_of: datetime
) -> tuple[Standing, list[Result]]:
    """Judge answers in the order in which they came; returns how the server stands now.

    One acceptance says that it is well. A refusal before any recipient was named, refusals of
    `MANY` different people with no acceptance between them, and a message refused `MOST_REFUSALS`
    times with none say that it refuses us. While it does, no doubtful refusal concerns a person.
    """
    refused_before, refuses = standing.refuses, standing.refuses
    last: Result | None = None
    for result in results:
        if result.fate is Fate.ACCEPTED:
            standing = replace(standing, accepted_at=as_of, doubted=(), marked=())
            refuses = False
        elif result.fate is Fate.SERVER_REFUSED:
            refuses, last = True, result
        elif result.fate in DOUBTS and result.person_id is not None:
            doubted = tuple(dict.fromkeys((*standing.doubted, result.person_id)))
            standing = replace(standing, doubted=doubted)
            refuses = refuses or len(doubted) >= MANY or _in_vain(result, standing, as_of)
            last = result
    to_all = (Fate.SERVER_REFUSED, *(DOUBTS if refuses or refused_before else ()))
    final = [
        replace(result, fate=Fate.REFUSED_TO_ALL)
        if result.fate in to_all
        else replace(result, fate=Fate.ADDRESS_REFUSED)
        if result.fate is Fate.ADDRESS_DOUBTED
        else result
        for result in results
    ]
    if not refuses:
        well = replace(standing, refused_since=None, probes=0, next_probe_at=None)
        names = [r.person_id for r in results if r.fate is Fate.ADDRESS_DOUBTED]
        marked = [one for one in names if one in standing.doubted and one is not None]
        return replace(well, marked=(*standing.marked, *marked)), final
    return _refused(standing, last, as_of), final


def _in_vain(result: Result, standing: Standing, as_of: datetime) -> bool:
    """A mail was refused again and again, and no other was taken that would say it is alone."""
    accepted = standing.accepted_at
    quiet = accepted is None or accepted < as_of - QUIET
    return quiet and result.attempts >= MOST_REFUSALS


def _refused(standing: Standing, last: Result | None, as_of: datetime) -> Standing:
    if standing.waits_until(as_of) is None:
        probes = standing.probes + 1
        standing = replace(
            standing,
            refused_since=standing.refused_since or as_of,
            probes=probes,
            next_probe_at=as_of + backoff(Fate.LATER, probes),
            asked=False,
        )
    if last is None:
        return standing
    return replace(
        standing,
        step=last.step.value if last.step else None,
        code=last.code,
        answer=_ADDRESS.sub("…", last.answer)[:200],
    )


async def judge(
    conn: AsyncConnection, results: Sequence[Result], as_of: datetime
) -> tuple[Standing, list[Result]]:
    """`weigh`, and what follows: the standing is kept, administrators see it, marks are undone."""
    before = await mail_server(conn, lock=True)
    after, final = weigh(before, results, as_of)
    if after.refuses and after.marked:
        await address_mended(conn, after.marked, as_of)  # it was the server, not they
        await _take_back(conn, after.marked, as_of)
        after = replace(after, marked=())
    if after != before:
        await _save(conn, after)
    if after.refuses:
        await _show(conn, after, as_of)
    elif before.refuses:
        await conn.execute(
            text(
                "UPDATE held_rows SET cleared_at = :as_of WHERE process_id = :process "
                "AND cleared_at IS NULL AND code LIKE :code"
            ),
            {"as_of": as_of, "process": MAIL.id, "code": f"{HELD_CODE}:%"},
        )
    return after, final


async def _take_back(conn: AsyncConnection, people: Sequence[int], as_of: datetime) -> None:
    """HR need not hear of addresses that were wrongly marked, if they have not heard yet."""
    await conn.execute(
        text(
            "UPDATE notifications SET state = 'suppressed', reason = 'mended', mail_id = NULL, "
            "settled_at = :as_of WHERE event = 'address_refused' "
            "AND state IN ('queued', 'sending') AND subject_id = ANY(CAST(:people AS bigint[]))"
        ),
        {"people": list(people), "as_of": as_of},
    )


async def _save(conn: AsyncConnection, standing: Standing) -> None:
    await conn.execute(
        text(
            "UPDATE mail_server SET accepted_at = :accepted_at, doubted = :doubted, "
            "marked = :marked, refused_since = :refused_since, probes = :probes, "
            "next_probe_at = :next_probe_at, step = :step, code = :code, answer = :answer "
            "WHERE id = 1"
        ),
        {
            "accepted_at": standing.accepted_at,
            "doubted": list(standing.doubted),
            "marked": list(standing.marked),
            "refused_since": standing.refused_since,
            "probes": standing.probes,
            "next_probe_at": standing.next_probe_at,
            "step": standing.step,
            "code": standing.code,
            "answer": standing.answer,
        },
    )


async def _show(conn: AsyncConnection, standing: Standing, as_of: datetime) -> None:
    """A held row, for the page of workflows. No mail tells of it: none would arrive."""
    codes = " ".join(str(c) for c in (standing.code, enhanced(standing.answer or "")) if c)
    code = f"{HELD_CODE}: {codes} at {standing.step}"
    await conn.execute(
        text(
            "UPDATE held_rows SET cleared_at = :as_of WHERE process_id = :process "
            "AND cleared_at IS NULL AND code LIKE :like AND code <> :code"
        ),
        {"as_of": as_of, "process": MAIL.id, "like": f"{HELD_CODE}:%", "code": code},
    )
    await hold(conn, MAIL.id, code=code, as_of=as_of, mended_by="administrators")
    await conn.execute(
        text("UPDATE held_rows SET told_at = :as_of WHERE code = :code AND told_at IS NULL"),
        {"as_of": as_of, "code": code},
    )
