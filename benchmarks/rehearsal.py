"""How fast a year is rehearsed: `almanac play` of the annual cycle, from files to report."""

import csv
from pathlib import Path
from time import perf_counter

from benchmarks.company import SETTINGS
from benchmarks.figures import Figure, Pair
from benchmarks.machine import Machine
from embedded.temporal import test_server_binary
from play.run import Stage, play
from play.scenario_file import read_scenario

SCENARIO = """
scenario: a year
definition: annual
company: company.yaml
launch: 2027-01-12 10:00
everybody: mix
"""
COLUMNS = (
    *("employee_id", "first_name", "last_name", "email", "hire_date", "manager_id", "department"),
    *("city", "country", "time_zone"),
)
PLACES = (
    ("Seattle", "US", "America/Los_Angeles"),
    ("Oxford", "GB", "Europe/London"),
    ("Munich", "DE", "Europe/Berlin"),
    ("Toronto", "CA", "America/Toronto"),
)


async def rehearsal_figure(machine: Machine, people: int, folder: Path) -> Figure:
    """Seconds for everybody's year, every mail worded. `folder` is for the files."""
    scenario, file = folder / "year.yaml", folder / "people.csv"
    scenario.write_text(SCENARIO, encoding="utf-8")
    (folder / "company.yaml").write_text(SETTINGS, encoding="utf-8")
    _write_people(file, people)
    url = machine.database_url()
    begun = perf_counter()
    played = await play(read_scenario(scenario), file, Stage(url, test_server_binary()))
    took = perf_counter() - begun
    note = f"{len(played.report.mails):,} mails, {len(played.report.tasks):,} tasks"
    return Figure("rehearsal of the annual cycle", people, "s", [Pair(took)], most=60.0, note=note)


def _write_people(file: Path, people: int) -> None:
    with file.open("w", newline="", encoding="utf-8") as output:
        rows = csv.writer(output)
        rows.writerow(COLUMNS)
        for i in range(1, people + 1):
            manager = "" if i == 1 else f"E{max(1, i // 8)}"
            place = PLACES[i % len(PLACES)]
            rows.writerow(
                [
                    *(f"E{i}", f"First{i}", f"Last{i}", f"p{i}@example.com", "2020-01-06"),
                    *(manager, f"Department {i % 40}", *place),
                ]
            )
