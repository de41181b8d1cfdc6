"""The full server, a real relay, real workers, and somebody who pulls plugs at seeded moments."""

import asyncio
import random
import signal
from datetime import date, timedelta

import pytest
from sqlalchemy import text

from embedded.smtp_sink import Fault
from store.mail.leases import LEASE
from tests.faults.stack import EUROPE_OPENS, Installation, morning
from tests.waiting import until

pytestmark = pytest.mark.timeout(1800)

DEFINITION = """
definition: pulse
title: Pulse {period}
purpose: To see what holds when everything breaks.
period: this quarter
ladders:
  short:
    remind: [-1, 1]
    escalate:
      - {on: 3, to: manager}
      - {on: 6, to: hr, repeat: 5}
ladder: short
stages:
  - id: self
    due: 3 working days
    closes: 10 working days after due
  - id: manager
    assignee: manager
    due: 5 working days
    closes: 10 working days after due
forms:
  self:
    - section: Now
      questions:
        - {id: how, ask: How is it going}
  manager:
    - section: Now
      questions:
        - {id: what, ask: What do you see}
"""


async def test_a_worker_killed_in_launch_submissions_and_ladder_loses_and_doubles_nothing(
    there: Installation,
) -> None:
    chance = random.Random(20270112)
    there.start_worker()
    await there.launch(DEFINITION)
    await there.kill_at(chance.uniform(1.0, 2.5))
    await there.kill_at(chance.uniform(1.0, 3.0))
    await there.settle()
    [tasks] = await there.rows("SELECT count(*) AS n, count(DISTINCT subject_id) AS s FROM tasks")
    assert (tasks.n, tasks.s) == (106, 106)

    await there.at(EUROPE_OPENS)
    await there.settle()
    tasks_open = await there.open_tasks("self")
    assert len(tasks_open) == 106, "everybody's morning has come"
    answering = [t for t in tasks_open if chance.random() < 0.7]
    killer = asyncio.create_task(there.kill_at(chance.uniform(0.2, 0.8)))
    for task in answering:
        await there.submit(task.id, task.assignee_id)
    await killer
    await there.settle()
    [done] = await there.rows("SELECT count(*) AS n FROM responses")
    assert done.n == len(answering)
    [freed] = await there.rows(
        "SELECT count(*) AS n FROM tasks t JOIN stages s ON s.id = t.stage_id "
        "WHERE s.key = 'manager'"
    )
    assert freed.n == len(answering), "each submission freed one review, once"

    for day in (date(2027, 1, 20), date(2027, 1, 22)):
        await there.at(morning(day))
        await there.kill_at(chance.uniform(1.0, 2.5))
        await there.settle()
    climbed = await there.rows(
        "SELECT rung, count(*) AS n FROM notifications "
        "WHERE state = 'sent' AND rung LIKE 'escalate%' GROUP BY rung ORDER BY rung"
    )
    assert climbed, "the silent ones were escalated"
    await there.sound()


async def test_a_worker_frozen_past_its_time_outs_blocks_nobody_and_doubles_nothing(
    there: Installation,
) -> None:
    frozen = there.start_worker()
    await there.launch(DEFINITION)

    async def begun() -> int:
        [row] = await there.rows("SELECT count(*) AS n FROM tasks")
        return int(row.n)

    await until("the worker to be at it", begun, bool)
    frozen.send_signal(signal.SIGSTOP)
    there.start_worker()
    await there.settle()
    frozen.send_signal(signal.SIGCONT)
    await there.settle()
    [tasks] = await there.rows("SELECT count(*) AS n FROM tasks")
    assert tasks.n == 106
    await there.sound()


async def test_mails_of_a_worker_killed_in_the_hand_over_go_on_when_its_short_lease_is_over(
    there: Installation,
) -> None:
    there.sink.faults.everybody = Fault.STALL
    there.start_worker()
    await there.launch(DEFINITION)

    async def handed_over() -> int:
        [row] = await there.rows(
            "SELECT count(*) AS n FROM mails WHERE handed_over_at IS NOT NULL "
            "AND claimed_by IS NOT NULL"
        )
        return int(row.n)

    await until("a mail to be in the hand-over", handed_over, bool)
    there.kill_workers()
    there.sink.faults.everybody = None
    [held] = await there.rows("SELECT max(claimed_until) AS until FROM mails")
    assert held.until <= there.now() + LEASE, "nobody waits longer for a dead worker"
    there.start_worker()
    await there.settle()
    [left] = await there.rows("SELECT count(*) AS n FROM mails WHERE state = 'sending'")
    assert left.n == 0
    assert there.arrived()
    await there.sound()


