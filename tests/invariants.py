"""What must hold whatever fails, checked by counting rows and mails, not by trusting the code."""

from collections import Counter
from collections.abc import Sequence
from email.message import Message
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


def _midnight(instant: str) -> str:
    """SQL: the company's day begins."""
    zone = "(SELECT content ->> 'zone' FROM company_settings ORDER BY id DESC LIMIT 1)"
    return f"(({instant} AT TIME ZONE {zone})::time = '00:00')"


BROKEN: dict[str, str] = {
    "one live task of each (stage, subject, role, assignee) at a time": """
        SELECT stage_id, subject_id, role, assignee_id FROM tasks
        WHERE state IN ('planned', 'open') GROUP BY 1, 2, 3, 4 HAVING count(*) > 1
    """,
    "nothing is live in a cycle that has ended": """
        SELECT t.id, t.state FROM tasks t JOIN cycles c ON c.id = t.cycle_id
        WHERE c.state IN ('closed', 'cancelled') AND t.state IN ('planned', 'open')
    """,
    "every subject has ended or skipped every stage of a closed cycle": """
        SELECT s.key, p.person_id FROM participants p JOIN cycles c ON c.id = p.cycle_id
        JOIN stages s ON s.cycle_id = c.id AND s.kind <> 'release'
        WHERE c.state = 'closed' AND c.ended_reason = 'through' AND p.state = 'in'
          AND NOT EXISTS (SELECT 1 FROM tasks t
              WHERE t.stage_id = s.id AND t.subject_id = p.person_id)
          AND NOT EXISTS (SELECT 1 FROM skips k
              WHERE k.stage_id = s.id AND k.subject_id = p.person_id)
    """,
    "what was submitted is there, in the revision that the task names": """
        SELECT t.id FROM tasks t LEFT JOIN responses r ON r.task_id = t.id
            AND r.revision = t.revision AND r.withdrawn_at IS NULL
        WHERE t.state = 'done' AND t.ended_reason = 'submitted' AND r.id IS NULL
          AND t.role <> 'rater'
    """,
    "what a rater submitted lies sealed until their round closes": """
        SELECT t.id FROM tasks t JOIN round_seals k USING (stage_id, subject_id)
        LEFT JOIN sealed_answers s ON s.task_id = t.id AND s.submitted
        WHERE t.role = 'rater' AND t.state = 'done' AND s.task_id IS NULL
    """,
    "nothing lies sealed that no seal opens, or beside a report": """
        SELECT t.stage_id, t.subject_id FROM sealed_answers s JOIN tasks t ON t.id = s.task_id
        LEFT JOIN round_seals k USING (stage_id, subject_id) WHERE k.stage_id IS NULL
        UNION ALL SELECT stage_id, subject_id FROM round_seals
        JOIN feedback_reports USING (stage_id, subject_id)
    """,
    "no seal is left of a cycle that has ended": """
        SELECT k.stage_id, k.subject_id FROM round_seals k JOIN stages s ON s.id = k.stage_id
        JOIN cycles c ON c.id = s.cycle_id WHERE c.state IN ('closed', 'cancelled')
    """,
    "raters leave no response, no draft and no revision": """
        SELECT t.id, t.revision FROM tasks t WHERE t.role = 'rater' AND (t.revision <> 0
          OR EXISTS (SELECT FROM responses r WHERE r.task_id = t.id)
          OR EXISTS (SELECT FROM drafts d WHERE d.task_id = t.id))
    """,
    "what raters do is known to the day": f"""
        SELECT t.id, t.ended_at FROM tasks t WHERE t.role = 'rater'
          AND t.ended_reason IN ('submitted', 'declined') AND NOT {_midnight("t.ended_at")}
        UNION ALL
        SELECT t.id, e.at FROM task_events e JOIN tasks t ON t.id = e.task_id
        WHERE t.role = 'rater' AND e.actor_id = t.assignee_id AND NOT {_midnight("e.at")}
        UNION ALL
        SELECT t.id, a.at FROM audit a JOIN tasks t ON a.object_id = t.id::text
        WHERE a.object_type = 'task' AND t.role = 'rater' AND a.actor_id = t.assignee_id
          AND NOT {_midnight("a.at")}
    """,
    "who declines leaves nothing behind": """
        SELECT s.task_id FROM sealed_answers s JOIN tasks t ON t.id = s.task_id
        WHERE t.role <> 'rater' OR t.ended_reason = 'declined'
    """,
    "nobody is asked more often in a round than its load allows": """
        SELECT r.stage_id, r.person_id, count(*) FROM raters r JOIN stages s ON s.id = r.stage_id
        JOIN cycles c ON c.id = s.cycle_id JOIN definition_versions v ON v.id = c.version_id
        CROSS JOIN LATERAL (SELECT coalesce((stage ->> 'load')::int, 7) AS load
            FROM jsonb_array_elements(v.content -> 'stages') AS stage
            WHERE stage ->> 'id' = split_part(s.key, '.', 1)) AS said
        WHERE r.state IN ('asked', 'declined')
          AND r.relationship NOT IN ('self', 'manager', 'reports')
        GROUP BY 1, 2, said.load HAVING count(*) > said.load
    """,
    "who is asked has a request, and nobody else": """
        SELECT r.stage_id, r.subject_id, r.person_id FROM raters r
        JOIN (SELECT stage_id, subject_id FROM round_seals
              UNION SELECT stage_id, subject_id FROM feedback_reports) begun
          USING (stage_id, subject_id)
        WHERE r.state = 'asked' AND NOT EXISTS (SELECT FROM tasks t WHERE t.stage_id = r.stage_id
            AND t.subject_id = r.subject_id AND t.assignee_id = r.person_id)
        UNION ALL
        SELECT t.stage_id, t.subject_id, t.assignee_id FROM tasks t
        WHERE t.role = 'rater' AND NOT EXISTS (SELECT FROM raters r WHERE r.stage_id = t.stage_id
            AND r.subject_id = t.subject_id AND r.person_id = t.assignee_id
            AND r.state <> 'proposed')
    """,
    "one report about each subject whose raters are through, and about nobody else": """
        SELECT t.stage_id, t.subject_id FROM tasks t JOIN cycles c ON c.id = t.cycle_id
        JOIN participants p ON p.cycle_id = c.id AND p.person_id = t.subject_id AND p.state = 'in'
        LEFT JOIN feedback_reports f USING (stage_id, subject_id)
        WHERE t.role = 'rater' AND c.state <> 'cancelled' GROUP BY 1, 2
        HAVING bool_and(t.state NOT IN ('planned', 'open')) <> (count(f.subject_id) > 0)
        UNION ALL
        SELECT stage_id, subject_id FROM feedback_reports f
        WHERE NOT EXISTS (SELECT FROM tasks t WHERE t.role = 'rater'
            AND t.stage_id = f.stage_id AND t.subject_id = f.subject_id)
    """,
    "answers are kept beside their report alone": """
        SELECT a.stage_id, a.subject_id FROM feedback_answers a
        LEFT JOIN feedback_reports f USING (stage_id, subject_id) WHERE f.subject_id IS NULL
    """,
    "nobody but the rater is told of a request, and nobody is escalated about one": """
        SELECT n.id, n.event, n.person_id FROM notifications n JOIN tasks t ON t.id = n.task_id
        WHERE t.role = 'rater' AND (n.person_id <> t.assignee_id
          OR n.event IN ('escalation', 'escalated_notice', 'done_notice', 'extended_notice'))
        UNION ALL
        SELECT n.id, n.event, n.person_id FROM notifications n
        WHERE n.event = 'replacement_wanted' AND n.person_id <> n.subject_id
    """,
    "people from outside are asked for feedback, and for nothing else": """
        SELECT p.id, t.role FROM people p JOIN tasks t ON p.id IN (t.assignee_id, t.subject_id)
        WHERE p.status = 'external' AND (t.role <> 'rater' OR t.subject_id = p.id)
        UNION ALL
        SELECT p.id, i.state FROM people p JOIN participants i ON i.person_id = p.id
        WHERE p.status = 'external'
    """,
    "no revision of an answer is missing": """
        SELECT task_id FROM responses GROUP BY task_id HAVING max(revision) <> count(*)
    """,
    "every ended task says when and why": """
        SELECT id FROM tasks WHERE state NOT IN ('planned', 'open')
          AND (ended_at IS NULL OR ended_reason IS NULL)
    """,
    "nothing is left in the outbox when all cycles have ended": """
        SELECT n.id, n.event, n.state FROM notifications n
        WHERE n.state IN ('queued', 'sending') AND NOT n.ride_along
          AND NOT EXISTS (SELECT 1 FROM cycles WHERE state IN ('open', 'paused'))
    """,
    "whatever was not sent says why": """
        SELECT id FROM notifications WHERE state IN ('suppressed', 'failed') AND reason IS NULL
    """,
    "no reminder or escalation goes out before its instant": """
        SELECT n.id FROM notifications n JOIN mails m ON m.id = n.mail_id
        WHERE m.state = 'sent' AND n.rung IS NOT NULL AND n.state = 'sent' AND m.sent_at < n.at
    """,
    "no reminder or escalation goes out after its task had ended": """
        SELECT n.id, n.event, n.rung, m.sent_at, t.ended_at FROM notifications n
        JOIN mails m ON m.id = n.mail_id JOIN tasks t ON t.id = n.task_id
        WHERE m.state = 'sent' AND n.state = 'sent' AND m.sent_at > t.ended_at
            + CASE t.role WHEN 'rater' THEN interval '1 day' ELSE interval '0' END
          AND n.event IN ('reminder', 'escalation', 'escalated_notice', 'task_opened')
          AND t.due_revision = n.due_revision
    """,
    "each rung reaches each recipient once per due revision": """
        SELECT task_id, due_revision, rung, person_id, event FROM notifications
        WHERE rung IS NOT NULL AND state = 'sent' GROUP BY 1, 2, 3, 4, 5 HAVING count(*) > 1
    """,
    "nobody is escalated about before the assignee was told": """
        SELECT e.id FROM notifications e JOIN mails m ON m.id = e.mail_id
        JOIN tasks t ON t.id = e.task_id
        WHERE e.event = 'escalation' AND e.state = 'sent' AND t.assignee_id IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM notifications w JOIN mails mw ON mw.id = w.mail_id
              WHERE w.task_id = e.task_id AND w.state = 'sent' AND mw.sent_at < m.sent_at
                AND w.person_id = t.assignee_id)
    """,
    "nobody is escalated to about themselves": """
        SELECT n.id FROM notifications n JOIN tasks t ON t.id = n.task_id
        WHERE n.event = 'escalation' AND n.state = 'sent'
          AND (n.person_id = t.subject_id OR n.person_id = t.assignee_id)
    """,
    "one daily mail a person and day": """
        SELECT m.person_id, (m.sent_at AT TIME ZONE r.zone)::date FROM mails m
        JOIN people p ON p.id = m.person_id JOIN profiles r ON r.id = p.profile_id
        WHERE m.kind = 'daily' AND m.state = 'sent' GROUP BY 1, 2 HAVING count(*) > 1
    """,
    "a barrier opened after everybody before it was through": """
        SELECT s.key FROM stages s JOIN tasks t ON t.stage_id = s.id
        WHERE s.kind = 'release' AND EXISTS (
            SELECT 1 FROM stages b JOIN tasks x ON x.stage_id = b.id
            WHERE b.cycle_id = s.cycle_id AND b.position < s.position
              AND x.ended_at > t.begun_at AND x.revision <= 1)
    """,
    "a closed cycle has no open process": """
        SELECT p.id FROM processes p JOIN cycles c ON c.id = p.cycle_id
        WHERE c.state IN ('closed', 'cancelled') AND p.state = 'open'
    """,
    "every open process has an instant, or says what it waits for": """
        SELECT id FROM processes WHERE state = 'open' AND advanced_at IS NOT NULL
          AND armed_until IS NULL AND coalesce(waits_for, '') = ''
    """,
    "no process is failing": "SELECT id, failure FROM processes WHERE failures > 0",
    "nobody is held": "SELECT process_id, person_id, code FROM held_rows WHERE cleared_at IS NULL",
}


