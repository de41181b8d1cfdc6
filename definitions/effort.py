"""About how long a task takes, said the same in mails and on pages."""

from collections.abc import Mapping

from definitions.models import Definition, Stage
from domain.kinds.registry import TRAITS

MINUTES: Mapping[str, int] = {
    "text": 5,
    "rating": 2,
    "choice": 1,
    "goals": 5,
    "competencies": 5,
    "number": 1,
    "date": 1,
}
"""How long a question takes; the reason that must come with an answer, two minutes more."""

EXPLAINED = 2


def minutes_of(definition: Definition, stage: Stage, step: str | None = None) -> int:
    """Minutes, in fives, at least five. Optional questions count: most people answer them.

    `step`: which step of a round it is, where the definition is as HR wrote it; an unfolded one
    has it as the stage's kind (`definitions.unfolding`).
    """
    known = TRAITS[step or stage.kind].minutes
    if known is not None:
        return known
    questions = [q for section in definition.form_of(stage) for q in section.questions]
    total = sum(MINUTES[q.type] + (EXPLAINED if q.explain else 0) for q in questions)
    return max(5, 5 * round(total / 5))
