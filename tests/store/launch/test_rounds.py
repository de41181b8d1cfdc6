"""The launch check of a 360 round: how many requests, and who cannot be protected."""

from uuid import UUID

from store.base.session import Database
from store.launch.check import LaunchCheck, report
from store.launch.findings import Finding
from store.launch.launching import prepare
from tests.store.launch.test_launching import published
from tests.store.running import HR, LAUNCHED, D, person, rows

ALONE = """
definition: feedback
title: Feedback {{period}}
purpose: To learn. The manager and you read it.
period: previous year
{audience}
stages:
  - id: feedback
    title: Feedback
    kind: feedback_round
    {raters}
forms:
  feedback:
    - section: Working together
      questions:
        - {{id: keep, ask: What should stay?}}
"""
UPWARD = "raters: {peers: {ask: 0}, reports: {ask: all}, others: {ask: 0}, external: {ask: 0}}"


async def check(
    database: Database, *, raters: str = "", audience: str = "", only: list[str] | None = None
) -> LaunchCheck:
    version = await published(database, ALONE.format(raters=raters, audience=audience))
    chosen = None if only is None else [await person(database, employee) for employee in only]
    async with database.begin() as conn:
        cycle: UUID = await prepare(conn, version, D, "button", HR, LAUNCHED, only=chosen)
        return await report(conn, cycle, LAUNCHED)


def said(found: LaunchCheck) -> dict[str, Finding]:
    """What is said of the round, by code without the stage."""
    return {
        finding.code.partition(":")[0]: finding
        for finding in found.findings
        if finding.code.startswith("round_")
    }


async def test_a_round_of_the_whole_company_is_counted_step_by_step(demo: Database) -> None:
    found = await check(demo)
    tasks = {load.stage: load.tasks for load in found.stage_loads}
    # By rule: 106 about themselves; the reports of 103 (4), 101, 108, 114 (5 each), 120 to 124
    # (8 each) and 145 to 149 (6 each). The president is no subject.
    assert tasks == {
        "feedback.nominate": 106,
        "feedback.approve": 106,
        "feedback.collect": 106 + 4 + 15 + 40 + 30,
    }
    load = said(found)["round_load"]
    assert (load.mood, load.text) == (
        "fine",
        "Feedback: Each person may name 4 to 6 peers, up to 2 others of the company,"
        " up to 2 people from outside.",
    )
    # 8 peers, 2 others, 2 from outside at most.
    assert load.detail == "Up to 1,272 requests in all. Nobody gets more than 7 requests."
    assert sum(mail.mails for mail in found.first_mails) == 106, "first they name raters"


async def test_managers_with_too_few_reports_are_named(demo: Database) -> None:
    found = said(await check(demo))["round_reports"]
    assert found.names == ("Lex Garcia", "Shelley Higgins", "Michael Martinez")
    assert found.text == (
        "Feedback: 3 people have reports, but fewer than 4; these reports are not asked."
    )


async def test_who_has_few_colleagues_near_is_named(demo: Database) -> None:
    found = said(await check(demo))
    # In IT four report to 103 and have three colleagues each, 103 has none but his reports; 202 and
    # 206 are alone with their managers. 204 is alone in the department, with four of one manager.
    assert found["round_circle"].count == 7
    assert {"Alexander James", "Bruce Miller", "Pat Davis", "William Gietz"} <= set(
        found["round_circle"].names
    )
    assert "round_peers" not in found
    await rows(demo, "UPDATE people SET projects = '{ledger}' WHERE department = 'IT' RETURNING 1")
    await rows(
        demo,
        "UPDATE people SET projects = '{ledger}' WHERE employee_id IN ('206', '109') RETURNING 1",
    )
    async with demo.begin() as conn:
        [(cycle,)] = await rows(demo, "SELECT id FROM cycles")
        again = said(await report(conn, UUID(str(cycle)), LAUNCHED))
    # With a project in common: IT has two more each, 206 has six; 103 has two, 202 nobody.
    assert set(again["round_circle"].names) == {"Alexander James", "Pat Davis"}


async def test_a_company_that_is_too_small_is_told_so(demo: Database) -> None:
    await rows(
        demo,
        "UPDATE people SET status = 'left', left_on = '2026-12-01' WHERE employee_id NOT IN"
        " ('100', '101', '200', '203', '204') RETURNING 1",
    )
    found = said(await check(demo, raters="load: 1"))
    # 101 has a manager and three reports; the others have three colleagues beside their manager.
    assert found["round_peers"].count == 4
    assert "4 people have fewer than 4 colleagues" in found["round_peers"].text
    assert (found["round_load"].mood, found["round_load"].text) == (
        "look",
        "Feedback: at least 16 requests are asked for, and the company has room for 5.",
    )


async def test_upward_feedback_asks_by_rule_and_says_who_gets_none(demo: Database) -> None:
    found = await check(demo, raters=UPWARD, only=["145", "102", "206"])
    # Six report to 145, who answers as well; one to 102, nobody to 206.
    assert {load.stage: load.tasks for load in found.stage_loads} == {"feedback.collect": 7}
    assert sum(mail.mails for mail in found.first_mails) == 7
    nobody = said(found)["round_nobody"]
    assert (nobody.mood, nobody.names) == ("look", ("Lex Garcia", "William Gietz"))
    assert "round_load" not in said(found)
    [idle] = [finding for finding in found.findings if finding.code == "without_task"]
    assert idle.names == nobody.names


async def test_a_round_in_which_nobody_can_be_asked_cannot_be_launched(demo: Database) -> None:
    found = await check(demo, raters=UPWARD, only=["206", "107"])
    assert said(found)["round_nobody"].mood == "stop"
    assert not found.may_confirm
