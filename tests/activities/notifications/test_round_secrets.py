"""Whatever stands in the rows, no mail of a round tells who was asked, who answered, or what.

The outbox is given everything that a careless writer could put there: names and ids of other
raters, how many have answered, reasons, texts. None of it may come out, in any language, part or
attachment; and two rounds that differ in nothing but that give the same mail to the letter.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.notifications.composing import compose
from activities.notifications.facts import Facts, Lifetimes
from activities.notifications.language import LANGUAGES
from activities.notifications.mail_items import Mailbox
from activities.notifications.outside import OUTSIDE
from activities.notifications.rendering import RenderedMail, render
from activities.notifications.saying import Site
from definitions.calendar import Calendars
from definitions.loader import parse_definition
from definitions.shipped import company
from domain.notifications import Event
from store.mail.details import CycleDetail, Detail, PersonDetail, TaskDetail
from store.mail.writing import ClaimedMail

NOW = datetime(2026, 11, 9, 17, 0, tzinfo=UTC)
CYCLE, TASK = UUID(int=1), UUID(int=2)
READER, SUBJECT, MANAGER, OTHERS = 1, 2, 3, range(10, 16)
SITE = Site("https://reviews.example.com", Mailbox(name="", address="hr@example.com"))
CALENDAR = Calendars.freeze(company(), 2025, 2028).company()
ROUND = parse_definition(
    """
definition: round
title: Feedback
purpose: So that each of us hears how others see our work.
period: this year
stages:
  - {id: feedback, kind: feedback_round, title: Feedback round}
forms:
  feedback:
    - section: Work
      questions: [{id: well, ask: What goes well?}]
"""
).definition

STEPS: Mapping[str, str] = {"collect": "rater", "nominate": "subject", "approve": "manager"}
SAID: tuple[tuple[Event, str | None], ...] = (
    (Event.TASK_OPENED, "collect"),
    (Event.TASK_OPENED, "nominate"),
    (Event.TASK_OPENED, "approve"),
    (Event.REMINDER, "collect"),
    (Event.REMINDER, "nominate"),
    (Event.REMINDER, "approve"),
    (Event.REOPENED, "collect"),
    (Event.REASSIGNED_TO, "collect"),
    (Event.REASSIGNED_AWAY, "collect"),
    (Event.DUE_CHANGED, "collect"),
    (Event.RESUMED, "collect"),
    (Event.CANCELLED, "collect"),
    (Event.REQUEST_CANCELLED, "collect"),
    (Event.FEEDBACK_EXTENDED, "collect"),
    (Event.REPLACEMENT_WANTED, None),
    (Event.REPORT_READY, None),
    (Event.REPORT_OPENED, None),
    (Event.NO_RATERS, None),
    (Event.SEAL_BROKEN, None),
    (Event.COMMENTS_WAITING, None),
)
TO_GUESTS = tuple((event, step) for event, step in SAID if step == "collect" and event in OUTSIDE)


@dataclass(frozen=True)
class Secrets:
    """What happened in a round and is nobody's to read in a mail."""

    names: tuple[str, ...]
    answered: int
    declined: int
    text: str
    begun: bool
    done: bool

    def told(self) -> list[str]:
        """Each thing that would be noticed in a mail."""
        return [*self.names, str(self.answered), str(self.declined), self.text]


# Marked, so that nothing else in a mail can look like them.
marked = st.text("abcdefgh", min_size=4, max_size=9).map(lambda word: f"Zq{word}")
secrets = st.builds(
    Secrets,
    names=st.lists(marked, min_size=len(OTHERS), max_size=len(OTHERS), unique=True).map(tuple),
    # So long that no instant, id or length in a mail holds one by chance.
    answered=st.integers(10**14, 5 * 10**14 - 1),
    declined=st.integers(5 * 10**14, 10**15 - 1),
    text=marked.map(lambda word: f"{word} says that meetings run late"),
    begun=st.booleans(),
    done=st.booleans(),
)


def _person(person_id: int, first: str, last: str, language: str) -> PersonDetail:
    address = f"p{person_id}@example.com"
    return PersonDetail(person_id, first, last, address, "IT", language, "Europe/Berlin")


def _data(secret: Secrets) -> dict[str, object]:
    others = list(OTHERS)
    dates = {"until": "2026-11-30", "subject_on": "2026-11-20", "was_due_on": "2026-11-12"}
    people = {"from": others[0], "to": others[1], "left": others[2], "told": others}
    counts = {"answered": secret.answered, "declined": secret.declined, "people": secret.answered}
    texts = {"because": secret.text, "reason": secret.text, "text": secret.text}
    return {
        **dates,
        **people,
        **counts,
        **texts,
        "raters": others,
        "names": list(secret.names),
        "draft_until": "2026-11-20",
        "cause": "manager_change",
    }


