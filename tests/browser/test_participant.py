"""A participant follows a mailed link, types, reloads, finds the draft, submits, sees it done."""

import re
from datetime import timedelta

import pytest
from playwright.async_api import Page, expect
from sqlalchemy import text

from tests.browser.arriving import arrive
from tests.browser.conftest import Opens, Site, link_in
from tests.browser.slow import is_save, lose_answers, slow_down

pytestmark = pytest.mark.timeout(900)

RESULTS = "Invoices now go out two days after delivery. I wrote the checklist."


async def enter(page: Page, path: str) -> None:
    await arrive(page, path, re.compile("^Hello"))
    await page.get_by_role("button", name="Go on").click()


async def test_mailed_link_to_a_submitted_review(site: Site, visit: Opens) -> None:
    page = await visit()
    mail = await site.mail_to("bmiller@example.com")
    await enter(page, link_in(mail, "Write your self review"))
    await expect(page.get_by_role("heading", level=1)).to_have_text("Write your self review")
    await expect(page.get_by_text("Nothing is sent until you submit.")).to_be_visible()

    results = page.get_by_label(re.compile("Which two or three results"))
    await results.fill(RESULTS)
    await expect(page.locator("[data-saved]")).to_contain_text(re.compile(r"Saved \d\d:\d\d"))
    await expect(page.locator("#f-results-count")).to_have_text("12 words")
    await page.reload()
    await expect(results).to_have_value(RESULTS)
    await expect(page.locator("[data-saved]")).to_contain_text("Draft saved")

    await page.get_by_role("button", name="Continue").click()
    await expect(page.get_by_role("heading", level=2, name="Looking ahead")).to_be_visible()
    await page.get_by_role("button", name="Check before submitting").click()
    await page.get_by_role("button", name="Submit").click()
    summary = page.get_by_role("alert")
    await expect(summary).to_contain_text("2 things to correct")
    await expect(summary).to_be_focused()
    await summary.get_by_role("link").first.click()
    await expect(page.get_by_label(re.compile("What do you want to be better at"))).to_be_visible()

    await page.get_by_label(re.compile("What do you want to be better at")).fill("Saying no.")
    await page.get_by_label(re.compile("What do you need from your manager")).fill("An hour.")
    await page.get_by_role("button", name="Check before submitting").click()
    await expect(page.get_by_text(RESULTS)).to_be_visible()
    await page.get_by_role("button", name="Submit").click()
    await expect(page.get_by_role("status")).to_contain_text("Submitted.")
    await expect(page.get_by_text("Your manager and HR read it.").first).to_be_visible()

    await page.get_by_role("link", name="My tasks").click()
    # What is left is to choose who is asked for feedback.
    await expect(page.get_by_role("heading", name="1 task for you")).to_be_visible()
    await expect(page.get_by_text("Submitted", exact=True)).to_be_visible()


async def test_same_link_twice_leads_to_the_same_task(site: Site, visit: Opens) -> None:
    link = link_in(await site.mail_to("dnguyen@example.com"))
    page = await visit()
    await enter(page, link)
    first = page.url
    await arrive(page, link, re.compile("^(Write|Choose)"))
    assert page.url == first
    other = await visit()
    await enter(other, link)
    assert other.url == first


async def test_link_followed_by_another_person_opens_nothing(site: Site, visit: Opens) -> None:
    page = await visit("bmiller@example.com")
    link = link_in(await site.mail_to("dnguyen@example.com"))
    await arrive(page, link, "This link is for somebody else")
    await expect(page.get_by_text("Diana")).to_have_count(0)
    await page.get_by_role("link", name="Stay signed in, and go to my tasks").click()
    await expect(page.get_by_text("Bruce Miller")).to_be_visible()


@pytest.mark.parametrize(
    ("change", "heading"),
    [
        ("expires_at = :then", "This link has run out"),
        ("revoked_at = :then", "This link no longer works"),
    ],
)
async def test_link_that_no_longer_works_offers_a_new_one(
    site: Site, visit: Opens, change: str, heading: str
) -> None:
    link = link_in(await site.mail_to("vjackson@example.com"))
    async with site.there.database.begin() as conn:
        await conn.execute(
            text(
                f"UPDATE links SET {change} WHERE person_id ="
                " (SELECT id FROM people WHERE email = 'vjackson@example.com')"
            ),
            {"then": site.there.now() - timedelta(minutes=1)},
        )
    try:
        before = len(site.there.arrived())
        page = await visit()
        await arrive(page, link, heading, status=410)
        await page.get_by_label("Your work address").fill("vjackson@example.com")
        await page.get_by_role("button", name="Send me a new link").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Look into your inbox")
        fresh = link_in(await site.mail_to("vjackson@example.com", after=before))
        await enter(page, fresh)
        await expect(page.get_by_text("Valli Jackson")).to_be_visible()
    finally:
        async with site.there.database.begin() as conn:
            await conn.execute(
                text("UPDATE links SET expires_at = :later, revoked_at = NULL"),
                {"later": site.there.now() + timedelta(days=9)},
            )


async def test_review_is_submitted_without_a_script(site: Site, visit: Opens) -> None:
    page = await visit("dwilliams@example.com", script=False)
    await arrive(page, "/tasks", re.compile("task"))
    await page.get_by_role("link", name="Write your self review").click()
    await page.get_by_label(re.compile("Which two or three results")).fill(RESULTS)
    await page.get_by_role("button", name="Save draft").last.click()
    await expect(page.get_by_role("status").first).to_contain_text("Draft saved.")
    await page.get_by_role("button", name="Add another goal").click()
    await page.get_by_label("Goal 1").fill("Move the order system")
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_label(re.compile("What do you want to be better at")).fill("Saying no.")
    await page.get_by_label(re.compile("What do you need from your manager")).fill("An hour.")
    await page.get_by_role("button", name="Check before submitting").click()
    await expect(page.get_by_text("Move the order system")).to_be_visible()
    await page.get_by_role("button", name="Submit").click()
    await expect(page.get_by_role("status").first).to_contain_text("Submitted.")