async def test_a_relay_that_refuses_for_a_while_gets_every_mail_once_afterwards(
    there: Installation,
) -> None:
    there.sink.faults.everybody = Fault.DEFER
    there.start_worker()
    await there.launch(DEFINITION)
    await there.settle()
    assert there.arrived() == []
    there.sink.faults.everybody = None
    await there.at(there.now() + timedelta(minutes=45))
    await there.settle()
    [sent] = await there.rows("SELECT count(*) AS n FROM mails WHERE state = 'sent'")
    assert len(there.arrived()) == sent.n > 50
    await there.sound()


async def test_people_submit_while_the_engine_is_down_and_it_catches_up(
    there: Installation,
) -> None:
    there.start_worker()
    await there.launch(DEFINITION)
    await there.settle()
    there.stop_engine()
    tasks = (await there.open_tasks("self"))[:20]
    for task in tasks:
        await there.submit(task.id, task.assignee_id)
    [before] = await there.rows("SELECT count(*) AS n FROM responses")
    assert before.n == 20, "nobody waited for the engine"
    there.start_engine()
    await there.settle()
    [freed] = await there.rows(
        "SELECT count(*) AS n FROM tasks t JOIN stages s ON s.id = t.stage_id "
        "WHERE s.key = 'manager'"
    )
    assert freed.n == 20
    await there.sound()


async def test_the_engines_database_deleted_in_mid_cycle_is_rebuilt_from_the_facts(
    there: Installation,
) -> None:
    there.start_worker()
    await there.launch(DEFINITION)
    await there.settle()
    there.kill_workers()
    there.stop_engine()
    for task in (await there.open_tasks("self"))[:20]:
        await there.submit(task.id, task.assignee_id)
    there.start_engine(lose_everything=True)
    await there.at(morning(date(2027, 1, 14)))
    await there.settle()
    [freed] = await there.rows(
        "SELECT count(*) AS n FROM tasks t JOIN stages s ON s.id = t.stage_id "
        "WHERE s.key = 'manager'"
    )
    assert freed.n == 20
    [reminded] = await there.rows(
        "SELECT count(*) AS n FROM notifications WHERE rung = 'remind:-1' AND state = 'sent'"
    )
    assert reminded.n > 40, "the ladder goes on in the new engine"
    await there.sound()


async def test_three_days_of_downtime_over_two_rungs_warn_first_and_keep_the_distance(
    there: Installation,
) -> None:
    there.start_worker()
    await there.launch(DEFINITION)
    await there.settle()
    await there.at(EUROPE_OPENS)
    await there.settle()
    await there.at(morning(date(2027, 1, 14)))
    await there.settle()
    # Down over the reminder of day 1 and the escalation of day 3; back in the evening.
    await there.at(morning(date(2027, 1, 22)))
    await there.settle()
    await there.at(morning(date(2027, 1, 25)))
    await there.settle()
    told = await there.rows(
        "SELECT DISTINCT n.rung FROM notifications n JOIN mails m ON m.id = n.mail_id "
        "WHERE n.state = 'sent' AND n.rung IN ('remind:1', 'escalate:3')"
    )
    assert {r.rung for r in told} == {"remind:1"}, "nobody is escalated unwarned"
    await there.at(morning(date(2027, 1, 28)))
    await there.settle()
    late = await there.rows(
        """
        SELECT w.sent_at AS warned, m.sent_at AS told FROM notifications n
        JOIN mails m ON m.id = n.mail_id
        JOIN notifications x ON x.task_id = n.task_id AND x.rung = 'remind:1'
        JOIN mails w ON w.id = x.mail_id
        WHERE n.rung = 'escalate:3' AND n.event = 'escalation' AND n.state = 'sent'
        """
    )
    assert late, "then the managers are told"
    assert all(row.told - row.warned >= timedelta(days=1.5) for row in late)
    await there.sound()


async def test_one_persons_broken_record_holds_that_person_alone(there: Installation) -> None:
    async with there.database.begin() as conn:
        await conn.execute(
            text(
                "WITH odd AS (INSERT INTO profiles (calendar, zone) VALUES ('us', 'Mars/Olympus') "
                "RETURNING id) UPDATE people SET profile_id = (SELECT id FROM odd) "
                "WHERE employee_id = '104'"
            )
        )
    there.start_worker()
    await there.launch(DEFINITION)
    await there.settle()
    held = await there.rows(
        "SELECT p.employee_id, h.mended_by FROM held_rows h JOIN people p ON p.id = h.person_id "
        "WHERE h.cleared_at IS NULL"
    )
    assert [(h.employee_id, h.mended_by) for h in held] == [("104", "hr")]
    [others] = await there.rows("SELECT count(*) AS n FROM tasks")
    assert others.n == 105
    await there.sound("nobody is held")
