"""The mails of 360 rounds: what each reader is told, and what nobody is."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from syrupy.assertion import SnapshotAssertion

from activities.notifications import mail_items as m
from activities.notifications.language import LANGUAGES
from activities.notifications.mail_facts import Protection
from activities.notifications.outside import OUTSIDE, seen_from_outside
from activities.notifications.rendering import RenderedMail, Wording, render
from domain.notifications import Event
from tests.activities.notifications import samples

NOW = samples.NOW
NEENA_HERSELF = replace(samples.FEEDBACK, about=samples.NEENA, relationship="self")
GUEST = replace(samples.FEEDBACK, relationship="external")

LETTERS: dict[str, m.MailItem] = {
    "choose": m.TaskOpened(task=samples.NOMINATION),
    "choose, reminded": m.Reminder(task=samples.NOMINATION, rung="remind:-1"),
    "approve": m.TaskOpened(task=samples.APPROVAL),
    "approve, nobody on it": m.TaskOpened(task=replace(samples.APPROVAL, empty_list=True)),
    "approve, reminded": m.Reminder(task=samples.APPROVAL, rung="remind:-5"),
    "rate": m.TaskOpened(task=samples.FEEDBACK),
    "rate, reminded": m.Reminder(task=samples.FEEDBACK, rung="remind:-5"),
    "rate, late": m.Reminder(
        task=replace(samples.FEEDBACK, due_on=date(2026, 11, 6)), rung="remind:1"
    ),
    "rate oneself": m.TaskOpened(task=NEENA_HERSELF),
    "rate as the manager": m.TaskOpened(task=replace(samples.FEEDBACK, relationship="manager")),
    "rate upwards": m.TaskOpened(task=replace(samples.FEEDBACK, relationship="reports")),
    "rate, comments reviewed, pairs": m.TaskOpened(
        task=replace(samples.FEEDBACK, protection=Protection(pairs=True, reviewed=True))
    ),
    "rate again, what was written is lost": m.FeedbackExtended(
        task=samples.FEEDBACK, until=date(2026, 11, 30), lost=True
    ),
    "the folder of keys is missing": m.SealsLost(url=samples.LINK),
    "too few": m.NoRaters(
        cycle=samples.ANNUAL, url=samples.LINK, about=samples.ALEXANDER, because="too_few"
    ),
}

OUTSIDE_LETTERS: dict[str, m.MailItem] = {
    "rate": m.TaskOpened(task=GUEST),
    "rate, asked by the manager": m.TaskOpened(task=replace(GUEST, asked_by="Neena Yang")),
    "reminded": m.Reminder(task=GUEST, rung="remind:-1"),
    "another date": m.DueChanged(task=GUEST, was_due_on=date(2026, 11, 16)),
    "extended": m.FeedbackExtended(task=GUEST, until=date(2026, 11, 30)),
    "lost": m.FeedbackExtended(task=GUEST, until=date(2026, 11, 30), lost=True),
    "not needed": m.RequestCancelled(task=GUEST),
    "paused": samples.ITEMS[Event.PAUSED],
}


def outside(*items: m.MailItem, language: str = "en") -> m.DailyMail:
    """A mail to a customer of the company."""
    mail = samples.mail(*map(seen_from_outside, items), home_url=samples.LINK)
    guest = m.Recipient(
        name="Ada Okafor",
        address="ada@customer.example",
        zone="UTC",
        language=language,
        external=True,
    )
    return replace(mail, recipient=guest, company="Example Ltd")


def inside(item: m.MailItem, language: str = "en") -> RenderedMail:
    return render(samples.mail(item, language=language), now=NOW)


def said(rendered: RenderedMail) -> str:
    return f"Subject: {rendered.subject}\n\n{rendered.text}"


def flat(rendered: RenderedMail) -> str:
    return " ".join(rendered.text.split())


def seven(language: str = "en") -> m.DailyMail:
    """A rater's morning: seven people ask for feedback."""
    names = ("Ann Bell", "Bo Cruz", "Cy Dahl", "Di Ek", "Ed Fox", "Flo Gray", "Gus Hill")
    people = [m.Person(first_name=n.split()[0], name=n, department="IT") for n in names]
    tasks = [
        replace(samples.FEEDBACK, id=UUID(int=40 + index), about=person)
        for index, person in enumerate(people)
    ]
    return samples.mail(*(m.TaskOpened(task=task) for task in tasks), language=language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_letters_read_as_recorded(language: str, snapshot: SnapshotAssertion) -> None:
    letters = [f"# {name}\n{said(inside(item, language))}" for name, item in LETTERS.items()]
    letters.append(f"# seven\n{said(render(seven(language), now=NOW))}")
    assert "\n\n".join(letters) == snapshot


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_letters_to_people_outside_read_as_recorded(
    language: str, snapshot: SnapshotAssertion
) -> None:
    letters = [
        f"# {name}\n{said(render(outside(item, language=language), now=NOW))}"
        for name, item in OUTSIDE_LETTERS.items()
    ]
    other = replace(GUEST, id=UUID(int=50), about=samples.ALEXANDER)
    two = outside(m.TaskOpened(task=GUEST), m.TaskOpened(task=other), language=language)
    letters.append(f"# two\n{said(render(two, now=NOW))}")
    assert "\n\n".join(letters) == snapshot


def test_the_html_to_people_outside_is_as_recorded(snapshot: SnapshotAssertion) -> None:
    assert render(outside(OUTSIDE_LETTERS["rate"]), now=NOW).html == snapshot


def test_seven_requests_are_one_line_of_subject() -> None:
    rendered = render(seven(), now=NOW)
    assert rendered.subject == "Give 7 people feedback by Wed 18 Nov"
    (calendar,) = rendered.attachments
    assert calendar.content.count(b"BEGIN:VEVENT") == 7


@pytest.mark.parametrize(
    ("name", "summary"),
    [
        ("choose", "Choose who is asked for feedback"),
        ("approve", "Look over Alexander's feedback list"),
        ("rate", "Give Valli feedback"),
        ("rate oneself", "Answer the feedback questions about yourself"),
    ],
)
def test_each_step_has_its_entry_in_the_calendar(name: str, summary: str) -> None:
    (calendar,) = inside(LETTERS[name]).attachments
    assert f"SUMMARY:{summary}\r\n".encode() in calendar.content


def test_a_request_that_falls_away_leaves_the_calendar() -> None:
    (calendar,) = inside(samples.ITEMS[Event.REQUEST_CANCELLED]).attachments
    assert b"STATUS:CANCELLED" in calendar.content


def test_silence_accepts_the_list_on_a_named_day() -> None:
    assert "On Thu 19 Nov it closes, and the list is taken as it is." in flat(
        inside(LETTERS["approve"])
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_is_identified_is_promised_nothing_else(language: str) -> None:
    protected = {"en": "nothing ties", "de": "führt nichts mehr", "fr": "plus rien ne les relie"}
    protected["es"] = "nada las relaciona"
    promise = protected[language]
    assert promise in flat(inside(LETTERS["rate"], language)).replace("’", "'")
    for name in ("rate oneself", "rate as the manager"):
        assert promise not in flat(inside(LETTERS[name], language))


def test_a_list_promises_each_rater_what_holds() -> None:
    shared, own = "only together with those of others", "is shown as yours"
    among = replace(seven(), items=(*seven().items, m.TaskOpened(task=NEENA_HERSELF)))
    alone = samples.mail(m.TaskOpened(task=NEENA_HERSELF), samples.ITEMS[Event.TASK_OPENED])
    for mail, expected in ((seven(), {shared}), (among, {shared, own}), (alone, {own})):
        text = flat(render(mail, now=NOW))
        assert {promise for promise in (shared, own) if promise in text} == expected


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", OUTSIDE_LETTERS)
def test_nothing_of_the_company_goes_outside(name: str, language: str) -> None:
    rendered = render(outside(OUTSIDE_LETTERS[name], language=language), now=NOW)
    everything = rendered.subject + rendered.text + rendered.html
    for internal in (samples.ANNUAL.title, "360 feedback", "pay and promotion", samples.HOME):
        assert internal not in everything.replace(samples.LINK, "")
    assert ", IT" not in everything
    assert rendered.attachments == ()


def test_own_words_of_hr_stay_inside() -> None:
    wording = {samples.ANNUAL.id: {Event.TASK_OPENED: {"en": Wording(subject="Internal")}}}
    rendered = render(outside(OUTSIDE_LETTERS["rate"]), wording=wording, now=NOW)
    assert "Internal" not in rendered.subject


def test_what_concerns_nobody_outside_does_not_leave() -> None:
    for event in set(Event) - set(OUTSIDE) - {Event.SIGN_IN}:
        with pytest.raises(ValueError, match="outside"):
            seen_from_outside(samples.ITEMS[event])
    with pytest.raises(ValueError, match="outside"):
        seen_from_outside(m.TaskOpened(task=samples.MANAGER_REVIEW))
    assert seen_from_outside(samples.ITEMS[Event.SIGN_IN]) == samples.ITEMS[Event.SIGN_IN]


def test_nobody_hears_who_had_a_raters_task() -> None:
    with pytest.raises(ValueError, match="rater"):
        m.ReassignedTo(task=samples.FEEDBACK, previous="Lex Garcia")
    with pytest.raises(ValueError, match="rater"):
        m.ReassignedAway(task=samples.FEEDBACK, now_with="Lex Garcia")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_late_rater_is_not_asked_to_tell_hr(language: str) -> None:
    offers = {"en": "more time", "de": "mehr Zeit", "fr": "plus de temps", "es": "más tiempo"}
    assert offers[language] not in flat(inside(LETTERS["rate, late"], language))


@pytest.mark.parametrize("begun", [True, False])
def test_no_mail_says_how_far_a_rater_is(begun: bool) -> None:
    def letters(task: m.Task) -> list[RenderedMail]:
        items = (
            m.TaskOpened(task=task),
            m.Reminder(task=task, rung="remind:-1"),
            m.FeedbackExtended(task=task, until=date(2026, 11, 30)),
            m.RequestCancelled(task=task),
        )
        return [inside(item) for item in items]

    task = replace(samples.FEEDBACK, begun=begun)
    assert letters(task) == letters(replace(task, begun=not begun))
