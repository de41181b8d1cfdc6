"""Which tasks a member of a desk sees and counts: one rule for lists, counts and ledgers.

Lists, and every number made of the same tasks, leave out the same ones. Else the difference of two
numbers would tell how far a hidden case is.
"""

from domain.processes.registry import PROCESSES
from store.base.stage_kinds import PRIVATE

NOT_OWN_CASE = "(t.subject_id IS NULL OR t.subject_id <> ALL(CAST(:hidden AS bigint[])))"
"""Of `tasks t`: not the reader's own case, nor one of their own manager line (language reference
§4). `hidden` comes from `store.access.facts.hidden_cases`."""

REQUEST = (
    "t.role = 'rater' AND EXISTS (SELECT FROM stages x WHERE x.id = t.stage_id "
    "AND x.state <> 'closed')"
)
"""Of `tasks t`: what a rater has to do while their round is open. Numbers that cannot do without it
count all of these, whatever their state: else they would tell who has answered."""

PRIVATE_PROCESS = "p.kind IN ({})".format(
    ", ".join(f"'{kind.code}'" for kind in PROCESSES.values() if kind.private)
)
"""Of `processes p`: what rings at it, raters ring. When that was is seen to the day."""

BELLS = f"(SELECT count(*) FROM bells b WHERE b.process_id = p.id AND NOT {PRIVATE_PROCESS})"
"""Of `processes p`: how many bells wait, where that may be counted."""

ADVANCED = (
    f"CASE WHEN {PRIVATE_PROCESS} THEN date_trunc('day', p.advanced_at, 'UTC') "
    "ELSE p.advanced_at END"
)
"""Of `processes p`: when it last looked at the facts."""

TOLD = "NOT EXISTS (SELECT FROM tasks t WHERE t.id = n.task_id AND t.role = 'rater')"
"""Of `notifications n`: what may be counted. A reminder falls away with the answer."""

COUNTED = f"s.kind NOT IN {PRIVATE} AND {NOT_OWN_CASE}"
"""Of `tasks t` in `stages s`: what may be shown in a list or a number. What raters do counts
nowhere, also when their round is over: how many answered is published nowhere."""

COMPANY = "NOT EXISTS (SELECT FROM people o WHERE o.id = n.person_id AND o.status = 'external')"
"""Of `notifications n`: not what somebody outside was told, links to sign in included. It would
name who is asked for feedback, and tell when they come."""
