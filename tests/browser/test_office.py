"""HR launches, pauses, extends; the administrator sees a failing activity and why."""

import re
from datetime import date

import pytest
from playwright.async_api import expect
from sqlalchemy import text

from tests.browser.arriving import arrive
from tests.browser.conftest import Opens, Site, link_in
from tests.waiting import until

pytestmark = pytest.mark.timeout(900)

HR = "sjacobs@example.com"
ADMINISTRATOR = "ajames@example.com"


async def test_hr_signs_in_by_mail_and_launches_a_cycle(site: Site, visit: Opens) -> None:
    page = await visit()
    await arrive(page, "/cycles", "Sign in")
    await page.get_by_label("Your work address").fill(HR)
    await page.get_by_role("button", name="Send me a link").click()
    await arrive(page, link_in(await site.mail_to(HR)), re.compile("^Hello"))
    await page.get_by_role("button", name="Go on").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Review cycles")

    await page.get_by_role("link", name="Launch a cycle").click()
    await page.get_by_label(re.compile("^Mid-year review")).check()
    await page.get_by_label("Launch date").fill("2027-01-14")
    await page.get_by_role("button", name="Prepare the launch check").click()
    await expect(page.get_by_text("Nothing is open and nobody was told.")).to_be_visible()
    await expect(page.get_by_text("Steven King").first).to_be_attached()
    await expect(page.get_by_text(re.compile("^Preview: "))).to_be_visible()
    await page.get_by_role("button", name="Send this preview to me").click()
    await expect(page.get_by_role("status").first).to_contain_text("The preview is on its way")

    box = page.get_by_label(re.compile("To confirm, type how many people take part"))
    label = await page.locator("label[for=f-confirm]").text_content()
    number = re.search(r"(\d+)\s*$", label or "")
    assert number
    await box.fill("1")
    await page.get_by_role("button", name=re.compile("^Launch for")).click()
    await expect(page.get_by_role("alert")).to_contain_text("to confirm")
    await box.fill(number[1])
    await page.get_by_role("button", name=re.compile("^Launch for")).click()
    await expect(page.get_by_role("status").first).to_contain_text("Launched.")
    await expect(page.get_by_role("link", name="Stop now")).to_be_visible()


async def test_hr_pauses_and_resumes(site: Site, visit: Opens) -> None:
    page = await visit(HR)
    await arrive(page, f"/cycles/{site.cycle}", re.compile("^Annual review"))
    await expect(page.get_by_role("img", name=re.compile("^Timeline of"))).to_be_visible()
    await page.get_by_role("link", name=re.compile("^Pause")).click()
    await expect(
        page.get_by_text(re.compile(r"open tasks of \d+ people stand still"))
    ).to_be_visible()
    await page.get_by_role("button", name=re.compile("^Pause")).click()
    await expect(page.get_by_role("status").first).to_contain_text("Paused.")
    await page.get_by_role("link", name=re.compile("^Resume")).click()
    await page.get_by_role("button", name="Resume").click()
    await expect(page.get_by_role("status").first).to_contain_text("Resumed.")


async def test_hr_extends_a_stage_and_the_engine_moves_the_tasks(site: Site, visit: Opens) -> None:
    due = text(
        "SELECT max(t.due_on) FROM tasks t JOIN stages s ON s.id = t.stage_id"
        " WHERE s.cycle_id = :cycle AND s.key = 'self' AND t.state = 'open'"
    )
    async with site.there.database.begin() as conn:
        before = await conn.scalar(due, {"cycle": site.cycle})
    page = await visit(HR)
    await arrive(page, f"/cycles/{site.cycle}", re.compile("^Annual review"))
    await page.get_by_role("link", name="Extend Self review").click()
    await page.get_by_label("By how many working days?").fill("3")
    await page.get_by_role("button", name="See what it will do").click()
    await expect(page.get_by_text("are due 3 working days later")).to_be_visible()
    await page.get_by_role("button", name=re.compile("^Extend")).click()
    await expect(page.get_by_role("status").first).to_contain_text("Extended.")

    async def last_due() -> date:
        async with site.there.database.begin() as conn:
            return (await conn.execute(due, {"cycle": site.cycle})).scalar_one()

    await until("the tasks to be due later", last_due, lambda after: after > before)


async def test_list_is_narrowed_while_typing(site: Site, visit: Opens) -> None:
    page = await visit(HR)
    await arrive(page, f"/cycles/{site.cycle}/people", re.compile("^Annual review"))
    await page.get_by_label("Find").fill("miller it bruce")
    rows = page.locator("#people tbody tr:visible")
    await expect(rows).to_have_count(1)
    await expect(page.locator("[data-filter-count]")).to_have_text("1 person shown")


async def test_administrator_sees_a_failing_activity_and_why_and_retries_it(
    site: Site, visit: Opens
) -> None:
    page = await visit(ADMINISTRATOR)
    async with site.there.database.begin() as conn:
        await conn.execute(text("ALTER TABLE steering RENAME TO steering_away"))
    try:
        await arrive(page, "/workflows", "Workflows")
        row = page.locator("tr", has_text="Self review, Annual review 2026").first
        await row.get_by_role("button", name=re.compile("^Check now")).click()
        row = page.locator("tr.bad", has_text="Annual review 2026").first

        async def is_listed() -> bool:
            await arrive(page, "/workflows?what=failing", "Workflows")
            return await row.is_visible()

        await until("the failing workflow to be listed", is_listed, bool)
        await expect(row).to_contain_text("failing, tries again")
        await expect(row).to_contain_text(re.compile(r"\d+ failures? in a row"))
        await expect(row.locator("td code").first).to_contain_text("UndefinedTable")
        history = row.get_by_role("link", name=re.compile("^History"))
        assert "/namespaces/default/workflows/" in str(await history.get_attribute("href"))
    finally:
        async with site.there.database.begin() as conn:
            await conn.execute(text("ALTER TABLE steering_away RENAME TO steering"))
    await row.get_by_role("button", name=re.compile("^Try again")).click()

    async def listed() -> str:
        await arrive(page, "/workflows?what=failing", "Workflows")
        if await (others := page.get_by_role("button", name=re.compile("^Try again"))).count():
            await others.first.click()  # whatever else ran meanwhile failed, too
        return await page.inner_text("main")

    await until("no workflow to fail", listed, lambda said: "No workflow matches." in said)


async def test_typing_finds_somebody_beyond_the_first_hundred(site: Site, visit: Opens) -> None:
    page = await visit(HR)
    await arrive(page, "/people", "People")
    # On the first hundred's page she is only somebody to whom others report.
    found = page.get_by_role("rowheader", name=re.compile("Eleni Zlotkey"))
    await expect(page.locator("tbody tr")).to_have_count(100)
    await expect(found).to_have_count(0)
    await page.get_by_label("Find").press_sequentially("zlotk")
    await expect(found).to_be_visible()
    assert await page.locator("tbody tr").count() < 100
    assert page.url.endswith("text=zlotk") or "text=zlotk&" in page.url
