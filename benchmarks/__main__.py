"""`make bench`: what counts as fast, each figure beside its bare counterpart in the same run."""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from benchmarks.bells import STARTS_A_SECOND, bell_figures
from benchmarks.company import populate
from benchmarks.engine import engine_figures
from benchmarks.figures import Figure, table
from benchmarks.machine import Machine, machine
from benchmarks.mails import mails_figure
from benchmarks.rehearsal import rehearsal_figure
from benchmarks.rounds import round_figures
from benchmarks.sets import Sets
from benchmarks.submissions import submission_figures
from store.base.memory import collect_seldom

Measure = Callable[[Machine, "Size"], Awaitable[Sequence[Figure]]]


class Size:
    """How much is measured: the whole of it, or enough to see whether it still runs."""

    def __init__(self, *, quick: bool, people: int | None) -> None:
        self.sets = [people] if people else [2_000] if quick else [10_000, 100_000]
        self.mails = people or (300 if quick else 2_000)
        self.submissions = people or (300 if quick else 2_000)
        self.subjects = people or (500 if quick else 10_000)
        self.engine = people or (300 if quick else 10_000)
        self.rehearsal = people or (107 if quick else 1_000)
        self.bells = people or (200 if quick else 10_000)
        self.starts = STARTS_A_SECOND * (5 if quick else 1)
        self.rounds = 3 if quick else 5


async def _sets(there: Machine, size: Size) -> list[Figure]:
    figures: list[Figure] = []
    for people in size.sets:
        rounds = size.rounds if people <= 10_000 else 2
        async with there.database() as database:
            sets = Sets(database, await populate(database, people), people)
            for _ in range(rounds):
                await sets.round()
            figures += sets.figures()
    return figures


async def _mails(there: Machine, size: Size) -> list[Figure]:
    return [await mails_figure(there, size.mails, size.rounds)]


async def _submissions(there: Machine, size: Size) -> list[Figure]:
    return await submission_figures(there, size.submissions, size.rounds)


async def _rounds(there: Machine, size: Size) -> list[Figure]:
    return await round_figures(there, size.subjects, min(size.rounds, 3))


async def _engine(there: Machine, size: Size) -> list[Figure]:
    return await engine_figures(there, size.engine)


async def _bells(there: Machine, size: Size) -> list[Figure]:
    return [*await bell_figures(there, size.bells, size.starts)]


async def _rehearsal(there: Machine, size: Size) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="almanac-rehearsal-") as folder:
        return [await rehearsal_figure(there, size.rehearsal, Path(folder))]


MEASURES: dict[str, Measure] = {
    "sets": _sets,
    "rounds": _rounds,
    "mails": _mails,
    "submissions": _submissions,
    "bells": _bells,
    "engine": _engine,
    "rehearsal": _rehearsal,
}


async def measure(names: Sequence[str], size: Size) -> list[Figure]:
    """Measure one after the other, saying on standard error what is being measured."""
    figures: list[Figure] = []
    with machine() as there:
        for name in names:
            begun = time.perf_counter()
            print(f"{name} ...", end="", file=sys.stderr, flush=True)
            figures += await MEASURES[name](there, size)
            print(f" {time.perf_counter() - begun:.0f} s", file=sys.stderr)
    return figures


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table, or JSON. Exit code 0 also where an aim is missed: it says so."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it runs")
    parser.add_argument("--people", type=int, help="the same size for every figure")
    parser.add_argument("--only", action="append", choices=list(MEASURES), help="repeatable")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args(arguments)
    collect_seldom()  # as the worker does
    size = Size(quick=given.quick, people=given.people)
    figures = asyncio.run(measure(given.only or list(MEASURES), size))
    if given.json:
        print(json.dumps([figure.as_json() for figure in figures], indent=2))
    else:
        print(table(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
