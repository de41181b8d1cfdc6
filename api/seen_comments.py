"""Comments of a 360 report through the eyes of whoever reviews them first."""

from uuid import UUID

from api.authentication import Call
from definitions.answers import WHY
from domain.errors import NotFound
from store.access.facts import hidden_cases
from store.cycles.facts import load_cycle
from store.kinds.feedback_round.reviewing import WaitingReport, waiting_reports


async def reports_to_review(call: Call) -> list[WaitingReport]:
    """Reports that wait for a reviewer: none about the reader, or about anybody above them."""
    return await waiting_reports(call.conn, hidden=hidden_cases(await call.reader()))


async def report_to_review(call: Call, round_id: UUID, person_id: int) -> WaitingReport:
    """The one about this person. Raises NotFound if none waits, or it is not theirs to review."""
    found = await waiting_reports(
        call.conn,
        hidden=hidden_cases(await call.reader()),
        round_id=round_id,
        subject_id=person_id,
    )
    if not found:
        raise NotFound(f"No report of {person_id} in {round_id} waits for a reviewer.")
    return found[0]


async def questions_of(call: Call, report: WaitingReport) -> dict[str, str]:
    """What was asked, by the id under which comments stand, in the order of the form."""
    cycle = await load_cycle(call.conn, report.cycle_id)
    form = cycle.definition.forms[cycle.stages[report.round_id].spec.form or ""]
    asked: dict[str, str] = {}
    for section in form:
        for question in section.questions:
            words = question.ask or section.section
            asked[question.id] = words
            asked[question.id + WHY] = f"{words} Why?"
    return asked
