"""One plausible item per event, and mails made of them. Every template is shown with these."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from activities.notifications import mail_items as m
from domain.access import Move
from domain.notifications import Event
from domain.states import Role

NOW = datetime(2026, 11, 9, 17, 0, tzinfo=UTC)  # Monday, 09:00 in Los Angeles
ZONE = "America/Los_Angeles"
HOME = "https://reviews.example.com/"
LINK = "https://reviews.example.com/t/7hQ2mB9pRk4vXw"
HR = m.Mailbox(name="", address="hr@example.com")

ALEXANDER = m.Person(first_name="Alexander", name="Alexander James", department="IT")
NEENA = m.Person(first_name="Neena", name="Neena Yang", department="Executive")
VALLI = m.Person(first_name="Valli", name="Valli Jackson", department="IT")
BRUCE = m.Person(first_name="Bruce", name="Bruce Miller", department="IT")

ANNUAL = m.Cycle(
    id=UUID(int=1),
    definition="annual",
    title="Annual review 2026",
    period="2026",
    purpose=(
        "We look back on the year, agree what comes next, and use the result as one input, "
        "never the only one, to pay and promotion. Your manager and HR read your review. You "
        "read your manager's text and your feedback summary once they are released, and may "
        "answer on record."
    ),
)

MANAGER_REVIEW = m.Task(
    id=UUID(int=10),
    cycle=ANNUAL,
    stage="manager",
    title="Manager review",
    kind="form",
    role=Role.MANAGER,
    due_on=date(2026, 11, 20),
    zone=ZONE,
    url=LINK,
    about=ALEXANDER,
    minutes=30,
    next_told=m.NextTold(on=date(2026, 11, 25)),
)

SELF_REVIEW = m.Task(
    id=UUID(int=11),
    cycle=ANNUAL,
    stage="self",
    title="Self review",
    kind="form",
    role=Role.SUBJECT,
    due_on=date(2026, 11, 13),
    zone=ZONE,
    url=LINK,
    about=NEENA,
    minutes=25,
    begun=True,
    closes_on=date(2026, 11, 20),
    next_told=m.NextTold(on=date(2026, 11, 18)),
)

FEEDBACK = m.Task(
    id=UUID(int=12),
    cycle=ANNUAL,
    stage="feedback",
    title="360 feedback",
    kind="collect",
    role=Role.RATER,
    due_on=date(2026, 11, 18),
    zone=ZONE,
    url=LINK,
    about=VALLI,
    minutes=10,
    closes_on=date(2026, 11, 23),
)

NOMINATION = m.Task(
    id=UUID(int=16),
    cycle=ANNUAL,
    stage="feedback.nominate",
    title="360 feedback",
    kind="nominate",
    role=Role.SUBJECT,
    due_on=date(2026, 11, 16),
    zone=ZONE,
    url=LINK,
    about=NEENA,
    minutes=10,
    closes_on=date(2026, 11, 16),
)

APPROVAL = replace(
    NOMINATION,
    id=UUID(int=17),
    stage="feedback.approve",
    kind="approve",
    role=Role.MANAGER,
    about=ALEXANDER,
    minutes=5,
    due_on=date(2026, 11, 19),
    closes_on=date(2026, 11, 19),
)

OVERDUE_REVIEW = replace(
    MANAGER_REVIEW,
    due_on=date(2026, 11, 6),
    begun=True,
    next_told=m.NextTold(on=date(2026, 11, 12)),
)

CONVERSATION = replace(
    MANAGER_REVIEW,
    id=UUID(int=13),
    stage="conversation",
    title="Review conversation",
    kind="meeting",
    due_on=date(2026, 11, 24),
    minutes=45,
)

ITEMS: dict[Event, m.MailItem] = {
    item.event: item
    for item in (
        m.TaskOpened(task=MANAGER_REVIEW),
        m.Reminder(task=OVERDUE_REVIEW, rung="remind:1"),
        m.EscalatedNotice(
            task=replace(OVERDUE_REVIEW, due_on=date(2026, 11, 4)),
            rung="escalate:3",
            told=("Lex Garcia",),
            told_on=date(2026, 11, 9),
        ),
        m.Reopened(task=MANAGER_REVIEW, reason="The goals were those of last year."),
        m.ReassignedTo(task=MANAGER_REVIEW, previous="Lex Garcia", because="manager_change"),
        m.ReassignedAway(
            task=MANAGER_REVIEW, now_with="Lex Garcia", draft_until=date(2026, 11, 16)
        ),
        m.DueChanged(task=MANAGER_REVIEW, was_due_on=date(2026, 11, 16)),
        m.Paused(cycle=ANNUAL, url=HOME),
        m.Resumed(task=MANAGER_REVIEW),
        m.Cancelled(task=MANAGER_REVIEW, reason="We start again in January."),
        m.InputChanged(
            task=MANAGER_REVIEW, input_title="Self review", changed_on=date(2026, 11, 6)
        ),
        m.Escalation(
            task=replace(OVERDUE_REVIEW, due_on=date(2026, 11, 4)),
            rung="escalate:3",
            assignee=NEENA,
            history=(
                m.Told(on=date(2026, 10, 21), event=Event.TASK_OPENED),
                m.Told(on=date(2026, 10, 28), event=Event.REMINDER),
                m.Told(on=date(2026, 11, 3), event=Event.REMINDER),
                m.Told(on=date(2026, 11, 5), event=Event.REMINDER),
                m.Told(on=date(2026, 11, 6), event=Event.ESCALATION, name="Lex Garcia"),
            ),
            moves=(Move.NUDGE, Move.EXTEND, Move.REASSIGN, Move.EXCUSE),
        ),
        m.ExtendedNotice(task=MANAGER_REVIEW, assignee=NEENA),
        m.DoneNotice(task=OVERDUE_REVIEW, assignee=NEENA, done_on=date(2026, 11, 6)),
        m.RequestCancelled(task=FEEDBACK),
        m.FeedbackExtended(task=FEEDBACK, until=date(2026, 11, 30)),
        m.ReplacementWanted(cycle=ANNUAL, url=LINK, until=date(2026, 11, 17)),
        m.ReportReady(cycle=ANNUAL, url=LINK, about=ALEXANDER, subject_on=date(2026, 11, 11)),
        m.ReportOpened(cycle=ANNUAL, url=LINK),
        m.NoRaters(cycle=ANNUAL, url=LINK, about=ALEXANDER),
        m.SealBroken(
            cycle=ANNUAL,
            url=LINK,
            opened_by="Bruce Miller",
            opened_at=datetime(2026, 11, 9, 6, 30, tzinfo=UTC),
            reason="court-order",
        ),
        m.SealsLost(cycle=ANNUAL, url=LINK, people=2),
        m.CommentsWaiting(cycle=ANNUAL, url=LINK),
        m.ResultOpened(cycle=ANNUAL, url=LINK, respond_by=date(2026, 11, 30)),
        m.ResultsReleased(cycle=ANNUAL, url=LINK, people=8, talk_by=date(2026, 11, 20)),
        m.NotHeld(
            cycle=ANNUAL,
            url=LINK,
            about=ALEXANDER,
            manager="Neena Yang",
            closed_on=date(2026, 11, 6),
        ),
        m.LaunchCheck(
            cycle=ANNUAL,
            url=LINK,
            launch_on=date(2026, 11, 23),
            people_in=1204,
            people_out=31,
            tasks=9876,
            findings=(
                "The Oxford office has a holiday in the conversation's window.",
                "Two people have no office and no manager with one; the company's calendar holds.",
            ),
            heaviest="Adam Fripp",
            heaviest_tasks=14,
        ),
        m.LaunchWaiting(cycle=ANNUAL, url=LINK, launch_on=date(2026, 11, 9)),
        m.LaunchedReport(
            cycle=ANNUAL,
            url=LINK,
            launched_at=datetime(2026, 11, 9, 16, 50, tzinfo=UTC),
            as_of=NOW,
            people=1204,
            tasks=2408,
            mails_sent=1180,
            mails_waiting=22,
            mails_refused=2,
        ),
        m.CycleEnded(
            cycle=ANNUAL,
            url=LINK,
            ended_on=date(2026, 11, 6),
            done=9640,
            expired=236,
            expired_by_stage=(("Self review", 40), ("Acknowledgement", 196)),
        ),
        m.AddressRefused(
            url=LINK,
            about=VALLI,
            address="vjackson@old.example.com",
            code=550,
            refused_on=date(2026, 11, 9),
            waiting=2,
        ),
        m.NeedsAssignee(task=MANAGER_REVIEW, because="on_leave", previous="Neena Yang"),
        m.LeaveReturnQuestion(
            cycle=ANNUAL,
            url=LINK,
            about=BRUCE,
            back_on=date(2026, 11, 9),
            stages=("Self review", "Development plan"),
        ),
        m.HeldRow(
            url=LINK,
            rows=(m.Held(process="stage-2f6c", code="no-calendar", since=NOW),),
        ),
        m.AddressChanged(url=LINK, changed_at=NOW, until=NOW + timedelta(hours=72)),
        m.AddressObjected(url=LINK, about=ALEXANDER),
        m.DeskChange(
            url=LINK,
            waits=True,
            by="Alexander James",
            joining=("Neena Yang", "Sundar Ande"),
            leaving=(),
        ),
        m.LinesChanged(
            url=LINK,
            by="",
            lines=(("Neena Yang", "Alexander James"), ("Sundar Ande", "")),
            more=3,
        ),
        m.SignIn(url=LINK, minutes=15),
        m.TestMail(url=HOME, server="smtp.example.com", asked_by="Alexander James"),
    )
}
"""One item per event, in the order of `Event`'s groups."""

