"""What every decision about a cycle leans on: its row, its pinned definition, its calendars.

The definition and the frozen calendars never change, so they are kept in memory by cycle. The
rows are read anew in each transaction, after the lock.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions.calendar import Calendars, PersonTime
from definitions.models import Definition, Ladder
from definitions.models import Stage as StageSpec
from definitions.timeline import Anchors, Period, Plan, StagePlan
from definitions.unfolding import running
from domain.errors import NotFound
from domain.ids import ProcessId
from domain.kinds.traits import Traits
from domain.processes.kind import ProcessKind
from domain.processes.registry import PROCESSES
from domain.processes.review_cycle import REVIEW_CYCLE
from domain.states import CycleState, StageState

Lock = Literal["share", "update"]


@dataclass(frozen=True, slots=True)
class StageFacts:
    """A stage's row together with what the definition says of it."""

    id: UUID
    key: str
    round: UUID | None
    """The stage that collects in the round whose step this is."""
    position: int
    spec: StageSpec
    ladder: Ladder
    state: StageState
    planned: StagePlan | None
    extended_by: int
    opened_at: datetime | None
    closed_at: datetime | None
    predecessors: tuple[UUID, ...]
    successors: tuple[UUID, ...]

    @property
    def traits(self) -> Traits:
        """What sets its kind apart."""
        return self.spec.traits

    @property
    def process(self) -> ProcessId:
        """Who looks after it: a workflow of its own, or that of the round whose step it is."""
        return self.process_kind.id_of(self.round or self.id)

    @property
    def process_kind(self) -> ProcessKind:
        """What kind of process that is."""
        return PROCESSES[self.traits.process]

    @property
    def barrier(self) -> bool:
        """Does it wait until its predecessors are closed for everybody?"""
        return self.spec.per == "cycle" and bool(self.predecessors)


@dataclass(frozen=True, slots=True)
class CycleFacts:
    """A cycle as it stood when its row was read (and locked, if a lock was asked for)."""

    id: UUID
    state: CycleState
    title: str
    launched_by: str
    launch_on: date
    opened_at: datetime | None
    ends_at: datetime | None
    closed_at: datetime | None
    participants: int
    definition: Definition
    calendars: Calendars
    plan: Plan | None
    period: Period
    stages: Mapping[UUID, StageFacts]

    @property
    def process(self) -> ProcessId:
        """The process that walks its stages."""
        return REVIEW_CYCLE.id_of(self.id)

    @property
    def rolling(self) -> bool:
        """Does each person have a plan of their own, counted from the hire date?"""
        return self.launched_by == "rolling"

    @property
    def company(self) -> PersonTime:
        """The company's own calendar, as it was frozen at launch."""
        return self.calendars.company()

    @property
    def moving(self) -> bool:
        """Is the engine to do anything in it?"""
        return self.state is CycleState.OPEN

    def by_key(self, key: str) -> StageFacts:
        """The stage with this id in the definition."""
        for stage in self.stages.values():
            if stage.key == key:
                return stage
        raise NotFound(f"the cycle {self.id} has no stage {key!r}")

    @property
    def releases(self) -> tuple[StageFacts, ...]:
        """The stages that release results, in order."""
        return tuple(s for s in self.stages.values() if s.traits.opens_results)

    @property
    def conversations(self) -> tuple[StageFacts, ...]:
        """The stages in which people talk, in order."""
        return tuple(s for s in self.stages.values() if s.traits.held)

    @property
    def asks_raters(self) -> bool:
        """Are raters asked? The definition is as it runs: a round stands there in its steps."""
        return any(s.traits.private for s in self.stages.values())

    def anchors(self, hire_date: date | None = None) -> Anchors:
        """What relative instants of the definition are counted from."""
        return Anchors(launch=self.launch_on, period=self.period, hire_date=hire_date)

    def later_than(self, stage: StageFacts) -> tuple[StageFacts, ...]:
        """All stages that wait, directly or not, for this one."""
        reached = {stage.id}
        later: list[StageFacts] = []
        for other in self.stages.values():
            if reached & set(other.predecessors):
                reached.add(other.id)
                later.append(other)
        return tuple(later)


