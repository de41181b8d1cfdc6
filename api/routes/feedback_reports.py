"""The report of a 360 round about somebody, as data."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict

from api.authentication import Call, GuardedRoute, allow
from api.bodies import PersonPath
from api.seen_reports import see_report
from definitions.forms import Reader
from domain.access import Action
from domain.anonymity import Spread, Standing
from domain.relationships import Relationship
from domain.scores import Bound

router = APIRouter(prefix="/api/cycles", route_class=GuardedRoute, tags=["feedback"])

Reads = Annotated[Call, allow(Action.READ_ANSWERS)]
StageName = Annotated[
    str | None,
    Query(
        max_length=100,
        description="The round, as the definition names it. Without it: the last of the cycle.",
    ),
]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class PublishedScore(_Part):
    """A mean with one decimal. `bound` says how to read it: at the ends it is cut off."""

    mean: float
    bound: Bound


class ReportGroup(_Part):
    """A relationship that was asked, and what is said of it. `at_least`: the bar that it passed."""

    relationship: Relationship
    standing: Standing
    at_least: int | None


class ReportGroupScore(_Part):
    """A shown group in one question; nulls: too few answered it to say that."""

    group: Relationship
    score: PublishedScore | None
    spread: Spread | None


class ReportCompetency(_Part):
    """One rated question. `gap`: how much higher the own rating is than the colleagues' score."""

    question: str
    own: float | None
    manager: float | None
    groups: tuple[ReportGroupScore, ...]
    colleagues: PublishedScore | None
    gap: float | None


class ReportOverall(_Part):
    """The mean of a group's scores over all questions; null as group: all shown groups."""

    group: Relationship | None
    score: PublishedScore


class ReportComments(_Part):
    """What one group wrote, or self or the manager. The order means nothing."""

    group: Relationship
    texts: tuple[str, ...]


class ReportTheme(_Part):
    """What was written to one question."""

    question: str
    comments: tuple[ReportComments, ...]


class FeedbackReportItem(_Part):
    """A frozen report, as far as the reader may see it; `read_as` says as whom.

    Questions are named by their ids in the definition; one competency of a question as
    `QUESTION/COMPETENCY`, the texts beside competencies as `QUESTION.why`. There is no count of
    answers in it, and there will be none.
    """

    cycle_id: UUID
    person_id: int
    stage: str
    made_on: date
    read_as: Reader
    groups: tuple[ReportGroup, ...]
    competencies: tuple[ReportCompetency, ...]
    overall: tuple[ReportOverall, ...]
    blind_spots: tuple[str, ...]
    hidden_strengths: tuple[str, ...]
    highest: tuple[str, ...]
    lowest: tuple[str, ...]
    themes: tuple[ReportTheme, ...]


@router.get("/{cycle_id}/feedback/{person_id}")
async def feedback_report(
    call: Reads, response: Response, cycle_id: UUID, person_id: PersonPath, stage: StageName = None
) -> FeedbackReportItem:
    """The 360 report about somebody: for them, who leads them, and HR, each when it is time.

    404 for everybody else, and where there is none: it is the same answer.
    """
    seen = await see_report(call, cycle_id, person_id, stage=stage)
    response.headers["Cache-Control"] = "private, no-store"
    about = seen.standing.about
    return FeedbackReportItem.model_validate(
        {
            **seen.content,
            "cycle_id": about.cycle_id,
            "person_id": about.subject_id,
            "stage": about.stage,
            "made_on": about.made_on,
            "read_as": seen.standing.read_as,
        }
    )
