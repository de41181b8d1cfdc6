"""A 360 round for the whole demo company, from naming to the report.

People name raters from the suggestions, early, late and never; raters decline, and others are asked
in their place. What must hold is counted in rows and read in every mail.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from play.run import Played
from play.world import World
from tests.cycles.conftest import DEMO_COMPANY, Plays
from tests.invariants import broken

pytestmark = pytest.mark.timeout(1800)  # a play may have to begin anew

DEFINITION = """
definition: everybody
title: 360 for everybody {period}
purpose: A round for the whole company.
period: previous year
stages:
  - id: feedback
    kind: feedback_round
    nominate: {due: 2 working days}
    approve: {due: 2 working days}
    collect: {due: 7 working days, closes: 1 working day after due}
  - id: manager
    assignee: manager
    after: feedback
    beside: feedback
    due: 2 working days
    closes: due
    ladder: none
forms:
  feedback:
    - section: Working together
      questions:
        - {id: keep, ask: "What do you want more of?"}
        - {id: helps, ask: "How much do they help?", type: rating}
  manager:
    - section: Looking back
      questions:
        - {id: results, ask: What went well?}
"""
SCENARIO = """
scenario: A round for the whole company
definition: everybody.def.yaml
launch: 2027-01-12 09:00
everybody: mix
declines: 8
seed: 20270112
"""
LOAD = 7
FOUR = {"104", "105", "106", "107"}
"""A department of four that shares nothing with anybody: three others are all there are."""

COUNTED = re.compile(
    r"\d+ (?:of|out of) \d+|\d+ (?:%|per ?cent)"
    r"|(?:\d+|one|two|three|four|five|six|nobody|everybody|all|none)"
    r" (?:of them |rater\w* |people |colleagues |peers )?(?:ha(?:s|ve) )?"
    r"(?:answered|declined|replied)"
)
"""How a sentence would tell who or how many."""

Row = Mapping[str, Any]


async def test_a_round_for_the_whole_company_goes_from_naming_to_the_report(
    playing: Plays, tmp_path: Path
) -> None:
    (tmp_path / "everybody.def.yaml").write_text(DEFINITION, encoding="utf-8")
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(SCENARIO, encoding="utf-8")
    names: dict[str, str] = {}

    async def sound(world: World) -> None:
        async with world.database.begin() as conn:
            assert await broken(conn) == {}
            rows = await conn.execute(
                text("SELECT employee_id, first_name || ' ' || last_name FROM people")
            )
            names.update(rows.all())

    played = await playing(scenario, DEMO_COMPANY, before_end=sound)
    [cycle] = played.report.cycles
    assert (cycle["state"], cycle["participants"]) == ("closed", 106)
    assert not played.report.failures
    assert not played.report.held
    _lists_are_right(played)
    _everybody_asked_ends_in_one_report(played)
    _mails_tell_nothing(played, names)


def _lists_are_right(played: Played) -> None:
    """Four to six peers each, nobody above the load, and one for one where somebody declined.

    Where a manager is silent the list stands, without those who have got enough requests meanwhile.
    """
    raters = played.report.raters
    tasks = [t for t in played.report.tasks if t["stage"] == "feedback.approve"]
    asked = [r for r in raters if r["relationship"] == "peers" and r["state"] != "not_asked"]
    chosen = Counter(r["about"] for r in asked if r["source"] != "replacement")
    assert len(chosen) > 90, "some are silent, and so are their managers"
    silence = {t["about"] for t in tasks if t["state"] == "expired"}
    assert all(4 <= n <= 6 for who, n in chosen.items() if who not in silence | FOUR)
    assert all(n <= 6 for n in chosen.values())
    loads = Counter(r["who"] for r in asked)
    assert max(loads.values()) <= LOAD
    declined = Counter(r["about"] for r in asked if r["state"] == "declined")
    replaced = Counter(r["about"] for r in asked if r["source"] == "replacement")
    assert sum(declined.values()) > 20
    assert sum(replaced.values()) > 10
    assert all(replaced[about] <= declined[about] for about in replaced)


def _everybody_asked_ends_in_one_report(played: Played) -> None:
    tasks = [t for t in played.report.tasks if t["stage"] == "feedback.collect"]
    assert {t["state"] for t in tasks} == {"done", "expired", "cancelled"}
    assert {t["ended_reason"] for t in tasks if t["state"] == "cancelled"} == {"declined"}
    about = {t["about"] for t in tasks}
    reports = Counter(r["about"] for r in played.report.reports)
    assert reports == dict.fromkeys(about, 1)
    without = {s["about"] for s in played.report.skips if s["stage"] == "feedback.collect"}
    assert about.isdisjoint(without)
    assert len(about | without) == 106
    standings = Counter(r["groups"].get("peers") for r in played.report.reports)
    assert standings["shown"] > 60
    assert standings["not_shown"] + standings["in_others"], "where too many were silent"
    reviewed = {t["about"] for t in played.report.tasks if t["stage"] == "manager"}
    assert len(reviewed) == 106, "reviews go on for everybody"


def _mails_tell_nothing(played: Played, names: Mapping[str, str]) -> None:
    """Of a request nobody hears but the rater; of raters nobody hears a name, a state, a count."""
    raters: dict[str, set[str]] = defaultdict(set)
    for rater in played.report.raters:
        raters[rater["about"]].add(rater["who"])
    mails = [m for m in played.report.mails if m["state"] == "sent"]
    assert len(mails) > 700
    for mail in mails:
        items: list[Row] = mail["items"] or []
        for item in items:
            if item["stage"] == "feedback.collect":
                assert item["held_by"] == mail["to"]
            if item["event"] == "replacement_wanted":
                assert item["about"] == mail["to"]
        words = " ".join(f"{mail['subject']} {mail['text']}".split())
        told = {who for who, name in names.items() if name in words}
        concerned = {mail["to"], *(item["about"] for item in items)}
        assert told <= concerned, (mail["to"], told - concerned, words)
        assert not COUNTED.search(words), words
