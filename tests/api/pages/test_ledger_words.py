"""Whatever is told or done has words of its own: no page shows the name of an event."""

import re
from pathlib import Path

from api.pages.office.ledgers import DID, SAID_ALSO
from api.pages.tasks.explaining import EVENTS
from domain.notifications import Event

ROOT = Path(__file__).parents[3]


def test_every_event_is_put_into_words() -> None:
    assert {event.value for event in Event} - EVENTS.keys() - SAID_ALSO.keys() == set()


def test_every_act_in_the_audit_log_is_put_into_words() -> None:
    acts: set[str] = set()
    for path in (ROOT / "store").rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        acts |= set(re.findall(r'\baction="(\w+)"', source))
    assert "rated" in DID
    assert acts - DID.keys() == set()
