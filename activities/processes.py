"""What a turn of each kind of process is: the registry that the engine's activities are made of."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from activities.cycles import advance_cycle
from activities.kinds.feedback_round import Phase as RoundPhase
from activities.kinds.feedback_round import advance_round
from activities.launches import advance_launch_calendar
from activities.stages import advance_stage
from activities.turn import Turn, unwatched
from domain.processes.feedback_round import FEEDBACK_ROUND
from domain.processes.kind import Phase, ProcessKind
from domain.processes.launch_calendar import LAUNCH_CALENDAR
from domain.processes.mail import MAIL
from domain.processes.mail_helper import MAIL_HELPER
from domain.processes.registry import PROCESSES
from domain.processes.review_cycle import REVIEW_CYCLE
from domain.processes.stage import STAGE
from domain.progress import Progress
from store.base.session import Database
from store.engine.processes import ProcessRow, open_processes

MailTurn = Callable[[Turn, datetime], Awaitable[Progress]]
CalendarTurn = Callable[[Turn, datetime], Awaitable[Progress]]


async def _no_mail(turn: Turn, as_of: datetime) -> Progress:
    raise ValueError("nobody was given to send mail")


async def _asleep(turn: Turn, as_of: datetime) -> Progress:
    """Where one sender is enough, the second has nothing to do."""
    return Progress(waits_for="more-mail")


@dataclass(frozen=True, slots=True)
class Tools:
    """What turns need beside the facts. A rehearsal brings its own."""

    mail: MailTurn = _no_mail
    mail_helper: MailTurn = _asleep
    calendar: CalendarTurn = advance_launch_calendar


Work = Callable[[Tools, Turn, ProcessRow, Phase, datetime], Awaitable[Progress]]
"""One turn of a process, in one of its phases, as of an instant (UTC). Idempotent."""


async def _cycle(
    _: Tools, turn: Turn, process: ProcessRow, phase: Phase, as_of: datetime
) -> Progress:
    return await advance_cycle(turn, required(process.cycle_id), as_of)


async def _stage(
    _: Tools, turn: Turn, process: ProcessRow, phase: Phase, as_of: datetime
) -> Progress:
    return await advance_stage(turn, required(process.cycle_id), required(process.stage_id), as_of)


async def _round(
    _: Tools, turn: Turn, process: ProcessRow, phase: Phase, as_of: datetime
) -> Progress:
    cycle_id, stage_id = required(process.cycle_id), required(process.stage_id)
    return await advance_round(turn, cycle_id, stage_id, RoundPhase(phase.name), as_of)


async def _mail(
    tools: Tools, turn: Turn, process: ProcessRow, phase: Phase, as_of: datetime
) -> Progress:
    return await tools.mail(turn, as_of)


async def _mail_helper(
    tools: Tools, turn: Turn, process: ProcessRow, phase: Phase, as_of: datetime
) -> Progress:
    return await tools.mail_helper(turn, as_of)


async def _calendar(
    tools: Tools, turn: Turn, process: ProcessRow, phase: Phase, as_of: datetime
) -> Progress:
    return await tools.calendar(turn, as_of)


WORK: Mapping[str, Work] = {
    REVIEW_CYCLE.code: _cycle,
    STAGE.code: _stage,
    FEEDBACK_ROUND.code: _round,
    LAUNCH_CALENDAR.code: _calendar,
    MAIL.code: _mail,
    MAIL_HELPER.code: _mail_helper,
}
"""By the code of the kind. A new kind of process adds its line."""


async def look(tools: Tools, database: Database, process: ProcessRow, as_of: datetime) -> Progress:
    """Let a process do all that is due, without an engine: as often as it wants, phase by phase.

    A phase that is over is passed, as in its workflow. Idempotent.
    """
    progress = Progress(closed=True)
    for phase in process.kind.phases:
        progress = await WORK[process.kind.code](tools, unwatched(database), process, phase, as_of)
        while progress.again:
            turn = unwatched(database)
            progress = await WORK[process.kind.code](tools, turn, process, phase, as_of)
        if not progress.closed:
            break
    return progress


async def advance_cycles(
    database: Database, as_of: datetime, *, only: UUID | None = None
) -> list[Progress]:
    """Let all open processes of cycles look once, without an engine: those that begin others first.

    For what lives through time without waiting: the demo, benches, tests. `only` is one cycle.
    Idempotent.
    """
    tools = Tools()
    answers: list[Progress] = []
    for kind in _of_cycles():
        async with database.begin() as conn:
            processes = await open_processes(conn, kind, only)
        answers += [await look(tools, database, process, as_of) for process in processes]
    return answers


def _of_cycles() -> list[ProcessKind]:
    return [kind for kind in PROCESSES.values() if not kind.single]


def required(value: UUID | None) -> UUID:
    """What a process of this kind always has. Raises ValueError if it has not."""
    if value is None:
        raise ValueError("the process has no cycle or stage")
    return value
