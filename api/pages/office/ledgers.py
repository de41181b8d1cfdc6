"""The delivery ledger ("why was this sent or not") and the audit log."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response

from api.authentication import Call, GuardedRoute, allow
from api.pages.frame.codes import in_words
from api.pages.frame.shell import said, show
from api.pages.frame.views import Filters, Link, More
from api.pages.office.views import Audit, AuditLine, NotificationLine, Notifications
from api.pages.tasks.explaining import EVENTS, WHY_NOT, cause_of, say_rung
from api.paging import read_cursor, write_cursor
from domain.access import Action
from domain.states import NotificationState
from store.access.facts import hidden_cases
from store.views import ledgers as queries

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

ReadsMail = Annotated[Call, allow(Action.READ_NOTIFICATIONS)]
ReadsAudit = Annotated[Call, allow(Action.READ_AUDIT)]

PAGE = 100

SEALED_WITHIN = timedelta(hours=1)
SEALED = "A later change would show."
NOT_SEALED = "Some have not been sealed for an hour: no worker is at work."

SAID_ALSO = {
    "result_opened": "that the result can be read",
    "results_released": "that results of their people were released",
    "launch_check": "the launch check",
    "launch_waiting": "that a launch waits for approval",
    "launched_report": "how the first minutes went",
    "cycle_ended": "that a cycle has ended",
    "address_refused": "that an address refuses mail",
    "address_changed": "at their old address, that it was changed",
    "address_objected": "that somebody took a change of their address back",
    "desk_change": "that who sits at a desk changes",
    "lines_changed": "that a reporting line of a member of a desk has changed",
    "leave_return_question": "whether somebody back from leave takes part again",
    "held_row": "that a row is held",
    "sign_in": "a sign-in link",
    "test_mail": "a test mail",
    "no_raters": "that nobody is asked for feedback about somebody",
    "seal_broken": "that a sealed answer was opened",
    "comments_waiting": "that comments wait to be reviewed",
    "seals_lost": "that keys to sealed answers are missing",
}

STATES = (
    NotificationState.QUEUED,
    NotificationState.SENT,
    NotificationState.SUPPRESSED,
    NotificationState.FAILED,
    NotificationState.UNKNOWN,
)


@router.get("/notifications")
async def notifications(
    call: ReadsMail,
    request: Request,
    text: str = "",
    state: str = "",
    cycle: str = "",
    cursor: str | None = None,
) -> Response:
    """Everything that was, will be, or was not told to somebody, and why."""
    hidden = hidden_cases(await call.reader())
    key = read_cursor(request, cursor, of="ledger-page", parts=1)
    rows = await queries.told_rows(
        call.conn,
        hidden=hidden,
        state=state,
        search=text,
        cycle_id=_uuid(cycle),
        before=int(key[0] or 0) if key else None,
        limit=PAGE + 1,
    )
    counts = await queries.told_counts(call.conn, hidden)
    shown = rows[:PAGE]
    page = Notifications(
        title="Mail",
        part="notifications",
        notice=said(request),
        lines=tuple(_line(row, call.now) for row in shown),
        counts=_tabs(counts, state),
        filters=Filters("/notifications", text),
        more=_more(
            request, [shown[-1].id] if len(rows) > PAGE else None, len(shown), "ledger-page"
        ),
    )
    return await show(call, page)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _tabs(counts: Mapping[str, int], here: str) -> tuple[Link, ...]:
    links = [Link("All", "/notifications", sum(counts.values()), not here)]
    links += [
        Link(
            str(state).capitalize(),
            f"/notifications?state={state}",
            counts.get(state, 0),
            here == state,
        )
        for state in STATES
    ]
    return tuple(links)


def _more(request: Request, key: list[object] | None, shown: int, of: str) -> More:
    if key is None:
        return More("", shown)
    url = request.url.include_query_params(cursor=write_cursor(request, key, of=of))
    return More(f"{url.path}?{url.query}", shown)


def _line(row: queries.ToldRow, now: datetime) -> NotificationLine:
    what = in_words({**EVENTS, **SAID_ALSO}, row.event, "something about the cycle")
    about = ", ".join(part for part in (row.stage, row.subject) if part)
    rung = f", {say_rung(row.rung)[:-1].lower()}" if row.rung else ""
    answer = f"{row.smtp_code} {row.smtp_answer or ''}".strip() if row.smtp_code else ""
    return NotificationLine(
        row.id,
        row.person,
        f"{what[0].upper()}{what[1:]}{rung}{f' ({about})' if about else ''}",
        row.state,
        row.at,
        row.settled_at or row.send_at,
        _why(row),
        answer,
        "",
        f"/tasks/{row.task_id}/explain" if row.task_id else "",
    )


def _why(row: queries.ToldRow) -> str:
    cause = _cause(row.cause)
    match row.state:
        case "suppressed":
            reason = in_words(WHY_NOT, row.reason, "it was not to be said any more")
            return f"Not sent, because {reason}."
        case "failed":
            return "The mail server refused the address."
        case "queued" if row.ride_along:
            return f"Goes with the next mail that goes out anyway. Cause: {cause}."
        case "queued":
            return f"Goes with their daily mail, or at once within their hours. Cause: {cause}."
        case "unknown":
            return f"Handed over, without an answer. Cause: {cause}."
        case _:
            return f"Cause: {cause}."


def _cause(code: str) -> str:
    return cause_of(code)


# --- Audit -------------------------------------------------------------------------------------

DID = {
    "submit": "submitted a task",
    "withdraw": "took a submission back",
    "draft_sent_on": "sent a draft on",
    "draft_discarded": "threw a draft away",
    "pause": "paused the cycle",
    "resume": "resumed the cycle",
    "cancel": "cancelled the cycle",
    "extend_stage": "extended a stage",
    "close_stage": "closed a stage",
    "extend": "extended a task",
    "extend_cycle": "extended the cycle",
    "reassign": "reassigned a task",
    "reopen": "reopened a task",
    "excuse": "excused a task",
    "nudge": "nudged",
    "release": "released results",
    "launch_prepared": "prepared a launch",
    "launch_confirmed": "confirmed a launch",
    "launch_stopped": "gave a launch up",
    "publish": "published a definition",
    "sign_in": "signed in",
    "sign_out_everywhere": "signed out everywhere",
    "people_imported": "imported people",
    "address_mended": "had an address tried again",
    "leave_recorded": "recorded a leave",
    "leave_withdrawn": "took a leave back",
    "manager_changed": "changed a manager",
    "status_changed": "changed whether somebody works here",
    "address_changed": "changed an address",
    "address_confirmed": "confirmed a changed address from the old one",
    "address_objected": "took a changed address back from the old one",
    "address_reverted": "changed an address back",
    "address_vouched": "confirmed a changed address for somebody",
    "desk_change_proposed": "wrote a change of a desk",
    "desk_change_confirmed": "confirmed a change of a desk",
    "desk_change_withdrawn": "withdrew a change of a desk",
    "company_saved": "saved the company settings",
    "reviewer_named": "named a reviewer",
    "add_participant": "added somebody",
    "remove_participant": "took somebody out",
    "ring": "had a workflow check at once",
    "retry": "tried held rows again",
    "rated": "answered a request for feedback",
    "rating_withdrawn": "took their feedback back",
    "request_declined": "declined a request for feedback",
    "comments_reviewed": "reviewed comments",
    "seal_broken": "opened a sealed answer",
    "seal_keys_lost": "found keys to sealed answers missing and asked the raters again",
    "seal_folder_replaced": "gave up a lost folder of seal keys",
}

AS = {"hr": ", as HR", "administrator": ", as administrator"}


@router.get("/audit")
async def audit(
    call: ReadsAudit, request: Request, text: str = "", cursor: str | None = None
) -> Response:
    """Who did what, on whose behalf."""
    key = read_cursor(request, cursor, of="audit-page", parts=1)
    rows = await queries.audit_rows(
        call.conn,
        hidden=hidden_cases(await call.reader()),
        search=text,
        before=int(key[0] or 0) if key else None,
        limit=PAGE + 1,
    )
    sealed = await queries.is_sealed(call.conn, call.now - SEALED_WITHIN)
    shown = rows[:PAGE]
    page = Audit(
        title="Audit log",
        part="audit",
        lines=tuple(_entry(row) for row in shown),
        filters=Filters("/audit", text),
        more=_more(request, [shown[-1].id] if len(rows) > PAGE else None, len(shown), "audit-page"),
        sealed=SEALED if sealed else NOT_SEALED,
    )
    return await show(call, page)


def _entry(row: queries.AuditRow) -> AuditLine:
    who = row.actor or {"engine": "Almanac itself", "service": "a script"}.get(row.actor_kind, "")
    behalf = f", for {row.behalf}" if row.behalf else ""
    what = ", ".join(part for part in (row.what, row.cycle) if part) or row.object_type
    href = f"/cycles/{row.cycle_id}" if row.cycle_id else ""
    acting = AS.get(row.actor_kind, "")
    return AuditLine(
        row.at,
        f"{who}{acting}{behalf}" if who else acting.removeprefix(", as ") or "somebody",
        in_words(DID, row.action, "changed something"),
        what,
        _change(row.after),
        href,
    )


def _change(after: Mapping[str, object] | None) -> str:
    """What changed, by reference: states, days, counts."""
    if not after:
        return ""
    plain = (
        f"{key.replace('_', ' ')} {value}"
        for key, value in after.items()
        if isinstance(value, str | int) and not isinstance(value, bool) and not key.endswith("_id")
    )
    return ", ".join(plain)