async def test_two_windows_get_a_clear_choice(site: Site, visit: Opens) -> None:
    one, two = await visit("lgarcia@example.com"), await visit("lgarcia@example.com")
    for page in (one, two):
        await arrive(page, "/tasks", re.compile("task"))
        await page.get_by_role("link", name="Write your self review").click()
    question = re.compile("Which two or three results")
    await one.get_by_label(question).fill("From the first window.")
    await expect(one.locator("[data-saved]")).to_contain_text("Saved")
    await two.get_by_label(question).fill("From the second window.")
    await expect(two.locator("[data-saved]")).to_contain_text("another window")
    await two.get_by_role("button", name="Continue").click()
    await expect(two.get_by_text("From the first window.")).to_be_visible()
    await two.get_by_label(re.compile("Keep what was saved elsewhere")).check()
    await two.get_by_role("button", name="Go on with these").click()
    await expect(two.get_by_label(question)).to_have_value("From the first window.")


async def self_review(visit: Opens, email: str) -> Page:
    """The open self review of somebody, at its first step."""
    page = await visit(email)
    await arrive(page, "/tasks", re.compile("task"))
    await page.get_by_role("link", name="Write your self review").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Write your self review")
    return page


async def test_going_on_while_a_draft_is_saved_is_no_other_window(visit: Opens) -> None:
    page = await self_review(visit, "ngruenbe@example.com")
    await slow_down(page)
    question = page.get_by_label(re.compile("Which two or three results"))
    for number in range(4):
        text_typed = f"{RESULTS} {number}"
        async with page.expect_request(is_save):
            await question.fill(text_typed)
        text_typed += " And more while it is saved."
        await question.fill(text_typed)
        await page.get_by_role("button", name="Continue").click()
        await expect(page.get_by_role("heading", level=2, name="Looking ahead")).to_be_visible()
        await page.go_back()
        await expect(question).to_have_value(text_typed)


async def test_what_is_typed_after_going_back_is_no_other_window(visit: Opens) -> None:
    page = await self_review(visit, "dfaviet@example.com")
    question = page.get_by_label(re.compile("Which two or three results"))
    await question.fill("First.")
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_label(re.compile("What do you want to be better at")).fill("Saying no.")
    await expect(page.locator("[data-saved]")).to_contain_text(re.compile(r"Saved \d\d:\d\d"))
    await page.go_back()
    await question.fill("Second thoughts.")
    await expect(page.locator("[data-saved]")).to_contain_text(re.compile(r"Saved \d\d:\d\d"))
    await page.get_by_role("button", name="Continue").click()
    await expect(page.get_by_role("heading", level=2, name="Looking ahead")).to_be_visible()


async def test_answer_of_a_save_that_was_lost_is_no_other_window(visit: Opens) -> None:
    page = await self_review(visit, "jchen@example.com")
    lost = await lose_answers(page, "**/draft", count=1)
    question = page.get_by_label(re.compile("Which two or three results"))
    await question.fill("Typed in a tunnel.")
    await expect(page.locator("[data-saved]")).to_contain_text("no connection")
    assert lost() == 1
    await question.fill("Typed in a tunnel, and behind it.")
    await page.get_by_role("button", name="Continue").click()
    await expect(page.get_by_role("heading", level=2, name="Looking ahead")).to_be_visible()


async def test_text_that_is_too_long_is_kept_and_refused_only_when_submitted(
    visit: Opens,
) -> None:
    page = await self_review(visit, "isciarra@example.com")
    question = page.get_by_label(re.compile("Which two or three results"))
    pasted = "word " * 400 + "🙂 and 11 more"
    await question.fill(pasted)
    over = "13 characters too long"
    await expect(page.locator("#f-results-count")).to_contain_text(over)
    await expect(page.locator("#f-results-count + [role=status]")).to_contain_text(over)
    await expect(page.locator("[data-saved]")).to_contain_text(re.compile(r"Saved \d\d:\d\d"))
    await page.reload()
    await expect(question).to_have_value(pasted)
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_label(re.compile("What do you want to be better at")).fill("Saying no.")
    await page.get_by_label(re.compile("What do you need from your manager")).fill("An hour.")
    await page.get_by_role("button", name="Check before submitting").click()
    await page.get_by_role("button", name="Submit").click()
    summary = page.get_by_role("alert")
    await expect(summary).to_contain_text("Please shorten this by 13 characters; 2,000 fit.")
    await summary.get_by_role("link").first.click()
    await expect(question).to_have_value(pasted)


async def test_lost_connection_loses_no_text(site: Site, visit: Opens) -> None:
    page = await visit("smarkle@example.com")
    await arrive(page, "/tasks", re.compile("task"))
    await page.get_by_role("link", name="Write your self review").click()
    await page.context.set_offline(True)
    await page.get_by_label(re.compile("Which two or three results")).fill("Typed in a tunnel.")
    await expect(page.locator("[data-saved]")).to_contain_text("no connection")
    await page.context.set_offline(False)
    saved = page.locator("[data-saved]")
    await expect(saved).to_contain_text(re.compile(r"Saved \d\d:\d\d"))


async def test_form_can_be_filled_with_the_keyboard_alone(site: Site, visit: Opens) -> None:
    page = await visit("smarkle@example.com")
    await arrive(page, "/tasks", re.compile("task"))
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")  # the list of raters, which is due earlier
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Write your self review")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Write your self review")
