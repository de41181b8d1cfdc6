"""Forms: sections of questions (language reference §2, questions)."""

from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt, StringConstraints

from definitions.company import Model, Text
from definitions.identifiers import Identifier

QuestionType = Literal["text", "rating", "choice", "goals", "competencies", "number", "date"]
Reader = Literal["subject", "manager", "hr"]

COMPETENCIES = (
    "Working together",
    "Saying clearly what is needed",
    "Delivering what was agreed",
    "Deciding soundly",
    "Taking responsibility",
    "Learning, and helping others learn",
)
"""What is rated where a question names no competencies of its own."""


class Question(Model):
    """A question of a form. Goals and competencies bring their own text: `ask` may be empty."""

    id: Identifier
    """Used in conditions, outcomes and exports."""

    ask: Annotated[str, StringConstraints(strict=True, strip_whitespace=True)] = ""
    """The question itself."""

    type: QuestionType = "text"
    """How it is answered."""

    required: StrictBool = True
    """Must it be answered?"""

    help: Text | None = None
    """What a good answer looks like."""

    example: Text | None = None
    """An example, folded away."""

    options: tuple[Text, ...] = ()
    """For `choice`: what can be chosen. For `competencies`: what is rated, if not the usual six."""

    explain: StrictBool = False
    """Must a text come with the rating or choice?"""

    when: Text | None = None
    """A condition over `answers` (of this form) and `person`; false: it is not asked."""

    most: Annotated[StrictInt, Field(ge=1, le=20_000)] = 2000
    """The most characters of a text."""

    visible: Reader = "subject"
    """The farthest reader: the subject (after release), the line above and HR, or HR."""

    @property
    def competencies(self) -> tuple[str, ...]:
        """What is rated, one by one, in a question about competencies."""
        if self.type != "competencies":
            return ()
        return self.options or COMPETENCIES


class Section(Model):
    """Questions that belong together."""

    section: Text
    """Its heading."""

    questions: tuple[Question, ...] = Field(min_length=1)
    """In the order in which they are asked."""


Form = tuple[Section, ...]
