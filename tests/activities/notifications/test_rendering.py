"""Every mail, in every language: what it says, what it must never say, and how it looks."""

import re
from dataclasses import replace
from datetime import date, timedelta
from html.parser import HTMLParser
from typing import Any
from uuid import uuid4

import pytest
from syrupy.assertion import SnapshotAssertion

from activities.notifications import mail_items as m
from activities.notifications.language import LANGUAGES, LanguageCode
from activities.notifications.outside import OUTSIDE
from activities.notifications.rendering import RenderedMail, Wording, render, templates_of
from activities.notifications.templates import ROOT, TemplateError, check_tags, read_catalogue
from definitions.kinds.feedback_round.rules import NAMING_RATERS as NOMINATE
from domain.access import Move
from domain.notifications import Event
from domain.states import Role
from tests.activities.notifications import samples

NOW = samples.NOW
HOSTILE = "<img src=x onerror=alert(1)>\"'&\nSubject: x {{ 7*7 }}"


def single(event: Event, language: str = "en") -> RenderedMail:
    return render(samples.mail(samples.ITEMS[event], language=language), now=NOW)


def test_every_event_has_a_sample() -> None:
    assert set(samples.ITEMS) == set(Event)


@pytest.mark.parametrize("event", Event)
def test_the_english_letter_reads_as_recorded(event: Event, snapshot: SnapshotAssertion) -> None:
    rendered = single(event)
    assert f"Subject: {rendered.subject}\n\n{rendered.text}" == snapshot


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_the_letters_read_as_recorded(language: str, snapshot: SnapshotAssertion) -> None:
    letters = [single(event, language) for event in Event]
    letters.append(render(samples.busy_morning(language), now=NOW))
    letters.append(render(samples.eight_reviews(language), now=NOW))
    assert "\n\n".join(f"Subject: {one.subject}\n\n{one.text}" for one in letters) == snapshot


def test_the_html_of_a_letter_is_as_recorded(snapshot: SnapshotAssertion) -> None:
    assert single(Event.TASK_OPENED).html == snapshot


@pytest.mark.parametrize("made", [samples.busy_morning, samples.eight_reviews])
def test_the_list_reads_as_recorded(made: object, snapshot: SnapshotAssertion) -> None:
    assert callable(made)
    rendered = render(made(), now=NOW)
    assert f"Subject: {rendered.subject}\n\n{rendered.text}" == snapshot


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("event", Event)
def test_html_and_text_say_the_same_and_fetch_nothing(event: Event, language: str) -> None:
    rendered = single(event, language)
    read = _Reader(rendered.html)
    assert not read.fetched
    assert read.links <= {samples.LINK, samples.HOME}
    assert "{{" not in rendered.html + rendered.text
    assert "[[" not in rendered.html + rendered.text
    assert "@@" not in rendered.html
    heading = " ".join(rendered.text.split("\n\n")[0].split())
    assert heading.replace("'", "’") in " ".join(read.text.split()).replace("'", "’")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("event", Event)
def test_plain_text_keeps_to_78_columns(event: Event, language: str) -> None:
    for line in single(event, language).text.splitlines():
        assert len(line) <= 78 or " " not in line.strip()


@pytest.mark.parametrize("event", Event)
def test_a_letter_has_at_most_one_button(event: Event) -> None:
    assert single(event).html.count('class="button"') <= 1


@pytest.mark.parametrize("event", Event)
def test_whatever_is_in_a_name_stays_text(event: Event) -> None:
    item = _hostile(samples.ITEMS[event])
    mail = samples.mail(item)
    mail = replace(mail, recipient=replace(mail.recipient, stands_in_for=HOSTILE))
    for made in (mail, replace(mail, items=(item, samples.ITEMS[Event.TASK_OPENED]))):
        rendered = render(made, now=NOW)
        read = _Reader(rendered.html)
        assert "img" not in read.tags
        assert "onerror" not in read.attributes
        assert "49" not in read.text
        assert "\n" not in rendered.subject


