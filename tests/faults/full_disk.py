"""Fill the disk of the data folder to its last byte while people submit, and make room again.

    .venv/bin/python -m tests.faults.full_disk FOLDER

FOLDER lies on a small disk of its own, such as a tmpfs of 900 MB: it is filled. Exit code 1 on any
breach. Like the driver no part of `make test`: a test may not fill a disk that others use.
"""

import argparse
import asyncio
import random
import shutil
import sys
from pathlib import Path
from typing import Any

from httpx2 import Client, HTTPError

from store.base.session import Database
from tests.faults.crowd import FULL, Crowd
from tests.faults.driver import addresses, find_work, launch
from tests.faults.user_stack import Unwell, UserStack
from tests.faults.verdict import Verdict, judge, settle
from tests.waiting import until_now

BLOCK = 1_000_000
LARGEST = 2_000_000_000
"""Bytes that may be free: the disk of a laptop is not filled by mistake."""


def fill(file: Path) -> None:
    """Write until not one more byte fits."""
    size = BLOCK
    with file.open("ab", buffering=0) as out:
        while size:
            try:
                out.write(b"\0" * size)
            except OSError:
                size //= 2


def ready(stack: UserStack) -> dict[str, Any]:
    """What /readyz says; empty while the pages do not answer."""
    try:
        with Client(timeout=30) as client:
            said: dict[str, Any] = client.get(f"{stack.env['PAGES']}/readyz").json()
            return said
    except (HTTPError, ValueError):
        return {}


async def live(stack: UserStack, filler: Path) -> Verdict:
    """People submit, the disk is full, there is room again, all goes on. Raises Unwell."""
    database = Database(stack.run["database_url"], pool_size=3, application="driver")
    crowd = Crowd(stack, [], await addresses(database), random.Random(0))
    seen: set[str] = set()
    try:
        launch(stack)
        await find_work(database, crowd, seen)
        crowd.begin()
        before = await asyncio.to_thread(_submitted, crowd, 5)
        await asyncio.to_thread(fill, filler)
        await asyncio.to_thread(_refused, stack, crowd, filler)
        kept = crowd.counts["submitted"]
        await asyncio.to_thread(filler.unlink)
        await asyncio.to_thread(_goes_on, stack)
        await find_work(database, crowd, seen)
        await asyncio.to_thread(_submitted, crowd, kept + 5)
        await asyncio.to_thread(crowd.end)
        await settle(database, stack)
        verdict = await judge(database, stack, crowd.told, torn=True)
        verdict.breaches += crowd.wrong
        verdict.counted |= {"before": before, "in all": crowd.counts["submitted"]}
        return verdict
    finally:
        await asyncio.to_thread(filler.unlink, missing_ok=True)
        await asyncio.to_thread(crowd.end)
        await database.close()


def _submitted(crowd: Crowd, count: int) -> int:
    look = lambda: crowd.counts["submitted"]  # noqa: E731
    return until_now(f"{count} submissions", look, lambda there: there >= count)


def _refused(stack: UserStack, crowd: Crowd, filler: Path) -> None:
    """Keep it full until people were told why, /readyz says so, and the terminal said so."""

    def look() -> tuple[object, ...]:
        fill(filler)  # what was freed meanwhile, by a log or by a checkpoint
        stack.alive()
        return (
            crowd.counts[FULL] > 0,
            ready(stack).get("database") == "degraded",
            "is full. Nothing that people write" in stack.said(),
            dict(crowd.counts),
        )

    until_now("the full disk to be told", look, lambda told: all(told[:3]))


def _goes_on(stack: UserStack) -> None:
    def look() -> tuple[object, ...]:
        stack.alive()
        return ready(stack).get("database"), "There is room again on the disk" in stack.said()

    until_now("room to be told", look, lambda told: told == ("ok", True))


async def run(folder: Path) -> Verdict:
    """From an empty folder to its end; nothing is left running."""
    stack = UserStack(folder / "data")
    stack.env["PAGES"] = f"http://127.0.0.1:{stack.env['ALMANAC_API_PORT']}"
    try:
        await asyncio.to_thread(stack.start)
        return await live(stack, folder / "filler")
    except (Unwell, AssertionError) as error:
        return Verdict(breaches=[str(error)])
    finally:
        await asyncio.to_thread(stack.end)


def main() -> int:
    """Run it on the disk that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.full_disk", description=__doc__)
    parser.add_argument("folder", type=Path, help="an empty folder on a small disk of its own")
    folder: Path = parser.parse_args().folder
    if shutil.disk_usage(folder).free > LARGEST:
        parser.error(f"more than {LARGEST // BLOCK} MB are free at {folder}; name a small disk")
    verdict = asyncio.run(run(folder))
    print(verdict.counted)  # noqa: T201 - what a command is for
    for breach in verdict.breaches:
        print(f"    {breach}")  # noqa: T201
    return 1 if verdict.breaches else 0


if __name__ == "__main__":
    sys.exit(main())
