"""A task of the reader as one line of their list."""

from datetime import date, datetime
from typing import Any

from api.authentication import Call
from api.pages.frame.views import Person
from api.pages.kinds.words import About
from api.pages.tasks.answering import share_answered
from api.pages.tasks.views import TaskLine
from api.pages.tasks.words import ended_word, seen_by, verb
from api.seen_days import days_of
from definitions.answers import form_of
from definitions.effort import minutes_of
from definitions.models import Definition
from domain.states import TaskState
from store.definitions.versions import definition_of
from store.views import my_tasks as queries


async def line_of(call: Call, task: queries.MyTask, today: date) -> TaskLine:
    """A task of the reader as a line of a list."""
    definition = await definition_of(call.conn, task.version_id)
    stage = definition.stage(task.stage)
    about = About(
        task.kind,
        task.role,
        task.title,
        task.subject,
        task.subject_first,
        mine=task.subject_id == call.person_id,
    )
    done = task.state == TaskState.DONE
    form = form_of(definition, stage)
    share = share_answered(form, task.draft) if form and task.draft else None
    return TaskLine(
        href=f"/tasks/{task.id}",
        verb=verb(about),
        cycle=task.cycle,
        mood=_mood(task, call.now),
        due_at=task.due_at,
        minutes=minutes_of(definition, stage),
        share=share,
        about=_person(task.subject_id, task.subject, task.department, task.subject_first)
        if task.role != "subject"
        else None,
        instead_of=task.assignee or ""
        if task.assignee_id not in (None, call.person_id) and not done
        else "",
        ended="" if task.state == TaskState.OPEN else ended_word(task.state, task.kind),
        ended_at=task.ended_at,
        seen_by=await _seen_by(call, definition, about, task, today) if done else "",
    )


def _mood(task: queries.MyTask, now: datetime) -> Any:
    if task.state == TaskState.DONE:
        return "done"
    if task.state != TaskState.OPEN:
        return "new"
    if task.paused:
        return "paused"
    if task.due_at < now:
        return "late"
    return "draft" if task.draft else "new"


def _person(
    person_id: int | None, name: str | None, department: str | None, first: str | None
) -> Person | None:
    if person_id is None or name is None:
        return None
    return Person(person_id, name, department or "", first or "")


async def _seen_by(
    call: Call, definition: Definition, about: About, task: queries.MyTask, today: date
) -> str:
    traits = [stage.traits for stage in definition.stages]
    releases = any(each.opens_results for each in traits)
    return seen_by(
        about,
        hr_reads=definition.policies.hr_reads == "all",
        releases=releases,
        meets=any(each.held for each in traits),
        releases_on=await _release_day(call, task) if releases else None,
        released=task.released,
        result_open=task.result_open,
        today=today,
    )


async def _release_day(call: Call, task: queries.MyTask) -> date | None:
    """By which day the results are released, as long as they are not."""
    return None if task.released else (await days_of(call, task.cycle_id)).released_on