async def broken(conn: AsyncConnection, *, allowed: Sequence[str] = ()) -> dict[str, list[Any]]:
    """Every invariant that does not hold, with the first rows that break it.

    `allowed` names invariants that the test itself breaks on purpose (a planted bad row).
    """
    found: dict[str, list[Any]] = {}
    for name, query in BROKEN.items():
        if name in allowed:
            continue
        rows = (await conn.execute(text(f"{query} LIMIT 5"))).all()
        if rows:
            found[name] = [tuple(row) for row in rows]
    return found


async def mails_differ(conn: AsyncConnection, sink: Sequence[Message]) -> list[str]:
    """How the sink and the ledger differ: each mail `sent` is there once, and nothing else is.

    Mails whose answer never came may be there twice, with the same Message-ID.
    """
    seen = Counter(str(message["Message-ID"]) for message in sink)
    rows = (await conn.execute(text("SELECT message_id, state, unanswered FROM mails"))).all()
    ledger = {row.message_id: row for row in rows}
    wrong = [f"{i}: not in the ledger" for i in seen if i not in ledger]
    for identity, row in ledger.items():
        times = seen.get(identity, 0)
        if row.state == "sent" and times == 0:
            wrong.append(f"{identity}: sent, and never arrived")
        if times > 1 and not row.unanswered:
            wrong.append(f"{identity}: arrived {times} times")
        if row.state in ("failed", "suppressed") and times and not row.unanswered:
            wrong.append(f"{identity}: {row.state}, and arrived")
    return wrong
