"""Invented definitions, people, ledgers and workflows."""

from datetime import date

from api.pages.frame.views import Choice, Link, More, Page, Person
from api.pages.office import views
from tests.api.pages.sample_frame import (
    ALEX,
    CYCLE,
    FILTERS,
    FINDINGS,
    HEAD,
    TIMELINE,
    at,
)


def office_pages() -> dict[str, Page]:
    """By name."""
    return {
        "definitions": views.Definitions(
            title="Definitions",
            part="definitions",
            lines=(
                views.DefinitionLine(
                    "/definitions/annual/3",
                    "Annual review",
                    "annual",
                    3,
                    "9f2c4e8a11",
                    at(4),
                    "Susan Jacobs",
                    "every year, second Tuesday of January",
                    2,
                ),
                views.DefinitionLine(
                    "/definitions/probation/1",
                    "Your first 90 days",
                    "probation",
                    1,
                    "11aa22bb33",
                    at(4),
                    "",
                    "for everybody hired",
                    1,
                ),
            ),
        ),
        "definition": views.DefinitionPage(
            title="Annual review",
            part="definitions",
            heading="Annual review",
            definition="annual",
            version=3,
            hash="9f2c4e8a11bb",
            purpose=HEAD.purpose,
            published_at=at(4),
            published_by="Susan Jacobs",
            versions=(
                Link("version 3", "/definitions/annual/3", here=True),
                Link("version 2", "/definitions/annual/2"),
            ),
            stages=(
                views.StageSays(
                    "Self review",
                    "form",
                    "the person",
                    "opens at launch, due 10 working days after, closes 5 working days after due",
                    "reminders 5 and 1 days before, on the day, 1 after; manager on day 3, HR "
                    "on day 6 and every 5",
                ),
            ),
            timeline=TIMELINE,
            source="definition: annual\ntitle: Annual review {period}\n",
            launch_on=date(2027, 1, 12),
            launch_href="/cycles/new?version=v1",
        ),
        "publish": views.Publish(
            title="Publish a definition",
            part="definitions",
            findings=FINDINGS,
            source="definition: annual\n",
            checked=True,
            name="annual.yaml",
        ),
        "people": views.People(
            title="People",
            part="people",
            lines=(
                views.PersonLine(
                    ALEX, "ajames@example.com", "Programmer", "Southlake", "Lex Garcia", "active"
                ),
                views.PersonLine(
                    Person(113, "Luis Popp", "Finance"),
                    "lpopp@example.com",
                    "Accountant",
                    "Seattle",
                    "Nancy Gruenberg",
                    "active",
                    True,
                ),
            ),
            filters=FILTERS,
            more=More(),
            active=107,
            refused=1,
        ),
        "addresses": views.Addresses(
            title="Changed addresses",
            part="people",
            lines=tuple(
                views.AddressLine(
                    id=number,
                    name=name,
                    old="ajames@example.com",
                    new="alexander.james@example.com",
                    changed_at=at(25),
                    changed_by="Susan Jacobs" if until else "",
                    until=until,
                    voices=number,
                    may_vouch=bool(number),
                )
                for number, name, until in (
                    (0, "Alexander James", at(28)),
                    (1, "Neena Yang", None),
                )
            ),
        ),
        "import": views.Import(title="Import people", part="people"),
        "import-checked": views.Import(
            title="Import people",
            part="people",
            columns=("employee_id", "first_name", "email", "manager_id"),
            mapping=(
                views.ColumnChoice("employee_id", "Employee id", True, "employee_id"),
                views.ColumnChoice("email", "Mail address", True, "email"),
                views.ColumnChoice("phone", "Phone", False),
            ),
            unread=(
                views.Unread("Direct boss", asked=True),
                views.Unread("Cost centre"),
                views.Unread("Shoe size"),
            ),
            meanings=(
                views.Meaning(
                    "Voluntarily terminated",
                    (Choice("", "not decided", chosen=True), Choice("left", "has left")),
                ),
            ),
            encodings=(Choice("", "Recognise it", chosen=True), Choice("cp1250", "Windows-1250")),
            read_as="cp1252",
            date_formats=(Choice("YYYY-MM-DD", "YYYY-MM-DD", chosen=True),),
            warnings=(
                views.Finding(
                    "warning",
                    "row 3 employee_id",
                    "e970 differs from E970 in case or leading zeros alone.",
                ),
            ),
            sample=(
                ("100", "Steven", "sking@example.com", ""),
                ("101", "Neena", "nyang@example.com", "100"),
            ),
            findings=(
                views.Finding(
                    "error", "row 14", "Manager 999 is not in the file and not in the company."
                ),
                views.Finding(
                    "error",
                    "row 22",
                    "The reporting line is a loop: Nancy Gruenberg, Luis Popp, Nancy Gruenberg.",
                ),
            ),
            checked=True,
            name="company.csv",
            content="x",
        ),
        "company": views.CompanyPage(
            title="Company",
            part="company",
            facts=(
                ("Zone", "America/Los_Angeles"),
                ("Calendar", "us"),
                ("Work week", "Monday to Friday"),
                ("Mail hour", "09:00"),
            ),
            offices=(("Seattle", "us", ""), ("Munich", "bavaria", "Europe/Berlin")),
            closures=(),
            desks=(
                ("HR", ("sjacobs@example.com",)),
                ("Administrators", ("ajames@example.com", "lgarcia@example.com")),
            ),
            holidays=(
                (
                    "us",
                    (("Mon 18 Jan", "Martin Luther King Day"), ("Mon 15 Feb", "Presidents' Day")),
                ),
            ),
            source="zone: America/Los_Angeles\n",
            saved_at=at(4),
            saved_by="Susan Jacobs",
        ),
        "notifications": views.Notifications(
            title="Mail",
            part="notifications",
            lines=(
                views.NotificationLine(
                    1,
                    "Alexander James",
                    "New task: Write your self review",
                    "sent",
                    at(12),
                    at(12),
                    "the stage opened",
                    "250 2.0.0 OK",
                    "",
                    "/tasks/t2/explain",
                ),
                views.NotificationLine(
                    2,
                    "Lex Garcia",
                    "Reminder, 5 working days before",
                    "suppressed",
                    at(22),
                    at(22),
                    "on leave that day",
                ),
                views.NotificationLine(
                    3,
                    "Luis Popp",
                    "New task",
                    "failed",
                    at(12),
                    at(12),
                    "the address was refused",
                    "550 5.1.1 mailbox unavailable",
                ),
                views.NotificationLine(
                    4,
                    "Bruce Miller",
                    "Reminder, on the due date",
                    "queued",
                    at(26),
                    at(29),
                    "goes with the daily mail of that morning",
                ),
            ),
            counts=(
                Link("All", "/notifications", 412, True),
                Link("Sent", "/notifications?state=sent", 380),
                Link("Failed", "/notifications?state=failed", 1),
            ),
            filters=FILTERS,
            more=More(),
        ),
        "audit": views.Audit(
            title="Audit log",
            part="audit",
            lines=(
                views.AuditLine(
                    at(26, 13, 58),
                    "Susan Jacobs, as HR",
                    "confirmed the launch",
                    CYCLE,
                    "106 people",
                    "/cycles/c1",
                ),
                views.AuditLine(
                    at(26, 14, 3),
                    "Lex Garcia",
                    "submitted a task",
                    "Review Alexander James",
                    "revision 1",
                ),
            ),
            filters=FILTERS,
            more=More(),
            sealed="A later change would show.",
        ),
        "workflows": views.Workflows(
            title="Workflows",
            part="workflows",
            lines=(
                views.WorkflowLine(
                    "stage-0199",
                    "StageWorkflow",
                    "Manager review, annual review 2026",
                    "failing, tries again",
                    "bad",
                    "the database",
                    at(26, 14, 5),
                    at(26, 13, 50),
                    3,
                    "IntegrityError in advance_stage",
                    at(26, 14, 3),
                    "/x",
                    actions=(
                        ("/workflows/stage-0199/ring", "Check now"),
                        ("/workflows/stage-0199/retry", "Try again"),
                    ),
                ),
                views.WorkflowLine(
                    "cycle-0198",
                    "ReviewCycleWorkflow",
                    CYCLE,
                    "waiting",
                    "told",
                    "people",
                    at(29),
                    at(26, 9),
                    0,
                    "",
                    None,
                    "/x",
                    actions=(("/workflows/cycle-0198/ring", "Check now"),),
                ),
                views.WorkflowLine(
                    "mail",
                    "MailWorkflow",
                    "The sender",
                    "overdue",
                    "late",
                    "the next daily mail",
                    at(26, 9),
                    at(26, 8, 58),
                    0,
                    "",
                    None,
                    "",
                ),
            ),
            held=(
                views.HeldLine(
                    1,
                    "unknown_zone",
                    "A person's time zone is not known",
                    "Self review, person 113",
                    "HR, under People",
                    at(26, 9),
                ),
            ),
            filters=FILTERS,
            more=More(),
            failing=1,
            late=1,
            engine="The engine answers.",
        ),
    }