def test_a_name_cannot_write_lines_of_its_own() -> None:
    person = replace(samples.ALEXANDER, name="Al\nSubject: x\r\n.\r\nMAIL FROM")
    text = render(
        samples.mail(m.TaskOpened(task=replace(samples.MANAGER_REVIEW, about=person))), now=NOW
    ).text
    assert "Al Subject: x . MAIL FROM, IT" in text


def test_a_url_cannot_leave_its_attribute() -> None:
    task = replace(samples.MANAGER_REVIEW, url='https://x.example/"><script>alert(1)</script>')
    read = _Reader(render(samples.mail(m.TaskOpened(task=task)), now=NOW).html)
    assert "script" not in read.tags


def test_the_subject_is_verb_object_date() -> None:
    assert single(Event.TASK_OPENED).subject == "Write Alexander's review by Fri 20 Nov"


def test_the_first_line_is_the_task_and_its_deadline() -> None:
    assert single(Event.TASK_OPENED).text.startswith("Write Alexander's review by Fri 20 Nov.\n")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_purpose_is_said_on_first_mails_only(language: str) -> None:
    for event in (Event.TASK_OPENED, Event.REASSIGNED_TO):
        assert "pay and promotion" in " ".join(single(event, language).text.split())
    assert "pay and promotion" not in " ".join(single(Event.REMINDER, language).text.split())
    listed = render(samples.eight_reviews(language), now=NOW)
    assert " ".join(listed.text.split()).count("pay and promotion") == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_overdue_reminder_names_the_day_on_which_the_manager_is_told(
    language: str,
) -> None:
    day = {"en": "Thu 12 Nov", "de": "Do., 12. November"}
    day |= {"fr": "jeu. 12 novembre", "es": "jue 12 de noviembre"}
    assert day[language] in " ".join(single(Event.REMINDER, language).text.split())


@pytest.mark.parametrize(("rung", "days"), [("remind:0", 0), ("remind:-1", 1), ("remind:-5", 5)])
def test_a_reminder_knows_today_and_tomorrow(rung: str, days: int) -> None:
    task = replace(samples.SELF_REVIEW, due_on=date(2026, 11, 9) + timedelta(days=days))
    subject = render(samples.mail(m.Reminder(task=task, rung=rung)), now=NOW).subject
    expected = {
        0: "Write your self review today",
        1: "Write your self review by tomorrow, Tue 10 Nov",
        5: "Write your self review by Sat 14 Nov",
    }
    assert subject == expected[days]


def test_reminders_are_shorter_than_the_first_mail() -> None:
    first = render(samples.mail(m.TaskOpened(task=samples.SELF_REVIEW)), now=NOW)
    again = render(samples.mail(m.Reminder(task=samples.SELF_REVIEW, rung="remind:-5")), now=NOW)
    assert len(again.text) < 0.7 * len(first.text)


def test_an_escalation_offers_only_what_the_reader_may_do() -> None:
    item = replace(samples.ITEMS[Event.ESCALATION], moves=(Move.NUDGE,))  # type: ignore[call-arg]
    text = render(samples.mail(item), now=NOW).text
    assert "Ask Neena" in text
    assert "more time" not in text


def test_a_raters_task_is_never_brought_to_anybody_else() -> None:
    with pytest.raises(ValueError, match="rater"):
        m.Escalation(task=samples.FEEDBACK, assignee=samples.NEENA, moves=())
    with pytest.raises(ValueError, match="rater"):
        m.DoneNotice(task=samples.FEEDBACK, assignee=samples.NEENA, done_on=samples.FEEDBACK.due_on)
    with pytest.raises(ValueError, match="rater"):
        replace(samples.FEEDBACK, next_told=m.NextTold(on=date(2026, 11, 20)))


