"""What pages say of tasks is what will happen."""

from datetime import date

from api.pages.tasks.words import NOMINATE, About, seen_by, verb, verb_of

TODAY = date(2027, 2, 8)
RELEASE = date(2027, 2, 16)
REVIEW = About("form", "manager", "Manager review", "David Williams", "David")


def _seen(*, meets: bool) -> str:
    return seen_by(
        REVIEW,
        hr_reads=True,
        releases=True,
        meets=meets,
        releases_on=RELEASE,
        released=False,
        result_open=False,
        today=TODAY,
    )


def test_the_planned_day_is_that_of_the_release_and_not_of_the_talk_that_opens_the_result() -> None:
    assert _seen(meets=True) == (
        "David sees it once results are released and you have talked; "
        "the release is planned for Tue 16 Feb."
    )
    assert _seen(meets=False) == "David sees it when results are released, planned for Tue 16 Feb."


def test_choosing_raters_has_one_name_for_oneself_and_for_others() -> None:
    own = About("nominate", "subject", "360 feedback: whom to ask", "David Williams", "David")
    others = About("nominate", "manager", "360 feedback: whom to ask", "David Williams", "David")
    said = {verb(own), verb(others), verb_of(own)}
    assert said == {NOMINATE} == {"Choose who is asked for feedback"}
