"""Lists of raters to be read, and one more person on them: nothing says how a request stands."""

from collections.abc import Sequence
from dataclasses import replace

from api.authentication import Call
from api.pages.frame.views import Notice, Problem
from api.pages.kinds.feedback_round.nominating_pages import (
    Material,
    Problems,
    entry_of,
    found_entries,
    is_asked_for,
    material,
    next_lists_of,
    relationship_choices,
    suggested_entries,
    usual,
    what_is_wrong,
)
from api.pages.kinds.feedback_round.nominating_views import OneMore, Outside, RatersChosen
from api.pages.kinds.words import whose
from api.pages.tasks.desk import Desk, head
from api.seen_tasks import Seen
from domain.relationships import Relationship
from domain.states import TaskState
from store.kinds.feedback_round.colleagues import Standing, named_by_subject
from store.kinds.feedback_round.leaving import replacements_wanted
from store.kinds.feedback_round.lists import Listed, rater_list
from store.kinds.feedback_round.rules import CHOSEN


async def chosen_page(
    call: Call, desk: Desk, list_: Standing, seen: Seen, *, notice: Notice | None = None
) -> RatersChosen:
    """Whom they chose. Whoever declined or left stays on it; nothing says how a request stands."""
    rows = (await rater_list(call.conn, list_.round, list_.subject_id)).raters
    stuff = await material(call, list_, [one.person_id for one in rows], choosing=False)
    top = replace(head(desk, call, seen=seen), minutes=None)
    more = ""
    if stuff.mine:
        count = await replacements_wanted(call.conn, list_.round, list_.subject_id, call.now)
        more = f"/rounds/{list_.round.id}/raters" if count else ""
    heading = f"{whose(stuff.subject.name)} feedback list"
    return RatersChosen(
        title="Who is asked about you" if stuff.mine else heading,
        part="tasks",
        notice=notice,
        task=top,
        lead=_lead(desk, stuff, list_, rows),
        entries=tuple(replace(entry_of(stuff, one, {}), error="") for one in rows),
        by_rule=stuff.rules if rows or list_.asked else (),
        one_more=more,
        next_lists=await next_lists_of(call, desk),
    )


def _lead(desk: Desk, stuff: Material, list_: Standing, rows: Sequence[Listed]) -> str:
    you = "you" if stuff.mine else stuff.first
    if list_.asked or any(one.asked for one in rows):
        return f"These people are asked about {you}. Nobody is told who has answered."
    if desk.facts.state in (TaskState.EXCUSED, TaskState.CANCELLED):
        return "Nothing is asked of you here any more."
    if not rows:
        return f"Nobody was named to be asked about {you}."
    if desk.facts.kind == "nominate":
        boss = stuff.manager.name if stuff.mine and stuff.manager else "The manager"
        return f"{boss} looks over this list. Then these people are asked."
    return f"The people on the list are asked about {you}."


# --- One more person -----------------------------------------------------------------------------


async def one_more_page(
    call: Call,
    list_: Standing,
    *,
    picked: int | None = None,
    relationship: Relationship | None = None,
    outside: Outside | None = None,
    q: str = "",
    problems: Problems = (),
    notice: Notice | None = None,
) -> OneMore:
    """Room for one more person on the subject's own list, if there is room and time."""
    round_, subject = list_.round, list_.subject_id
    wanted = await replacements_wanted(call.conn, round_, subject, call.now)
    theirs = await named_by_subject(call.conn, round_, subject)
    rows = (await rater_list(call.conn, round_, subject)).raters
    among = [one.person_id for one in rows] + ([picked] if picked is not None else [])
    stuff = await material(call, list_, among, q, choosing=bool(wanted))
    shown = [one for one in rows if one.relationship in CHOSEN] if theirs else []
    error = next((str(p["message"]) for p in problems if "external" in p), "")
    open_ = is_asked_for(round_, Relationship.EXTERNAL)
    return OneMore(
        title="Choose one more person for your feedback",
        part="tasks",
        notice=notice,
        problems=_more_summary(problems, stuff),
        action=f"/rounds/{round_.id}/raters",
        groups=(),
        suggestions=suggested_entries(stuff, {one.person_id for one in rows}),
        q=q,
        found=found_entries(stuff, set()),
        outside=replace(outside or Outside(), error=error) if open_ else None,
        first=stuff.first,
        round_id=round_.id,
        cycle=round_.cycle.title,
        wanted=wanted,
        entries=tuple(replace(entry_of(stuff, one, {}), error="") for one in shown),
        picked=picked,
        relationship=(relationship or usual(round_)).value,
        choices=relationship_choices(round_, relationship or usual(round_)),
    )


def _more_summary(problems: Problems, stuff: Material) -> tuple[Problem, ...]:
    told = what_is_wrong(problems, stuff)
    return tuple(replace(p, field="pick") if p.field.startswith(("r-", "g-")) else p for p in told)
