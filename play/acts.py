"""What a scenario's events do: the same functions that the API calls, at the event's instant."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.access import ENGINE, Actor
from domain.errors import NotFound
from domain.relationships import Relationship
from domain.states import Desk
from play import scenario as said
from play.answers import plausible
from play.kinds import feedback_round as rounds
from play.moments import TaskOf
from store.changes import people_events
from store.changes.people_import import add_person
from store.cycles.facts import load_cycle
from store.kinds import release
from store.kinds.feedback_round import leaving, rating
from store.kinds.feedback_round.lists import Named
from store.launch import launching
from store.mail.refused_addresses import address_mended
from store.people.leaves import absences, delegates_at
from store.steering import cycle as steering
from store.steering import participation, pausing
from store.steering import stage as stage_steering
from store.steering import task as task_steering
from store.tasks import drafts, submitting
from store.tasks.rows import lock_task

if TYPE_CHECKING:
    from play.people import Crowd

Does = Callable[["Crowd", AsyncConnection, Any, datetime], Awaitable[object]]


async def submit_task(
    crowd: "Crowd",
    conn: AsyncConnection,
    task_id: UUID,
    actor: Actor,
    at: datetime,
    like: said.Submit | None = None,
) -> None:
    """Submit a task with given or plausible answers; a release is released."""
    cycle, stage, task = await lock_task(conn, task_id)
    if stage.traits.opens_results:
        await release.release(conn, task_id, actor, at)
        return
    if stage.round is not None:
        await rounds.answer(crowd, conn, cycle, stage, task, actor, at, like)
        return
    answers = (like.answers if like else None) or plausible(cycle.definition, stage.spec)
    held_on = like.held_on if like else None
    if stage.traits.held and held_on is None:
        held_on = at.date()
    await submitting.submit(conn, task_id, actor, answers, now=at, held_on=held_on)


async def _holder(conn: AsyncConnection, crowd: "Crowd", task_id: UUID, at: datetime) -> Actor:
    _, _, task = await lock_task(conn, task_id)
    if task.assignee_id is None:
        return await crowd.hr(conn, at)
    acting = (await delegates_at(conn, [task.assignee_id], at)).get(task.assignee_id)
    return Actor(acting or task.assignee_id, "person")


async def _submit(crowd: "Crowd", conn: AsyncConnection, a: said.Submit, at: datetime) -> None:
    task_id = await crowd.task(conn, a.stage, a.about, a.who)
    await submit_task(crowd, conn, task_id, await _holder(conn, crowd, task_id, at), at, a)


async def _draft(crowd: "Crowd", conn: AsyncConnection, a: said.Submit, at: datetime) -> None:
    task_id = await crowd.task(conn, a.stage, a.about, a.who)
    cycle, stage, task = await lock_task(conn, task_id)
    if a.raters is not None:
        actor = await _holder(conn, crowd, task_id, at)
        await rounds.answer(crowd, conn, cycle, stage, task, actor, at, a, submit=False)
        return
    answers: Mapping[str, Any] = a.answers or plausible(cycle.definition, stage.spec)
    holder = await _holder(conn, crowd, task_id, at)
    if stage.traits.private:
        await rating.save_rating(conn, task_id, holder, answers, now=at, agrees=a.agrees)
    else:
        await submitting.save_draft(conn, task_id, holder, answers, now=at)


async def _withdraw(crowd: "Crowd", conn: AsyncConnection, a: TaskOf, at: datetime) -> None:
    task_id = await crowd.task(conn, a.stage, a.about, a.who)
    _, stage, _ = await lock_task(conn, task_id)
    take_back = rating.withdraw_rating if stage.traits.private else submitting.withdraw
    await take_back(conn, task_id, await _holder(conn, crowd, task_id, at), now=at)


async def _decline(crowd: "Crowd", conn: AsyncConnection, a: said.Decline, at: datetime) -> None:
    task_id = await crowd.task(conn, a.stage, a.about, a.who)
    holder = await _holder(conn, crowd, task_id, at)
    await leaving.decline_request(conn, task_id, holder, a.reason, now=at)


async def _replace(
    crowd: "Crowd", conn: AsyncConnection, a: said.Replacement, at: datetime
) -> None:
    await leaving.name_replacement(
        conn,
        await _stage(crowd, conn, a.stage),
        Actor(crowd.person(a.about), "person"),
        Named(crowd.person(a.by), Relationship.PEERS),
        now=at,
    )


async def _review_comments(
    crowd: "Crowd", conn: AsyncConnection, a: said.Comments, at: datetime
) -> None:
    stage, hr = await _stage(crowd, conn, a.stage), await crowd.hr(conn, at)
    await rounds.review(conn, stage, crowd.person(a.about), hr, at, hold=a.hold)


async def _leave(crowd: "Crowd", conn: AsyncConnection, a: said.LeaveOf, at: datetime) -> None:
    await people_events.record_leave(
        conn,
        crowd.person(a.who),
        a.first,
        a.last,
        delegate_id=None if a.delegate is None else crowd.person(a.delegate),
        actor=ENGINE,
        now=at,
    )


async def _confirm(crowd: "Crowd", conn: AsyncConnection, a: said.Nothing, at: datetime) -> None:
    await launching.confirm(conn, crowd.cycles.of(a.of), await crowd.hr(conn, at), at)


async def _pause(crowd: "Crowd", conn: AsyncConnection, a: said.Nothing, at: datetime) -> None:
    await pausing.pause(conn, crowd.cycles.of(a.of), await crowd.hr(conn, at), at)


async def _resume(crowd: "Crowd", conn: AsyncConnection, a: said.Nothing, at: datetime) -> None:
    await pausing.resume(conn, crowd.cycles.of(a.of), await crowd.hr(conn, at), at)


async def _cancel(crowd: "Crowd", conn: AsyncConnection, a: said.Nothing, at: datetime) -> None:
    hr = await crowd.hr(conn, at)
    await steering.cancel_cycle(conn, crowd.cycles.of(a.of), a.reason, hr, at)


async def _extend(crowd: "Crowd", conn: AsyncConnection, a: said.Days, at: datetime) -> None:
    task_id = await crowd.task(conn, a.stage, a.about, a.who)
    await task_steering.extend_task(conn, task_id, a.days, await crowd.hr(conn, at), at)


async def _stage(crowd: "Crowd", conn: AsyncConnection, name: str) -> UUID:
    cycle, key = crowd.cycles.named(name)
    return (await load_cycle(conn, cycle)).by_key(key).id


async def _extend_stage(
    crowd: "Crowd", conn: AsyncConnection, a: said.StageDays, at: datetime
) -> None:
    await stage_steering.extend_stage(
        conn,
        crowd.cycles.named(a.stage)[0],
        await _stage(crowd, conn, a.stage),
        a.days,
        await crowd.hr(conn, at),
        at,
        and_after=a.and_after,
    )


async def _close_stage(
    crowd: "Crowd", conn: AsyncConnection, a: said.CloseStage, at: datetime
) -> None:
    stage = await _stage(crowd, conn, a.stage)
    hr = await crowd.hr(conn, at)
    cycle, _ = crowd.cycles.named(a.stage)
    await stage_steering.close_stage(conn, cycle, stage, a.reason, hr, at)


async def _reopen(crowd: "Crowd", conn: AsyncConnection, a: said.Because, at: datetime) -> None:
    task_id = await crowd.task(conn, a.stage, a.about, a.who)
    await task_steering.reopen(conn, task_id, a.reason, await crowd.hr(conn, at), at)


async def _excuse(crowd: "Crowd", conn: AsyncConnection, a: said.Because, at: datetime) -> None:
    task_id = await crowd.task(conn, a.stage, a.about, a.who)
    await task_steering.excuse(conn, task_id, a.reason, await crowd.hr(conn, at), at)


async def _reassign(crowd: "Crowd", conn: AsyncConnection, a: said.To, at: datetime) -> None:
    task_id = await crowd.task(conn, a.stage, a.about, a.who)
    await task_steering.reassign(conn, task_id, crowd.person(a.to), await crowd.hr(conn, at), at)


async def _nudge(crowd: "Crowd", conn: AsyncConnection, a: TaskOf, at: datetime) -> None:
    task_id = await crowd.task(conn, a.stage, a.about, a.who)
    await task_steering.nudge(conn, task_id, await crowd.hr(conn, at), at)


async def _release(crowd: "Crowd", conn: AsyncConnection, a: said.Release, at: datetime) -> None:
    cycle = await load_cycle(conn, crowd.cycles.of(a.of))
    found = await conn.scalar(
        text("SELECT id FROM tasks WHERE stage_id = ANY(:ids) AND desk = :desk LIMIT 1"),
        {"ids": [s.id for s in cycle.releases], "desk": Desk.HR},
    )
    if found is None:
        raise NotFound("there is nothing to release yet")
    hr = await crowd.hr(conn, at)
    await release.release(conn, found, hr, at, departments=a.departments)


async def _add(crowd: "Crowd", conn: AsyncConnection, a: said.Person, at: datetime) -> None:
    hr = await crowd.hr(conn, at)
    cycle = crowd.cycles.of(a.of)
    await participation.add_participant(conn, cycle, crowd.person(a.who), hr, at)


async def _remove(crowd: "Crowd", conn: AsyncConnection, a: said.Person, at: datetime) -> None:
    hr = await crowd.hr(conn, at)
    await participation.remove_participant(
        conn, crowd.cycles.of(a.of), crowd.person(a.who), a.reason, hr, at
    )


async def _manager(crowd: "Crowd", conn: AsyncConnection, a: said.NewManager, at: datetime) -> None:
    await people_events.change_manager(
        conn, crowd.person(a.who), crowd.person(a.to), a.on or crowd.day(at), actor=ENGINE, now=at
    )


async def _back(crowd: "Crowd", conn: AsyncConnection, a: said.Back, at: datetime) -> None:
    person, on = crowd.person(a.who), a.on or crowd.day(at)
    ahead = await absences(conn, [person], on, date.max)
    if not ahead:
        raise NotFound("no leave is recorded from that day on")
    for leave in ahead:
        await people_events.take_leave_back(conn, leave.id, actor=ENGINE, now=at)
        if leave.first_day < on:
            await people_events.record_leave(
                conn,
                person,
                leave.first_day,
                on - timedelta(days=1),
                delegate_id=leave.delegate_id,
                actor=ENGINE,
                now=at,
            )


async def _leaves(crowd: "Crowd", conn: AsyncConnection, a: said.Leaver, at: datetime) -> None:
    await people_events.record_leaving(
        conn, crowd.person(a.who), a.on or crowd.day(at), actor=ENGINE, now=at
    )


async def _joins(crowd: "Crowd", conn: AsyncConnection, a: said.Newcomer, at: datetime) -> None:
    crowd.ids[a.employee_id] = await add_person(
        conn, a.model_dump(exclude_none=True), actor=ENGINE, now=at
    )


async def _mend(crowd: "Crowd", conn: AsyncConnection, a: said.Person, at: datetime) -> None:
    await address_mended(conn, [crowd.person(a.who)], at)


async def _send_on(crowd: "Crowd", conn: AsyncConnection, a: said.LeftDraft, at: datetime) -> None:
    task_id = await crowd.task(conn, a.stage, a.about, None)
    await drafts.send_on_draft(conn, task_id, Actor(crowd.person(a.who), "person"), at)


async def _discard(crowd: "Crowd", conn: AsyncConnection, a: said.LeftDraft, at: datetime) -> None:
    task_id = await crowd.task(conn, a.stage, a.about, None)
    await drafts.discard_draft(conn, task_id, Actor(crowd.person(a.who), "person"), at)


ACTS: Mapping[str, Does] = {
    "submit": _submit,
    "draft": _draft,
    "withdraw": _withdraw,
    "leave": _leave,
    "confirm": _confirm,
    "pause": _pause,
    "resume": _resume,
    "cancel": _cancel,
    "extend": _extend,
    "extend_stage": _extend_stage,
    "close_stage": _close_stage,
    "reopen": _reopen,
    "excuse": _excuse,
    "reassign": _reassign,
    "nudge": _nudge,
    "release": _release,
    "add": _add,
    "remove": _remove,
    "manager": _manager,
    "back": _back,
    "leaves": _leaves,
    "joins": _joins,
    "mend": _mend,
    "send_on": _send_on,
    "discard": _discard,
    "decline": _decline,
    "replace": _replace,
    "review_comments": _review_comments,
}
