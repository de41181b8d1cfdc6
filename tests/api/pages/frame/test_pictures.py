"""The geometry of pictures: what lies where, and that words say the same."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from api import pages
from api.pages.cycles import progress_pictures
from api.pages.frame import pictures
from api.pages.frame.dates import say_day
from domain.counts import Counts

MONDAY = date(2027, 1, 11)
HOLIDAY = {date(2027, 1, 18): "Martin Luther King Day"}


def works(day: date) -> bool:
    return day.weekday() < 5 and day not in HOLIDAY


def timeline(*spans: pictures.Span, today: date | None = None) -> pictures.Timeline:
    return pictures.timeline("Plan", spans, works=works, holidays=HOLIDAY, today=today, say=say_day)


def test_stage_is_a_bar_on_working_days_only() -> None:
    drawn = timeline(pictures.Span("Self", "open", MONDAY, date(2027, 1, 19)))
    # Mon-Fri, and after the weekend and the holiday one Tuesday.
    assert [round(bar.width / drawn.bars[1].width) for bar in drawn.bars] == [5, 1]
    assert {shade.title for shade in drawn.shades if shade.kind == "p-holiday"} == {
        "Martin Luther King Day"
    }


def test_bars_stay_inside_the_picture_however_long_it_is() -> None:
    far = pictures.Span("Far", "waiting", MONDAY + timedelta(days=300), date(2028, 1, 3))
    drawn = timeline(pictures.Span("Near", "closed", MONDAY, date(2027, 1, 19)), far)
    for bar in (*drawn.bars, *drawn.shades):
        assert bar.x >= 0
        assert bar.x + bar.width <= 100.01
    assert drawn.labels[1].anchor == "end"
    assert len(drawn.ticks) <= 9


def test_today_is_drawn_only_where_it_lies_on_the_calendar() -> None:
    span = pictures.Span("Self", "open", MONDAY, date(2027, 1, 19))
    assert timeline(span, today=date(2027, 1, 13)).today is not None
    assert timeline(span, today=date(2028, 1, 13)).today is None


def test_stage_that_has_closed_is_drawn_where_it_ran() -> None:
    drawn = timeline(
        pictures.Span("Self", "closed", MONDAY, date(2027, 1, 29), ended=date(2027, 1, 13)),
        pictures.Span("Talk", "closed", None, date(2027, 1, 20), ended=date(2027, 1, 22)),
    )
    assert [bar.title for bar in drawn.bars] == ["Self: opened Mon 11 Jan, closed Wed 13 Jan"]
    assert drawn.labels[1].text == "Talk|did not open"
    assert drawn.table.rows[1][2:] == ("did not open", "Wed 20 Jan", "closed Fri 22 Jan")


def test_one_deadline_far_ahead_does_not_squeeze_the_picture() -> None:
    near = date(2027, 1, 19)
    dues = ((near, 90), (date(2027, 11, 30), 2))
    drawn = timeline(pictures.Span("Self", "open", MONDAY, near, None, dues))
    assert sum(bar.width for bar in drawn.bars) > 15
    assert [mark.title for mark in drawn.marks] == [
        "due Tue 19 Jan: 90 people",
        "due later, until Tue 30 Nov: 2 people",
    ]
    assert all(mark.x <= 100 for mark in drawn.marks)


def test_timeline_table_says_what_the_picture_shows() -> None:
    drawn = timeline(pictures.Span("Self", "open", MONDAY, date(2027, 1, 19), date(2027, 1, 26)))
    assert drawn.table.rows == (("Self", "open", "Mon 11 Jan", "Tue 19 Jan", "Tue 26 Jan"),)


def test_no_stage_at_all_is_still_a_picture() -> None:
    assert timeline().bars == ()


def test_burn_up_stops_at_today() -> None:
    days = [MONDAY + timedelta(days=n) for n in range(5)]
    drawn = progress_pictures.burn_up(
        "Done", days, [1, 3, 4, 4, 4], [0, 2, 4, 6, 8], total=8, today=days[2], say=say_day
    )
    assert len(drawn.actual.split()) == 3
    assert len(drawn.plan.split()) == 5
    assert drawn.description == "4 of 8 tasks done; the plan for today was 4."
    assert drawn.table.rows[3] == ("Thu 14 Jan", "", "6")


@pytest.mark.parametrize("counts", [Counts(3, 4, 2, 1, 1, 9, 9), Counts(expired=5)])
def test_stacked_bar_fills_its_row(counts: Counts) -> None:
    part = progress_pictures.Part("IT", counts)
    row = progress_pictures.stacks("Tasks", [part]).rows[0]
    assert sum(rect.width for rect in row.rects) == pytest.approx(100, abs=0.01)
    assert all(rect.width > 0 for rect in row.rects)


def test_department_without_tasks_has_no_bar() -> None:
    empty = progress_pictures.Part("New", Counts(excused=2))
    assert progress_pictures.stacks("Tasks", [empty]).rows[0].rects == ()


def test_heat_map_frames_what_is_late_and_says_it_in_words() -> None:
    cells = {("IT", "Self"): Counts(done=1, in_time=1, late=1)}
    drawn = progress_pictures.heat_map("Grid", ["IT", "Sales"], ["Self"], cells)
    assert len(drawn.frames) == 1
    assert drawn.table.rows == (("IT", "1 of 3, 1 late"), ("Sales", "none"))
    assert drawn.rects[0].title == "IT, Self: 1 of 3 done, 1 late"


def test_heads_of_columns_fit_above_them_however_narrow_the_screen_is() -> None:
    stages = ["360 feedback: approve who is asked", "Acknowledgement", "Self", "Talk", "Release"]
    drawn = progress_pictures.heat_map("Grid", ["IT"], stages, {})
    assert drawn.columns == 5
    assert all(len(head.text) <= progress_pictures.LETTERS for head in drawn.heads)
    css = (Path(pages.__file__).parents[1] / "static" / "almanac.css").read_text()
    for columns in range(5, progress_pictures.MOST_COLUMNS + 1):
        least = progress_pictures.NAMES + progress_pictures.COLUMN * columns
        assert f".columns-{columns} {{ min-width: {least}px; }}" in css


def test_word_at_the_edge_stays_inside_the_picture() -> None:
    span = pictures.Span("Self", "open", MONDAY, date(2027, 3, 19))
    drawn = timeline(span, today=MONDAY)
    assert drawn.today_label is not None
    assert drawn.today_label.anchor == "start"


def test_histogram_keeps_guidance_an_outline() -> None:
    drawn = progress_pictures.histogram("Ratings", [("1", 2), ("2", 6)], [0.5, 0.5])
    assert [rect.kind for rect in drawn.guides] == ["p-guide", "p-guide"]
    assert drawn.guides[0].height == drawn.guides[1].height
    assert drawn.table.columns == ("Rating", "Given", "Guidance")