def _mail(
    event: Event, step: str | None, secret: Secrets, language: str, *, outside: bool = False
) -> RenderedMail:
    task = None
    if step is not None:
        task = TaskDetail(
            id=TASK,
            cycle_id=CYCLE,
            stage_key=f"feedback.{step}",
            stage_title="Feedback round",
            stage_kind=step,
            subject_id=SUBJECT,
            role=STEPS[step],
            assignee_id=READER,
            desk=None,
            state="done" if secret.done and event is Event.FEEDBACK_EXTENDED else "open",
            due_on=date(2026, 11, 18),
            due_revision=1,
            closes_at=datetime(2026, 11, 23, 22, 59, 59, tzinfo=UTC),
            next_rung="remind:-1",
            next_rung_at=NOW + timedelta(days=8),
            ended_at=NOW if secret.done else None,
            begun=secret.begun if STEPS[step] == "rater" else False,
        )
    detail = Detail(
        id=1,
        event=event,
        person_id=READER,
        desk=None,
        cycle_id=CYCLE,
        subject_id=SUBJECT,
        rung={Event.REMINDER: "remind:-1", Event.ESCALATED_NOTICE: "escalate:3"}.get(event),
        at=NOW,
        cause="leaver",
        data=_data(secret),
        task=task,
    )
    people = {
        READER: _person(READER, "Rea", "Reader", language),
        SUBJECT: _person(SUBJECT, "Sam", "Subject", language),
        MANAGER: _person(MANAGER, "Max", "Manager", language),
    }
    people |= {
        i: _person(i, name, name, "en") for i, name in zip(OTHERS, secret.names, strict=True)
    }
    facts = Facts(
        as_of=NOW,
        details={1: detail},
        people=people,
        cycles={
            CYCLE: CycleDetail(CYCLE, "Feedback", "2026", NOW.date(), NOW, None, 7, ROUND),
        },
        threads={},
        tried={},
        tokens={1: "token"},
        lifetimes=Lifetimes(),
        conversations={},
        open_tasks={},
        counts={},
        checks={},
        held=(),
        outsiders=frozenset({READER}) if outside else frozenset(),
        managers={SUBJECT: MANAGER},
        told={(TASK, "escalate:3"): dict.fromkeys(OTHERS, NOW)},
    )
    claimed = ClaimedMail(
        UUID(int=3), "key", "<id>", "daily", READER, None, "p1@example.com", 0, 0, (1,)
    )
    return render(compose(claimed, facts, SITE), now=NOW)


def _everything(rendered: RenderedMail) -> str:
    attached = "".join(one.content.decode().replace("\r\n ", "") for one in rendered.attachments)
    text = " ".join(rendered.text.split())  # a text may be broken over lines
    return "\n".join((rendered.subject, text, rendered.html, attached))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("event", "step"), SAID)
@settings(max_examples=8, deadline=None)
@given(secret=secrets)
def test_no_mail_holds_a_secret_of_the_round(
    event: Event, step: str | None, language: str, secret: Secrets
) -> None:
    said = _everything(_mail(event, step, secret, language))
    assert [told for told in secret.told() if told in said] == []


@pytest.mark.parametrize(("event", "step"), SAID)
@settings(max_examples=12, deadline=None)
@given(one=secrets, other=secrets)
def test_rounds_that_differ_only_in_secrets_give_the_same_mail(
    event: Event, step: str | None, one: Secrets, other: Secrets
) -> None:
    assert _mail(event, step, one, "en") == _mail(event, step, other, "en")


@pytest.mark.parametrize(("event", "step"), TO_GUESTS)
@settings(max_examples=8, deadline=None)
@given(one=secrets, other=secrets)
def test_so_do_those_to_people_outside(
    event: Event, step: str | None, one: Secrets, other: Secrets
) -> None:
    mail = _mail(event, step, one, "en", outside=True)
    assert mail == _mail(event, step, other, "en", outside=True)
    assert [told for told in one.told() if told in _everything(mail)] == []
    assert mail.attachments == ()


def test_the_test_would_notice_a_leak() -> None:
    secret = Secrets(("Zqa",) * len(OTHERS), 123_456, 654_321, "Zqtext", begun=True, done=False)
    leaky = _mail(Event.ESCALATED_NOTICE, "approve", secret, "en")
    assert "Zqa" in _everything(leaky)
