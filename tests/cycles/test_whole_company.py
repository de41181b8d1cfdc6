"""The shipped cycles from launch to close, for the whole demo company and a real relay.

People answer early, late and never. What must hold is counted in rows and in the relay's mailbox.
"""

import csv
import io
from pathlib import Path

import pytest
from sqlalchemy import text

from activities.notifications.smtp import Relay, SmtpTransport
from embedded.mailbox import Mailbox
from embedded.smtp_sink import SmtpSink
from play.run import Played
from play.world import World
from tests.cycles.conftest import DEMO_COMPANY, Plays
from tests.faults.stack import read_mails
from tests.invariants import broken, mails_differ

pytestmark = pytest.mark.timeout(1800)  # a play may have to begin anew

NEWCOMERS = (
    # id, hired, manager, office, country, zone: three probations, one of them over the new year
    ("901", "2027-01-11", "103", "Southlake", "US", "America/Chicago"),
    ("902", "2027-02-01", "145", "Oxford", "GB", "Europe/London"),
    ("903", "2027-03-15", "204", "Munich", "DE", "Europe/Berlin"),
)


HR_SEES_TO_IT: dict[str, dict[str, object]] = {
    # Some managers never write, and the release waits for everybody: HR goes on without them.
    "annual": {
        "events": "[{at: 2027-03-10 10:00, close_stage: {stage: manager, reason: late}}]",
        "habits": "[{who: hr, does: after 50%}]",
    }
}


def _scenario(folder: Path, definition: str, **more: object) -> Path:
    lines = [
        f"scenario: the whole company, {definition}",
        f"definition: {definition}",
        "everybody: mix",
        "seed: 20270112",
        *(f"{key}: {value}" for key, value in more.items()),
    ]
    path = folder / "scenario.yaml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def _forget(mails: Path) -> None:
    for file in mails.rglob("*.eml"):
        file.unlink()


async def _play(
    playing: Plays, tmp_path: Path, scenario: Path, people: Path = DEMO_COMPANY
) -> Played:
    mailbox = Mailbox(tmp_path / "mails")
    async with SmtpSink(mailbox) as sink:

        async def sound(world: World) -> None:
            async with world.database.begin() as conn:
                assert await broken(conn) == {}
                assert await mails_differ(conn, read_mails(tmp_path / "mails")) == []
                sent = await conn.scalar(text("SELECT count(*) FROM mails WHERE state = 'sent'"))
            assert sent, "mails were really sent"

        return await playing(
            scenario,
            people,
            connect=lambda: SmtpTransport(
                Relay(host="127.0.0.1", port=sink.port, security="none", timeout=20)
            ),
            before_end=sound,
            anew=lambda: _forget(tmp_path / "mails"),
        )


@pytest.mark.parametrize(
    ("definition", "launch", "stages"),
    [
        ("annual", "2027-01-12 09:00", 8),
        ("mid_year", "2027-06-08 09:00", 3),
        ("quarterly", "2027-04-13 09:00", 2),
    ],
)
async def test_a_shipped_cycle_runs_from_launch_to_close(
    definition: str, launch: str, stages: int, playing: Plays, tmp_path: Path
) -> None:
    scenario = _scenario(tmp_path, definition, launch=launch, **HR_SEES_TO_IT.get(definition, {}))
    played = await _play(playing, tmp_path, scenario)
    [cycle] = [c for c in played.report.cycles if c["definition"] == definition]
    assert cycle["state"] == "closed"
    assert cycle["participants"] == 106
    assert len(cycle["stages"]) == stages
    assert not played.report.failures
    assert not played.report.held
    tasks = [t for t in played.report.tasks if t["cycle"] == definition]
    assert {t["state"] for t in tasks} <= {"done", "expired"}
    assert {t["stage"] for t in tasks} == {s["stage"] for s in cycle["stages"]}, "all stages ran"
    assert {t["state"] for t in tasks if t["stage"] == cycle["stages"][-1]["stage"]} == {
        "done",
        "expired",
    }, "to the last one, where some answered and some did not"
    if definition == "annual":
        presidents = [t for t in tasks if t["stage"] == "manager" and t["held_by"] == "100"]
        assert len(presidents) == 14, "the president writes fourteen reviews"
        assert not [t for t in tasks if t["about"] == "100"], "and nobody reviews him"


async def test_probation_runs_by_itself_for_newcomers(playing: Plays, tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(DEMO_COMPANY.read_text(encoding="utf-8"))))
    for number, hired, manager, office, country, zone in NEWCOMERS:
        rows.append(
            dict.fromkeys(rows[0], "")
            | {
                "employee_id": number,
                "first_name": "New",
                "last_name": f"Comer {number}",
                "email": f"new{number}@example.com",
                "hire_date": hired,
                "manager_id": manager,
                "department": "Sales",
                "city": office,
                "country": country,
                "time_zone": zone,
            }
        )
    people = tmp_path / "people.csv"
    with people.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    scenario = _scenario(
        tmp_path, "probation", launch="2027-01-04 09:00", by="schedule", until="2028-04-01 12:00"
    )
    played = await _play(playing, tmp_path, scenario, people)
    [cycle] = [c for c in played.report.cycles if c["launch_on"].year == 2027]
    assert cycle["participants"] == 3
    assert cycle["state"] == "closed", "a year after, the last person is through"
    for number, *_ in NEWCOMERS:
        done = [t for t in played.report.tasks if t["about"] == number]
        assert {t["stage"] for t in done} >= {"day_30", "talk_30", "recommendation", "decision"}
