"""The real worker, in another week: `worker_process.py OFFSET_SECONDS`. A process, to be killed."""

import asyncio
import signal
import sys
from datetime import UTC, datetime, timedelta

import worker
from config import load_settings


class ShiftedClock:
    """The host's clock, so much later."""

    def __init__(self, offset: timedelta) -> None:
        self.offset = offset

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset


async def main(seconds: float) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    offset = timedelta(seconds=seconds)
    await worker.run(load_settings(), ShiftedClock(offset), stop, offset=offset)


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1])))