RECIPIENT = m.Recipient(name="Neena Yang", address="nyang@example.com", zone=ZONE)


def mail(*items: m.MailItem, language: str = "en", **changes: object) -> m.DailyMail:
    """Return a mail of these items to the sample recipient."""
    made = m.DailyMail(
        recipient=replace(RECIPIENT, language=language), items=items, home_url=HOME, ask=HR
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def busy_morning(language: str = "en") -> m.DailyMail:
    """Return the mail of a manager on whom everything falls on one day."""
    return mail(
        ITEMS[Event.ESCALATION],
        ITEMS[Event.REMINDER],
        m.Reminder(task=SELF_REVIEW, rung="remind:-5"),
        m.TaskOpened(task=FEEDBACK),
        m.TaskOpened(task=replace(MANAGER_REVIEW, id=UUID(int=14), about=BRUCE)),
        m.TaskOpened(task=replace(MANAGER_REVIEW, id=UUID(int=15), about=VALLI)),
        ITEMS[Event.DONE_NOTICE],
        language=language,
    )


def eight_reviews(language: str = "en") -> m.DailyMail:
    """Return the opening mail of a manager of eight."""
    names = (
        *("Alexander James", "Bruce Miller", "David Williams", "Valli Jackson"),
        *("Diana Nguyen", "Nancy Gruenberg", "Daniel Faviet", "John Chen"),
    )
    return mail(
        *(
            m.TaskOpened(
                task=replace(
                    MANAGER_REVIEW,
                    id=UUID(int=20 + index),
                    about=m.Person(first_name=name.split()[0], name=name, department="IT"),
                )
            )
            for index, name in enumerate(names)
        ),
        language=language,
    )
