"""One estimate for mails and pages."""

from definitions import shipped
from definitions.effort import minutes_of
from definitions.unfolding import unfold


def test_a_long_form_takes_longer_than_a_short_one_and_nothing_takes_less_than_five() -> None:
    annual = shipped.definition("annual").definition
    assert minutes_of(annual, annual.stage("self")) == 25
    assert minutes_of(annual, annual.stage("manager")) == 25
    assert minutes_of(annual, annual.stage("acknowledgement")) == 5


def test_a_step_of_a_round_takes_as_long_on_pages_as_in_mails() -> None:
    written = shipped.definition("feedback").definition
    pages = unfold(written)
    for step, minutes in (("nominate", 10), ("approve", 5), ("collect", 15)):
        in_mails = minutes_of(written, written.stage("feedback"), step)
        assert in_mails == minutes_of(pages, pages.stage(f"feedback.{step}")) == minutes
