"""What sets the kinds of stages apart, as far as other code must know it."""

from dataclasses import dataclass
from typing import Literal

FormOf = Literal["stage", "feedback"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """One kind. What is not said is so for most kinds: a task for each person, with a form or none.

    Steps are what a written kind becomes when it runs; nobody writes them.
    """

    name: str
    holders: tuple[str, ...]
    """Who may hold its tasks; the first does if nothing is written."""

    step: bool = False
    """A step of another kind: it stands in no file."""

    runs: bool = True
    """Can this release run it? Otherwise it is read, and refused at publishing."""

    process: str = "stage"
    """The kind of process that looks after it (`domain.processes`)."""

    form: FormOf | None = None
    """The form that it asks where none is named: of the stage's own name, or `feedback`."""

    needs_form: bool = False
    """Is it nothing without questions?"""

    per_cycle: bool = False
    """Does it open for everybody at once, unless something else is written?"""

    for_all: bool = False
    """One task for the whole cycle, about nobody in particular."""

    private: bool = False
    """Who is through with it is nobody's business before it has closed: no count, no list, no
    escalation, and what is written lies sealed."""

    many_answers: bool = False
    """Several people answer the same questions about somebody: nobody's answer is a rating."""

    chooses: bool = False
    """Its work is a list of people who are to be asked, not answers to a form."""

    held: bool = False
    """A conversation: it takes place on a day, and opens the result to the subject."""

    opens_results: bool = False
    """When it is done, managers and, without a conversation, subjects may read results."""

    on_record: bool = False
    """Its answer is one of three words with a comment, for the record."""

    personal: bool = False
    """Nobody but the holder can do it: not a delegate, not somebody else."""

    holder_may_be_missing: bool = False
    """It goes on without a holder: silence is an answer."""

    compares: bool = False
    """Ratings are compared across teams in it."""

    gives_rating: bool = False
    """It is itself a source of the final rating, without a question being named."""

    grows: bool = False
    """It is written over days, so that it matters how far a draft is; never where it is sealed."""

    minutes: int | None = None
    """How long a task takes, where no questions tell it."""

    def form_name(self, stage_id: str) -> str:
        """The name of the form that a stage of this kind asks where it names none."""
        return stage_id if self.form == "stage" else "feedback"
