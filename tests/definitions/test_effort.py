"""One estimate for mails and pages."""

from definitions import shipped
from definitions.effort import minutes_of


def test_a_long_form_takes_longer_than_a_short_one_and_nothing_takes_less_than_five() -> None:
    annual = shipped.definition("annual").definition
    assert minutes_of(annual, annual.stage("self")) == 25
    assert minutes_of(annual, annual.stage("manager")) == 25
    assert minutes_of(annual, annual.stage("acknowledgement")) == 5
