"""The first mail that a launch check shows is the one that the launch sends."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from uuid import UUID

import pytest

from activities.notifications.first_mail import FirstMails
from activities.notifications.mail_facts import Mailbox
from activities.notifications.message import Envelope
from activities.notifications.sender import MailSettings, Sender
from activities.notifications.smtp import Accepted, Outcome
from activities.turn import Turn
from definitions.loader import parse_definition
from domain.access import ENGINE, Actor
from domain.errors import AlmanacError, IllegalState, NotFound
from store.base.session import Database
from store.cycles.facts import load_cycle
from store.definitions.versions import publish
from store.launch.first_mail import FirstMail, NoFirstMail
from store.launch.first_minutes import send_preview
from store.launch.launching import confirm, prepare
from tests.api.cycle import SMALL
from tests.store.running import HR, LAUNCHED, advance, person, published, rows

EVE = datetime(2027, 1, 11, 20, tzinfo=UTC)
BESIDE = SMALL.replace("    beside: [self]\n", "    after: []\n")
MONDAY = date(2027, 1, 11)
TUESDAY = date(2027, 1, 12)
SETTINGS = MailSettings(
    sender=Mailbox(name="Almanac", address="almanac@example.com"),
    public_url="https://reviews.example.com",
    connections=1,
)
PREVIEWS = FirstMails(SETTINGS.site(), SETTINGS.lifetimes)
LINK = re.compile(r"https://reviews\.example\.com\S*")


class Keeping:
    """A transport that keeps what it is handed."""

    def __init__(self, kept: list[Envelope]) -> None:
        self.kept = kept

    async def send(self, envelope: Envelope) -> Outcome:
        self.kept.append(envelope)
        return Accepted(250, "kept")

    async def close(self) -> None:
        """Nothing is open."""


async def prepared(database: Database, on: date, by: str) -> UUID:
    """A cycle in which managers write beside their reports: the first mail is a list for them."""
    async with database.begin() as conn:
        parsed = parse_definition(BESIDE, "small.yaml")
        version = await publish(conn, parsed, source=BESIDE, actor=ENGINE, now=EVE)
        return await prepare(conn, version.id, on, by, HR, EVE)  # type: ignore[arg-type]


async def preview(
    database: Database, cycle: UUID, who: int | None, now: datetime, hidden: Sequence[int] = ()
) -> FirstMail:
    """The first mail to somebody, as HR would see it now."""
    async with database.begin() as conn:
        return await PREVIEWS(conn, cycle, who, now, hidden=list(hidden))


async def sent(
    database: Database, cycle: UUID | None, instants: Sequence[datetime]
) -> list[EmailMessage]:
    """All mails that have left by the last instant, cycle and sender looking at each of them."""
    kept: list[Envelope] = []
    sender = Sender(database, SETTINGS, lambda: Keeping(kept))
    turn = Turn(database, lambda: None)
    for at in instants:
        if cycle is not None:
            await advance(database, cycle, at)
        for later in (timedelta(), timedelta(minutes=2)):
            await sender.advance(turn, at + later)
    await sender.close()
    return [
        message
        for envelope in kept
        if isinstance(
            message := message_from_bytes(envelope.content, policy=policy.default), EmailMessage
        )
    ]


def text_of(message: EmailMessage, kind: str = "plain") -> str:
    """A part of a mail, every link in it replaced by one word."""
    part = message.get_body((kind,))
    assert part is not None
    return LINK.sub("LINK", part.get_content().replace("\r\n", "\n")).strip()


EVERYTHING = (
    "SELECT (SELECT count(*) FROM notifications), (SELECT count(*) FROM mails),"
    " (SELECT count(*) FROM links), (SELECT count(*) FROM tasks), (SELECT count(*) FROM stages),"
    " (SELECT count(*) FROM processes), (SELECT count(*) FROM bells),"
    " (SELECT count(*) FROM audit), (SELECT string_agg(state, ',') FROM cycles),"
    " (SELECT count(*) FROM participants WHERE state = 'in')"
)


@pytest.mark.parametrize(
    ("employee", "language"), [("104", "en"), ("103", "de"), ("100", "fr"), ("121", "es")]
)
@pytest.mark.parametrize(("on", "by"), [(MONDAY, "button"), (TUESDAY, "schedule")])
async def test_the_preview_is_what_is_sent(
    demo: Database, employee: str, language: str, on: date, by: str
) -> None:
    """To somebody with one task, to managers with many, to the top of the company."""
    who = await person(demo, employee)
    await rows(
        demo, "UPDATE people SET language = :l WHERE id = :id RETURNING 1", l=language, id=who
    )
    cycle = await prepared(demo, on, by)
    before = await rows(demo, EVERYTHING)
    seen = await preview(demo, cycle, who, EVE)
    assert await rows(demo, EVERYTHING) == before, "nothing of it stays"
    async with demo.begin() as conn:
        launched = await confirm(conn, cycle, HR, EVE)
    mails = await sent(demo, cycle, sorted({EVE, launched.opens_at, seen.at}))
    address = await rows(demo, "SELECT email FROM people WHERE id = :id", id=who)
    [real] = [mail for mail in mails if address[0][0] in str(mail["To"])]
    mark, _, subject = seen.subject.partition(": ")
    assert mark.strip() in ("Preview", "Vorschau", "Aperçu", "Vista previa")
    assert subject == real["Subject"]
    note, _, text = LINK.sub("LINK", seen.text).strip().partition("\n\n")
    assert seen.receiver in note
    assert text.strip() == text_of(real)
    check = f"https://reviews.example.com/cycles/{cycle}/check"
    assert {link.partition("#")[0] for link in LINK.findall(seen.text)} == {check}
    assert text_of(real, "html").split("</head>")[1].count("LINK") == seen.html.split("</head>")[
        1
    ].count("https://reviews.example.com")


async def test_hr_sends_the_preview_to_herself_and_opens_no_task_with_it(demo: Database) -> None:
    cycle = await prepared(demo, TUESDAY, "schedule")
    member, who = await person(demo, "203"), await person(demo, "104")
    seen = await preview(demo, cycle, who, EVE)
    links = await rows(demo, "SELECT count(*) FROM links")
    async with demo.begin() as conn:
        assert await send_preview(conn, cycle, member, who, EVE)
    [mail] = await sent(demo, None, [EVE])
    address = await rows(demo, "SELECT email FROM people WHERE id = :id", id=member)
    assert str(address[0][0]) in str(mail["To"])
    assert mail["Subject"] == seen.subject
    assert text_of(mail) == LINK.sub("LINK", seen.text).strip()
    assert not list(mail.iter_attachments())
    assert await rows(demo, "SELECT count(*) FROM links") == links


async def test_a_preview_asked_for_by_somebody_who_left_the_desk_shows_nobody(
    demo: Database,
) -> None:
    cycle = await prepared(demo, TUESDAY, "schedule")
    worker, who = await person(demo, "105"), await person(demo, "104")
    async with demo.begin() as conn:
        assert await send_preview(conn, cycle, worker, who, EVE)
    [mail] = await sent(demo, None, [EVE])
    assert mail["Subject"] == "Almanac: a test of mail"


async def test_nobody_is_shown_whose_case_hr_does_not_see(demo: Database) -> None:
    cycle = await prepared(demo, TUESDAY, "schedule")
    boss, report = await person(demo, "103"), await person(demo, "104")
    for who in (boss, report):
        with pytest.raises(NoFirstMail):  # 103 writes about 104
            await preview(demo, cycle, who, EVE, hidden=[report])
    first = await preview(demo, cycle, None, EVE)
    other = await preview(demo, cycle, None, EVE, hidden=[first.person_id])
    assert other.person_id != first.person_id


async def test_where_nobody_can_be_mailed_it_is_said_why(demo: Database) -> None:
    cycle = await prepared(demo, TUESDAY, "schedule")
    with pytest.raises(NoFirstMail):
        await preview(demo, cycle, 999_999, EVE)
    await rows(demo, "UPDATE participants SET state = 'out' RETURNING 1")
    async with demo.begin() as conn:
        await confirm(conn, cycle, Actor(None, "hr"), EVE)
    with pytest.raises(IllegalState):
        await preview(demo, cycle, None, EVE)
    async with demo.begin() as conn:
        rolling = await prepare(
            conn, await published(demo, "probation"), LAUNCHED.date(), "rolling", HR, LAUNCHED
        )
    with pytest.raises(AlmanacError):
        await preview(demo, rolling, None, LAUNCHED)


async def test_a_cycle_that_was_opened_for_a_preview_is_not_remembered(demo: Database) -> None:
    """Calendars are frozen by the launch: those of a preview must not outlive it."""
    cycle = await prepared(demo, TUESDAY, "schedule")
    await preview(demo, cycle, None, EVE)
    async with demo.begin() as conn:
        with pytest.raises(NotFound):
            await load_cycle(conn, cycle)