class _Frozen:
    """Definitions and calendars by cycle: immutable, so a small memory of them is safe."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[UUID, tuple[Definition, Calendars]] = OrderedDict()

    def get(self, cycle_id: UUID) -> tuple[Definition, Calendars] | None:
        found = self._kept.get(cycle_id)
        if found is not None:
            self._kept.move_to_end(cycle_id)
        return found

    def drop(self, cycle_id: UUID) -> None:
        self._kept.pop(cycle_id, None)

    def put(self, cycle_id: UUID, definition: Definition, calendars: Calendars) -> None:
        self._kept[cycle_id] = (definition, calendars)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)


_frozen = _Frozen(most=64)


def forget(cycle_id: UUID) -> None:
    """Drop what is remembered of a cycle that was opened in a transaction which is taken back."""
    _frozen.drop(cycle_id)


_COLUMNS = (
    "c.id, c.state, c.title, c.launched_by, c.launch_on, c.opened_at, c.ends_at, c.closed_at, "
    "c.participants, c.plan, c.period"
)


async def load_cycle(
    conn: AsyncConnection, cycle_id: UUID, *, lock: Lock | None = None
) -> CycleFacts:
    """Read a launched cycle. `share` is what every effect takes, `update` is for steering.

    Raises NotFound if there is no such cycle, or it has not been launched.
    """
    locking = {None: "", "share": "FOR SHARE OF c", "update": "FOR UPDATE OF c"}[lock]
    row = (
        await conn.execute(
            text(f"SELECT {_COLUMNS} FROM cycles c WHERE c.id = :id {locking}"), {"id": cycle_id}
        )
    ).one_or_none()
    if row is None:
        raise NotFound(f"there is no cycle {cycle_id}")
    pinned = await _pinned(conn, [cycle_id])
    if cycle_id not in pinned:
        raise NotFound(f"the cycle {cycle_id} has not been launched")
    stages = await conn.execute(
        text("SELECT * FROM stages WHERE cycle_id = :id ORDER BY position"), {"id": cycle_id}
    )
    return _facts(row, *pinned[cycle_id], stages.all())


async def load_cycles(conn: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, CycleFacts]:
    """Read many launched cycles at once, without locks; those that are not launched are left out.

    Three statements at most, however many cycles.
    """
    if not ids:
        return {}
    values = {"ids": list(ids)}
    rows = await conn.execute(
        text(f"SELECT {_COLUMNS} FROM cycles c WHERE c.id = ANY(CAST(:ids AS uuid[]))"), values
    )
    pinned = await _pinned(conn, ids)
    stages: defaultdict[UUID, list[Row[Any]]] = defaultdict(list)
    for stage in await conn.execute(
        text("SELECT * FROM stages WHERE cycle_id = ANY(CAST(:ids AS uuid[])) ORDER BY position"),
        values,
    ):
        stages[stage.cycle_id].append(stage)
    return {
        row.id: _facts(row, *pinned[row.id], stages[row.id]) for row in rows if row.id in pinned
    }


def _facts(
    row: Row[Any], definition: Definition, calendars: Calendars, stages: Sequence[Row[Any]]
) -> CycleFacts:
    return CycleFacts(
        id=row.id,
        state=CycleState(row.state),
        title=row.title,
        launched_by=row.launched_by,
        launch_on=row.launch_on,
        opened_at=row.opened_at,
        ends_at=row.ends_at,
        closed_at=row.closed_at,
        participants=row.participants,
        definition=definition,
        calendars=calendars,
        plan=Plan.model_validate(row.plan) if row.plan else None,
        period=Period.model_validate(row.period),
        stages=_stages(definition, stages),
    )


async def _pinned(
    conn: AsyncConnection, ids: Sequence[UUID]
) -> dict[UUID, tuple[Definition, Calendars]]:
    """Definition and calendars of each of these cycles that was launched."""
    kept = {one: _frozen.get(one) for one in ids}
    found = {one: pair for one, pair in kept.items() if pair is not None}
    wanted = [one for one in ids if one not in found]
    if wanted:
        rows = await conn.execute(
            text(
                "SELECT c.id, v.content, c.calendars FROM cycles c "
                "JOIN definition_versions v ON v.id = c.version_id "
                "WHERE c.id = ANY(CAST(:ids AS uuid[]))"
            ),
            {"ids": wanted},
        )
        for row in rows:
            if row.calendars is not None:
                found[row.id] = running(row.content), Calendars.model_validate(row.calendars)
                _frozen.put(row.id, *found[row.id])
    return found


def _stages(definition: Definition, listed: Sequence[Row[Any]]) -> dict[UUID, StageFacts]:
    ids = {row.key: row.id for row in listed}
    waits = {row.key: definition.stage(row.key).after for row in listed}
    return {
        row.id: StageFacts(
            id=row.id,
            key=row.key,
            round=_round(row.key, ids),
            position=row.position,
            spec=definition.stage(row.key),
            ladder=definition.ladder_of(definition.stage(row.key)),
            state=StageState(row.state),
            planned=None
            if row.planned_opens_on is None
            else StagePlan(
                opens=row.planned_opens_on, due=row.planned_due_on, closes=row.planned_closes_on
            ),
            extended_by=row.extended_by,
            opened_at=row.opened_at,
            closed_at=row.closed_at,
            predecessors=tuple(ids[key] for key in waits[row.key]),
            successors=tuple(ids[key] for key, after in waits.items() if row.key in after),
        )
        for row in listed
    }


def _round(key: str, ids: Mapping[str, UUID]) -> UUID | None:
    """The steps of a round, `feedback.nominate` and so on, belong together."""
    name, is_step, _ = key.rpartition(".")
    return ids[f"{name}.collect"] if is_step else None
