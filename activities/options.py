"""How activities are called: every time-out and retry in one place.

`advance` is called for ever until it succeeds: whatever it could not do is still in the rows. A
worker that died is noticed by its missing heartbeat, not by the long time-out.
"""

from datetime import timedelta

from temporalio.common import RetryPolicy

ADVANCE_TIMEOUT = timedelta(minutes=10)
HEARTBEAT_TIMEOUT = timedelta(seconds=15)
RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(minutes=1),
)
RETRY_SOON = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(seconds=8),
)
"""Of what hurries: after workers that died one after the other, mail goes on all the same."""

TURN = timedelta(seconds=20)
"""After so long a turn of `advance` ends and asks to be called again at once."""
BEAT = timedelta(seconds=4)
"""Between two signs of life of a turn that goes on."""

STILL = timedelta(seconds=40)
"""A turn in which no statement has ended for so long hangs: it is given up and tried again."""

BRIEF = timedelta(seconds=8)
"""So long it is tried to write down why a turn failed; the engine knows it all the same."""
