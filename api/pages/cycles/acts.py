"""What can be done about a cycle from its pages."""

from uuid import UUID

from api.authentication import Call
from api.pages.cycles.steering_acts import (
    AFTER,
    DAYS,
    LATER,
    PERSON,
    REASON,
    STAGE,
    WHY_ADDED,
    Act,
    Values,
    not_too_long,
    number,
    reason,
    stage_of,
    subject_of,
)
from domain.access import Action
from store.steering import cycle as steering
from store.steering import participation, pausing
from store.steering import stage as stage_steering
from store.steering.cycle import Preview


async def _look_extend(call: Call, cycle_id: UUID, values: Values) -> Preview:
    return await stage_steering.preview_extend_stage(
        call.conn,
        cycle_id,
        stage_of(values),
        number(values, "days"),
        call.now,
        and_after=values.get("after") == "1",
    )


async def _do_extend(call: Call, cycle_id: UUID, values: Values) -> None:
    await stage_steering.extend_stage(
        call.conn,
        cycle_id,
        stage_of(values),
        number(values, "days"),
        call.actor,
        call.now,
        and_after=values.get("after") == "1",
    )


async def _look_end(call: Call, cycle_id: UUID, values: Values) -> Preview:
    return await steering.preview_extend_cycle(
        call.conn, cycle_id, number(values, "days"), call.now
    )


async def _do_end(call: Call, cycle_id: UUID, values: Values) -> None:
    await steering.extend_cycle(call.conn, cycle_id, number(values, "days"), call.actor, call.now)


async def _look_close(call: Call, cycle_id: UUID, values: Values) -> Preview:
    reason(values)
    return await stage_steering.preview_close_stage(call.conn, cycle_id, stage_of(values), call.now)


async def _do_close(call: Call, cycle_id: UUID, values: Values) -> None:
    await stage_steering.close_stage(
        call.conn, cycle_id, stage_of(values), reason(values), call.actor, call.now
    )


async def _look_cancel(call: Call, cycle_id: UUID, values: Values) -> Preview:
    reason(values)
    return await steering.preview_cancel(call.conn, cycle_id, call.now)


async def _do_cancel(call: Call, cycle_id: UUID, values: Values) -> None:
    await steering.cancel_cycle(call.conn, cycle_id, reason(values), call.actor, call.now)


async def _look_add(call: Call, cycle_id: UUID, values: Values) -> Preview:
    person = await subject_of(call, values)
    return await participation.preview_add(call.conn, cycle_id, person, call.now)


async def _do_add(call: Call, cycle_id: UUID, values: Values) -> None:
    person = await subject_of(call, values)
    await participation.add_participant(
        call.conn,
        cycle_id,
        person,
        call.actor,
        call.now,
        reason=not_too_long(values.get("reason", "")),
    )


async def _look_remove(call: Call, cycle_id: UUID, values: Values) -> Preview:
    reason(values)
    person = await subject_of(call, values)
    return await participation.preview_remove(call.conn, cycle_id, person, call.now)


async def _do_remove(call: Call, cycle_id: UUID, values: Values) -> None:
    await participation.remove_participant(
        call.conn, cycle_id, await subject_of(call, values), reason(values), call.actor, call.now
    )


CYCLE_ACTS = {
    act.name: act
    for act in (
        Act(
            "pause",
            "Pause {title}",
            "Pause {n} tasks",
            (),
            lambda call, i, _: pausing.preview_pause(call.conn, i, call.now),
            lambda call, i, _: pausing.pause(call.conn, i, call.actor, call.now),
            Action.STEER_CYCLE,
            count="open",
        ),
        Act(
            "resume",
            "Resume {title}",
            "Resume",
            (),
            lambda call, i, _: pausing.preview_resume(call.conn, i, call.now),
            lambda call, i, _: pausing.resume(call.conn, i, call.actor, call.now),
            Action.STEER_CYCLE,
        ),
        Act(
            "extend_stage",
            "Extend a stage of {title}",
            "Extend {n} tasks",
            (STAGE, DAYS, AFTER),
            _look_extend,
            _do_extend,
            count="open",
        ),
        Act(
            "extend_cycle",
            "Let {title} end later",
            "End {n} working days later",
            (LATER,),
            _look_end,
            _do_end,
            count="days",
        ),
        Act(
            "close_stage",
            "Close a stage of {title}",
            "Close the stage",
            (STAGE, REASON),
            _look_close,
            _do_close,
            confirm="tasks",
            noun="of tasks that expire",
            grave=True,
        ),
        Act(
            "cancel",
            "Cancel {title}",
            "Cancel the cycle",
            (REASON,),
            _look_cancel,
            _do_cancel,
            Action.STEER_CYCLE,
            confirm="tasks",
            noun="of tasks that are cancelled",
            grave=True,
        ),
        Act("add", "Add somebody to {title}", "Add", (PERSON, WHY_ADDED), _look_add, _do_add),
        Act(
            "remove",
            "Take somebody out of {title}",
            "Take out",
            (PERSON, REASON),
            _look_remove,
            _do_remove,
            grave=True,
        ),
    )
}