def test_the_list_is_by_section_then_by_deadline() -> None:
    rendered = render(samples.busy_morning(), now=NOW)
    order = [
        "Help Neena",
        "Write Alexander's review",
        "Write your self review",
        "Give Valli feedback",
        "Write Bruce's review",
        "Done: Alexander's review",
    ]
    places = [rendered.text.index(f"- {title}") for title in order]
    assert places == sorted(places)
    reversed_items = replace(
        samples.busy_morning(), items=tuple(reversed(samples.busy_morning().items))
    )
    assert render(reversed_items, now=NOW) == replace(
        rendered, attachments=render(reversed_items, now=NOW).attachments
    )


def test_several_of_one_kind_are_counted_in_the_subject() -> None:
    assert render(samples.eight_reviews(), now=NOW).subject == "Write 8 reviews by Fri 20 Nov"


def test_things_of_several_kinds_are_counted_with_the_first_date() -> None:
    items = (
        m.TaskOpened(task=samples.FEEDBACK),
        m.TaskOpened(task=samples.MANAGER_REVIEW),
        m.Reminder(task=samples.SELF_REVIEW, rung="remind:-1"),
    )
    assert render(samples.mail(*items), now=NOW).subject == "3 things, the first by Fri 13 Nov"
    same_day = tuple(
        replace(item, task=replace(item.task, due_on=date(2026, 11, 20))) for item in items
    )
    assert render(samples.mail(*same_day), now=NOW).subject == "3 things by Fri 20 Nov"


def test_one_thing_to_do_among_news_keeps_its_own_subject() -> None:
    items = (samples.ITEMS[Event.TASK_OPENED], samples.ITEMS[Event.DONE_NOTICE])
    assert render(samples.mail(*items), now=NOW).subject == "Write Alexander's review by Fri 20 Nov"


def test_a_long_section_is_cut_and_says_so() -> None:
    items = [
        m.TaskOpened(task=replace(samples.MANAGER_REVIEW, about=replace(samples.ALEXANDER, name=n)))
        for n in (f"Person {number:02}" for number in range(30))
    ]
    text = render(samples.mail(*items), now=NOW).text
    assert text.count("\n- ") == 25
    assert "And 5 more on your page." in text


def test_hr_words_replace_the_shipped_ones_and_are_escaped() -> None:
    wording = {
        samples.ANNUAL.id: {
            Event.TASK_OPENED: {
                "en": Wording(
                    subject="About {subject.first_name}, {due}",
                    body="Dear <all>,\n\n{subject.name} in {period} {{ mail }} {other}",
                )
            }
        }
    }
    rendered = render(samples.mail(samples.ITEMS[Event.TASK_OPENED]), wording=wording, now=NOW)
    assert rendered.subject == "About Alexander, Fri 20 Nov"
    assert "Alexander James in 2026 {{ mail }} {other}" in rendered.text
    assert "Dear &lt;all&gt;," in rendered.html
    french = render(
        samples.mail(samples.ITEMS[Event.TASK_OPENED], language="fr"), wording=wording, now=NOW
    )
    assert "Dear" not in french.text


def test_a_mail_without_items_is_refused() -> None:
    with pytest.raises(ValueError, match="without items"):
        render(samples.mail(), now=NOW)


@pytest.mark.parametrize("language", ["pt", "", "xx-YY"])
def test_an_unknown_language_is_written_in_english(language: str) -> None:
    assert single(Event.TASK_OPENED, language).subject == single(Event.TASK_OPENED).subject


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_everything(language: LanguageCode) -> None:
    english, other = read_catalogue(ROOT, "en"), read_catalogue(ROOT, language)
    assert set(other.messages) == set(english.messages)
    assert set(other.actions) == set(english.actions)
    for key, action in english.actions.items():
        assert (action.many is None) == (other.actions[key].many is None)


def test_no_template_holds_an_element_that_is_not_allowed() -> None:
    for path in ROOT.rglob("*.html"):
        check_tags(path.read_text("utf-8"), path.name)
    check_tags((ROOT / "layout.mjml").read_text("utf-8"), "layout")
    with pytest.raises(TemplateError, match="mj-image"):
        check_tags("<mj-section><mj-image src='x' /></mj-section>", "x")


