"""What counts as a task of a cycle: one rule for every figure on pages, in the API and in mails.

Counted is what somebody is asked, or will be asked if nobody joins or leaves: what is done, open,
late or expired, and what is still to come. A task is to come as soon as its person takes part,
before its stage opens: so the whole of a cycle is the same from the launch on. Not counted: what
was excused or cancelled, and everything that raters do (`store.access.visible`).
"""

from typing import Any

from domain.counts import FIELDS, Counts
from store.access.visible import COUNTED
from store.base.stage_kinds import FOR_ALL, PRIVATE
from store.cycles.readiness import NOT_VOID

STATUS = """
  CASE WHEN t.state = 'planned' THEN 'to_come' WHEN t.state <> 'open' THEN t.state
    WHEN t.due_at < :now THEN 'late' ELSE 'in_time' END"""
"""Of `tasks t`: where it stands at `:now`."""


def counts_of(row: Any) -> Counts:
    """Read the columns of `SUMS`."""
    return Counts(*(getattr(row, name) or 0 for name in FIELDS))


SUMS = ", ".join(f"count(*) FILTER (WHERE k.status = '{name}') AS {name}" for name in FIELDS)
"""Columns over the rows `k` of `tasks_of`."""

_PROMISED = """
  greatest(coalesce(CAST(c.plan #>> ARRAY['stages', s.key, 'due'] AS date),
    CAST(coalesce(p.first_plan, p.plan) #>> ARRAY['stages', s.key, 'due'] AS date), {due}),
    CASE WHEN p.late THEN p.entered_on END)"""
# The plan as it was frozen at the launch: neither an extension nor a late opening moves it. Who
# entered later was promised nothing before that day.

_HIDDEN = "ALL(CAST(:hidden AS bigint[]))"


def tasks_of(cycles: str) -> str:
    """SQL of the tasks of some cycles, a row each, whether they count or not.

    `cycles` is SQL for the ids. Columns: cycle_id, stage_id, stage (its title), position,
    subject_id, department (that on entering; none for what is about nobody), status, due_on (none
    before the task is made), promised_on (the day on which it was to be done when the cycle was
    launched), ended_at, seen_at. The parameters are `now` and `hidden`
    (`store.access.facts.hidden_cases`).
    """
    columns = "s.cycle_id, s.id AS stage_id, s.title AS stage, s.position"
    return f"""
      SELECT {columns}, t.subject_id, p.department, {STATUS} AS status, t.due_on,
        {_PROMISED.format(due="t.due_on")} AS promised_on, t.ended_at, t.seen_at
      FROM tasks t JOIN stages s ON s.id = t.stage_id AND {COUNTED}
      JOIN cycles c ON c.id = t.cycle_id
      LEFT JOIN participants p ON p.cycle_id = t.cycle_id AND p.person_id = t.subject_id
      WHERE t.cycle_id IN ({cycles})
      UNION ALL
      SELECT {columns}, p.person_id, p.department, 'to_come', CAST(NULL AS date),
        {_PROMISED.format(due="s.planned_due_on")}, NULL, NULL
      FROM stages s JOIN cycles c ON c.id = s.cycle_id AND c.state IN ('open', 'paused')
      JOIN participants p ON p.cycle_id = c.id AND p.state = 'in' AND p.person_id <> {_HIDDEN}
      WHERE c.id IN ({cycles}) AND s.state <> 'closed' AND s.kind NOT IN {PRIVATE}
        AND s.kind NOT IN {FOR_ALL}
        AND NOT EXISTS (SELECT FROM tasks t WHERE t.stage_id = s.id
          AND t.subject_id = p.person_id AND {NOT_VOID})
        AND NOT EXISTS (SELECT FROM skips k WHERE k.stage_id = s.id
          AND k.subject_id = p.person_id)
      UNION ALL
      SELECT {columns}, NULL, NULL, 'to_come', NULL,
        coalesce(CAST(c.plan #>> ARRAY['stages', s.key, 'due'] AS date), s.planned_due_on),
        NULL, NULL
      FROM stages s JOIN cycles c ON c.id = s.cycle_id AND c.state IN ('open', 'paused')
      WHERE c.id IN ({cycles}) AND s.state <> 'closed' AND s.kind IN {FOR_ALL}
        AND NOT EXISTS (SELECT FROM tasks t WHERE t.stage_id = s.id)"""
