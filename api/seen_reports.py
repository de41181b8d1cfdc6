"""A 360 report through the eyes of a reader: whoever may not read it finds nothing at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from api.authentication import Call
from definitions.models import Definition, Form
from domain.errors import NotFound
from store.cycles.facts import load_cycle
from store.kinds.feedback_round.report_access import ReportStanding, report_standing
from store.kinds.feedback_round.reports import read_report
from store.views.reviews import ReviewRow, review_row

NOTHING = "There is no feedback report here that you can read."
"""What everybody is told who may not read, whatever is there."""


@dataclass(frozen=True, slots=True)
class SeenReport:
    """A report that the reader may read. `content` as `FeedbackReport.as_json`."""

    standing: ReportStanding
    content: Mapping[str, Any]
    definition: Definition
    form: Form
    row: ReviewRow


async def see_report(
    call: Call, cycle_id: UUID, person_id: int, *, stage: str | None = None
) -> SeenReport:
    """The report about somebody, cut to what the reader may see of it.

    `stage`: the round as the definition names it; else the last one of the cycle. Raises NotFound
    for all others, with the same words and after the same statements, whatever there is.
    """
    standing = await report_standing(
        call.conn, await call.reader(), cycle_id, person_id, call.now, stage=stage
    )
    if standing is None or standing.read_as is None:
        raise NotFound(NOTHING)
    return await read_standing(call, standing)


async def read_standing(call: Call, standing: ReportStanding) -> SeenReport:
    """The report of a standing that says who reads it. Raises NotFound if nobody does."""
    about = standing.about
    row = await review_row(call.conn, about.cycle_id, about.subject_id)
    report = None
    if standing.read_as is not None:
        report = await read_report(call.conn, about.round_id, about.subject_id, standing.read_as)
    if row is None or report is None or report.content is None:
        raise NotFound(NOTHING)
    facts = await load_cycle(call.conn, about.cycle_id)
    form = facts.definition.forms[facts.stages[about.round_id].spec.form or ""]
    return SeenReport(standing, report.content, facts.definition, form, row)