def test_every_folder_of_templates_belongs_to_an_event() -> None:
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()}
    shared = {"daily", "parts", "messages", "stands-in"}
    assert folders == {event.template for event in Event} | set(OUTSIDE.values()) | shared


@pytest.mark.parametrize(
    ("role", "kind"),
    [
        (role, kind)
        for kind in ("form", "nominate", "approve", "collect", "calibration", "release")
        for role in Role
    ]
    + [
        (role, kind) for kind in ("meeting", "acknowledgement", "development_plan") for role in Role
    ],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_any_task_can_be_worded(role: Role, kind: m.TaskKind, language: str) -> None:
    for about in (samples.ALEXANDER, None):
        task = replace(
            samples.MANAGER_REVIEW,
            role=role,
            kind=kind,
            title="Something of HR's own",
            about=about,
            next_told=None,
        )
        for item in (m.TaskOpened(task=task), m.Reminder(task=task, rung="remind:-1")):
            rendered = render(samples.mail(item, language=language), now=NOW)
            assert "None" not in rendered.text
            assert "  " not in rendered.subject


def _hostile(item: m.MailItem) -> m.MailItem:
    person = m.Person(first_name=HOSTILE, name=HOSTILE, department=HOSTILE)
    changes: dict[str, object] = {}
    for name in ("about", "assignee"):
        if hasattr(item, name):
            changes[name] = person
    names = ("previous", "now_with", "reason", "manager", "asked_by", "input_title", "opened_by")
    for name in names:
        if hasattr(item, name):
            changes[name] = HOSTILE
    if isinstance(item, m.TaskItem):
        cycle = replace(item.task.cycle, title=HOSTILE, purpose=HOSTILE)
        changes["task"] = replace(item.task, about=person, title=HOSTILE, cycle=cycle)
    elif isinstance(item, m.CycleItem):
        changes["cycle"] = replace(item.cycle, title=HOSTILE, purpose=HOSTILE)
    return replace(item, **changes)  # type: ignore[arg-type]


class _Reader(HTMLParser):
    """What a mail program would make of the HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: set[str] = set()
        self.fetched: set[str] = set()
        self.text = ""
        self.feed(html)
        self.fetched |= set(re.findall(r"url\([^)]*\)|@import[^;]*", html))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name == "href" and value and tag == "a":
                self.links.add(value)
            elif name in ("src", "href", "background", "srcset") and value:
                self.fetched.add(value)

    def handle_data(self, data: str) -> None:
        self.text += data


def _text(item: m.MailItem, **changes: Any) -> str:
    mail = replace(samples.mail(item), **changes)
    return " ".join(render(mail, now=samples.NOW).text.split())


@pytest.mark.parametrize(
    ("changes", "unsaid"),
    [
        ({"compared": False}, "compared across teams"),
        ({"in_line": False}, "reports to you"),
        ({"cycle": replace(samples.ANNUAL, talks=False)}, "you have talked"),
        ({"cycle": replace(samples.ANNUAL, definition="own")}, "Write Alexander's review"),
    ],
)
def test_a_letter_says_only_what_the_facts_make_true(changes: dict[str, Any], unsaid: str) -> None:
    true = replace(samples.MANAGER_REVIEW, compared=True)
    assert unsaid in _text(m.TaskOpened(task=true))
    assert unsaid not in _text(m.TaskOpened(task=replace(true, **changes)))


def test_a_title_of_hr_names_no_action_of_a_shipped_cycle() -> None:
    quarterly = replace(samples.ANNUAL, definition="quarterly")
    task = replace(samples.MANAGER_REVIEW, cycle=quarterly, stage="view", title="Manager's view")
    said = _text(m.TaskOpened(task=task))
    assert "half-year" not in said
    assert "Write “Manager's view” for Alexander" in said


def test_nobody_is_asked_to_reply_where_no_reply_arrives() -> None:
    item = samples.ITEMS[Event.TASK_OPENED]
    assert "Reply to this mail" in _text(item)
    assert "Reply to this mail" not in _text(item, replies=False)
    late = m.Reminder(task=samples.OVERDUE_REVIEW, rung="remind:1")
    assert "reply to this mail" in _text(late)
    assert "reply to this mail" not in _text(late, replies=False)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_conversation_that_was_not_held_names_nobody_who_is_not_known(language: str) -> None:
    item = samples.ITEMS[Event.NOT_HELD]
    assert isinstance(item, m.NotHeld)
    recipient = replace(samples.mail(item).recipient, language=language)
    for unknown in (replace(item, manager=""), replace(item, manager="", readable=False)):
        said = _text(unknown, recipient=recipient)
        assert "  " not in said
        assert item.manager not in said
    without = _text(replace(item, readable=False), recipient=recipient)
    assert len(without) < len(_text(item, recipient=recipient))


@pytest.mark.parametrize(
    ("day", "said"),
    [(-1, "was told that"), (0, "is told today"), (1, "will be told by Tue 10 Nov")],
)
def test_the_assignee_reads_when_somebody_is_told(day: int, said: str) -> None:
    item = samples.ITEMS[Event.ESCALATED_NOTICE]
    assert isinstance(item, m.EscalatedNotice)
    assert said in _text(replace(item, told_on=date(2026, 11, 9) + timedelta(days=day)))


def test_a_date_that_did_not_move_is_not_called_new() -> None:
    item = m.Resumed(task=samples.MANAGER_REVIEW, moved=False)
    assert "Your date has not changed" in _text(item)
    assert "Your new date" in _text(replace(item, moved=True))


def test_the_first_mail_of_a_cycle_names_it_counts_and_says_when_the_first_is_due() -> None:
    items = (
        m.TaskOpened(task=replace(samples.SELF_REVIEW, begun=False)),
        m.TaskOpened(task=samples.MANAGER_REVIEW),
    )
    mail = render(samples.mail(*items), now=NOW)
    text = " ".join(mail.text.split())
    assert mail.subject == "Annual review 2026: 2 tasks, first by Fri 13 Nov"
    for sentence in (
        "Self review Who reads it. Your manager and HR.",
        "Manager review Who reads it. HR, and Alexander once the results are released and you have"
        " talked.",
        "If this is still open on Wed 18 Nov, your manager will be told.",
        "If this is still open on Wed 25 Nov, your manager will be told.",
    ):
        assert sentence in text
    assert "Alexander once the results are released" in mail.html


@pytest.mark.parametrize("language", LANGUAGES)
def test_many_tasks_of_one_stage_have_one_button_for_all_and_are_explained_once(
    language: str,
) -> None:
    mail = render(samples.eight_reviews(language), now=NOW)
    button = {
        "en": "Write 8 reviews",
        "de": "8 Beurteilungen schreiben",
        "es": "Escribe 8 evaluaciones",
        "fr": "Rédigez 8 évaluations",
    }[language]
    assert len(re.findall(rf">\s*{button}\s*<", mail.html)) == 1
    assert button in mail.text
    readers = templates_of(language).catalogue.messages["labels.readers"]
    assert mail.text.count(readers) == 1


@pytest.mark.parametrize(
    ("language", "lead"),
    [
        ("en", "was due on {date} and is not done"),
        ("de", "war am {date} fällig und ist nicht erledigt"),
        ("es", "vencía el {date} y no está hecha"),
        ("fr", "était attendue le {date} et n'est pas faite"),
    ],
)
def test_an_escalation_says_what_was_due_and_that_it_is_not_done(language: str, lead: str) -> None:
    first = " ".join(single(Event.ESCALATION, language).text.split())
    assert re.search(lead.format(date=r"[^:]{5,30}?"), first)


def test_the_facts_of_an_overdue_task_say_when_it_was_due() -> None:
    assert "\nWas due: Fri 6 Nov" in single(Event.REMINDER).text
    assert "\nDue: Fri 20 Nov" in single(Event.TASK_OPENED).text


MINE = {
    "en": ("nobody but you", "only you", "your manager", "you take part", "you and your"),
    "de": ("nur sie", "ihre führungskraft", "sie nehmen", "sie und ihre"),
    "es": ("nadie más que tú", "tu responsable", "participas"),
    "fr": ("brouillon, vous seul", "votre responsable", "vous participez"),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("task", [samples.MANAGER_REVIEW, samples.SELF_REVIEW])
def test_who_stands_in_reads_nothing_that_is_true_of_the_holder_alone(
    language: str, task: m.Task
) -> None:
    bare = replace(task.cycle, purpose="")
    task = replace(task, holder="Neena Yang", about=samples.ALEXANDER, next_told=None, cycle=bare)
    item = m.TaskOpened(task=task)
    mail = samples.mail(item, language=language)
    mail = replace(mail, recipient=replace(mail.recipient, stands_in_for="Neena Yang"))
    for made in (mail, replace(mail, items=(item, samples.ITEMS[Event.RESUMED]))):
        text = " ".join(render(made, now=NOW).text.split()).lower()
        assert "neena yang" in text
        for words in MINE[language]:
            assert words not in text, words


@pytest.mark.parametrize("language", LANGUAGES)
def test_requests_for_feedback_have_one_button_for_all_of_them_beside_other_news(
    language: str,
) -> None:
    asked = tuple(
        m.TaskOpened(task=replace(samples.FEEDBACK, id=uuid4(), about=person))
        for person in (samples.ALEXANDER, samples.NEENA, samples.VALLI)
    )
    mail = samples.mail(*asked, samples.ITEMS[Event.RESULT_OPENED], language=language)
    label = {
        "en": "Give 3 people feedback",
        "de": "3 Personen Feedback geben",
        "es": "Da tu opinión sobre 3 personas",
        "fr": "Donnez votre retour sur 3 personnes",
    }[language]
    colon = "\N{NO-BREAK SPACE}:" if language == "fr" else ":"
    assert f"{label}{colon}\n{samples.HOME}" in render(mail, now=NOW).text
    # A page that opens after a sign-in only is no list of these.
    plain = replace(mail, pages=frozenset({samples.HOME}))
    assert f"{label}{colon}\n" not in render(plain, now=NOW).text


SIGN_IN = {
    "en": "sign in",
    "de": "melden Sie sich zuerst an",
    "es": "inici",
    "fr": "identifie",
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("event", [Event.RESULT_OPENED, Event.LAUNCHED_REPORT])
def test_a_mail_says_where_one_signs_in_first_and_only_there(event: Event, language: str) -> None:
    mail = samples.mail(samples.ITEMS[event], language=language)
    said = SIGN_IN[language]
    own = " ".join(render(mail, now=NOW).text.split())
    page = render(replace(mail, pages=frozenset({mail.items[0].url})), now=NOW)
    assert said not in own
    assert said in " ".join(page.text.split())
    assert said in page.html.replace("’", "'")


def test_a_mail_that_leads_nowhere_asks_nobody_to_sign_in() -> None:
    mail = samples.mail(samples.ITEMS[Event.CANCELLED])
    mail = replace(mail, pages=frozenset({mail.items[0].url}))
    assert "sign in" not in render(mail, now=NOW).text


def test_one_act_has_one_name_in_the_title_of_its_stage_and_in_mails() -> None:
    action = templates_of("en").action("nominate", "subject", "annual.feedback", html=False)
    assert action.do.format(by="") == NOMINATE
    listed = samples.mail(
        m.TaskOpened(task=samples.NOMINATION), m.TaskOpened(task=samples.SELF_REVIEW)
    )
    assert render(listed, now=NOW).text.count(f"\n{NOMINATE}\n") == 1
