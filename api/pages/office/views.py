"""Definitions, people, company, the ledgers, and the engine room."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar, Literal

from api.pages.frame.pictures import Timeline
from api.pages.frame.views import Choice, Filters, Link, More, Page, Person


@dataclass(frozen=True, slots=True)
class DefinitionLine:
    """A definition with its latest version."""

    href: str
    title: str
    definition: str
    version: int
    hash: str
    published_at: datetime
    published_by: str
    runs: str  # "every year, second Tuesday of January" or "by hand"
    cycles: int


@dataclass(frozen=True, kw_only=True)
class Definitions(Page):
    """All definitions."""

    template: ClassVar[str] = "definitions.html"
    lines: tuple[DefinitionLine, ...]
    may_publish: bool = True


@dataclass(frozen=True, slots=True)
class StageSays:
    """A stage in plain words."""

    title: str
    kind: str
    assignee: str
    when: str
    ladder: str


@dataclass(frozen=True, kw_only=True)
class DefinitionPage(Page):
    """One version: its picture, its stages in words, its source."""

    template: ClassVar[str] = "definition.html"
    heading: str
    definition: str
    version: int
    hash: str
    purpose: str
    published_at: datetime
    published_by: str
    versions: tuple[Link, ...]
    stages: tuple[StageSays, ...]
    timeline: Timeline | None
    source: str
    launch_on: date
    launch_href: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem of an uploaded file at its place."""

    severity: Literal["error", "warning", "info"]
    place: str
    text: str
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class Publish(Page):
    """Upload a definition; every problem at its line and column; publish when there is none."""

    template: ClassVar[str] = "publish.html"
    findings: tuple[Finding, ...] = ()
    source: str = ""
    checked: bool = False
    may_publish: bool = False
    name: str = ""
    timeline: Timeline | None = None


@dataclass(frozen=True, slots=True)
class PersonLine:
    """A worker record in the list."""

    person: Person
    email: str
    job_title: str
    office: str
    manager: str
    status: str
    refused: bool = False


@dataclass(frozen=True, kw_only=True)
class People(Page):
    """Everybody in the company."""

    template: ClassVar[str] = "people.html"
    lines: tuple[PersonLine, ...]
    filters: Filters
    more: More
    active: int
    refused: int = 0
    changed: int = 0
    may_import: bool = True


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """A field of ours and the column of the file that it is taken from."""

    field: str
    label: str
    required: bool
    chosen: str = ""


@dataclass(frozen=True)
class Unread:
    """A column of the file that was not read. `asked`: it looks like a field that is missing."""

    heading: str
    asked: bool = False
    left_out: bool = False


@dataclass(frozen=True)
class Meaning:
    """A state of employment as the file has it, and what it may mean."""

    word: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, kw_only=True)
class Import(Page):
    """A CSV of people: which column is what, then everything that is wrong, at once."""

    template: ClassVar[str] = "import.html"
    columns: tuple[str, ...] = ()
    mapping: tuple[ColumnChoice, ...] = ()
    unread: tuple[Unread, ...] = ()
    meanings: tuple[Meaning, ...] = ()
    encodings: tuple[Choice, ...] = ()
    read_as: str = ""
    date_formats: tuple[Choice, ...] = ()
    sample: tuple[tuple[str, ...], ...] = ()
    findings: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    changes: tuple[tuple[str, int], ...] = ()
    content: str = ""
    name: str = ""
    checked: bool = False
    may_import: bool = False


@dataclass(frozen=True, slots=True)
class WaitingDesk:
    """A change of who sits at a desk that waits for a second member: desks and addresses."""

    action: str
    by: str
    at: datetime
    joining: tuple[tuple[str, str], ...]
    leaving: tuple[tuple[str, str], ...]
    may_confirm: bool


@dataclass(frozen=True, kw_only=True)
class CompanyPage(Page):
    """The company file as it holds now, and a new one."""

    template: ClassVar[str] = "company.html"
    facts: tuple[tuple[str, str], ...]
    offices: tuple[tuple[str, str, str], ...]
    closures: tuple[tuple[str, str, str], ...]
    desks: tuple[tuple[str, tuple[str, ...]], ...]
    holidays: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    source: str
    saved_at: datetime | None
    saved_by: str
    findings: tuple[Finding, ...] = ()
    may_save: bool = True
    waiting: WaitingDesk | None = None


@dataclass(frozen=True, slots=True)
class AddressLine:
    """A changed address by which nobody signs in yet. `until` none: time alone does not help."""

    id: int
    name: str
    old: str
    new: str
    changed_at: datetime
    changed_by: str
    until: datetime | None
    voices: int
    may_vouch: bool


@dataclass(frozen=True, kw_only=True)
class Addresses(Page):
    """Changed addresses that wait for somebody to stand for them."""

    template: ClassVar[str] = "addresses.html"
    lines: tuple[AddressLine, ...]


# --- Ledgers -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NotificationLine:
    """Something that somebody was, will be, or was not told, and why."""

    id: int
    person: str
    what: str
    state: str
    at: datetime
    when: datetime | None
    why: str
    answer: str = ""
    mail_href: str = ""
    task_href: str = ""


@dataclass(frozen=True, kw_only=True)
class Notifications(Page):
    """The delivery ledger."""

    template: ClassVar[str] = "notifications.html"
    lines: tuple[NotificationLine, ...]
    counts: tuple[Link, ...]
    filters: Filters
    more: More


@dataclass(frozen=True, slots=True)
class AuditLine:
    """Who did what on whose behalf, when."""

    at: datetime
    who: str
    action: str
    what: str
    change: str = ""
    href: str = ""


@dataclass(frozen=True, kw_only=True)
class Audit(Page):
    """The audit log."""

    template: ClassVar[str] = "audit.html"
    lines: tuple[AuditLine, ...]
    filters: Filters
    more: More
    sealed: str = ""


# --- The engine room ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WorkflowLine:
    """A durable process: why it waits, and until when."""

    id: str
    kind: str
    about: str
    state: str
    mood: Literal["done", "late", "bad", "told"]
    waits_for: str
    until: datetime | None
    advanced_at: datetime | None
    failures: int
    failure: str
    failed_at: datetime | None
    temporal_href: str
    actions: tuple[tuple[str, str], ...] = ()  # (what to post, its word)
    links: tuple[tuple[str, str], ...] = ()  # (where it is asked for, its word)
    cycle_href: str = ""


@dataclass(frozen=True, slots=True)
class HeldLine:
    """A row that is parked alone."""

    id: int
    code: str
    says: str
    where: str
    mended_by: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Workflows(Page):
    """Every workflow with its reason."""

    template: ClassVar[str] = "workflows.html"
    lines: tuple[WorkflowLine, ...]
    held: tuple[HeldLine, ...]
    filters: Filters
    more: More
    failing: int
    late: int
    engine: str  # what is known of the engine: reachable, since when
    may_mend: bool = True
