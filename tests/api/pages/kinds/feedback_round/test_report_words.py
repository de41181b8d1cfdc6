"""Reports in words, and as pictures: nothing is said that the frozen report does not say."""

import json
from dataclasses import asdict, replace
from typing import Any

import pytest

from api.pages.frame.render import render
from api.pages.kinds.feedback_round import report_pdf, report_pictures
from api.pages.kinds.feedback_round.report_pdf import written
from api.pages.kinds.feedback_round.report_words import Questions, Subject, score_text
from store.kinds.feedback_round.report_access import Because
from tests.api.pages.sample_feedback import (
    FORM,
    answers,
    feedback_pages,
    few_answers,
    sample_report,
)
from tests.api.pages.sample_frame import VISIT


@pytest.mark.parametrize(
    ("bound", "text"),
    [
        ("exact", "4.2"),
        ("at_least", "4.2 or more"),
        ("at_most", "4.2 or less"),
        ("about", "about 4.2"),
    ],
)
def test_scores_at_the_ends_are_not_said_exactly(bound: str, text: str) -> None:
    assert score_text({"mean": 4.2, "bound": bound}) == text


def test_questions_have_the_words_of_the_definition() -> None:
    names = Questions(FORM, Subject("Alexander James", "Alexander", own=False))
    assert names.name("overall") == "How well do you work with Alexander, all in all?"
    assert names.name("skills/Deciding soundly") == "Deciding soundly"
    assert names.name("skills.why") == "How do you see Alexander in each of these? In words."
    assert names.name("gone_from_the_form") == "gone from the form"


def test_groups_that_are_not_shown_have_no_number_anywhere() -> None:
    report = sample_report(given=few_answers())
    assert [(g.name, g.standing) for g in report.groups] == [("Peers", "not shown")]
    assert report.columns == ("You",)
    assert report.comparison.empty
    assert (report.highest, report.lowest, report.overall) == ((), (), None)
    assert "must not be shown" not in json.dumps(asdict(report), default=str)
    assert report.opening.startswith("No group's answers are shown")


def test_the_manager_reads_the_same_numbers_under_other_names() -> None:
    own, other = sample_report(), sample_report(Because.MANAGES)
    assert [row.numbers for row in own.rows] == [row.numbers for row in other.rows]
    assert other.columns[:2] == ("Alexander", "Manager")
    assert own.columns[:2] == ("You", "Your manager")
    assert {v.group for t in other.themes for v in t.voices} >= {"Alexander", "Alexander's manager"}


def test_more_answers_than_the_group_needs_change_no_word() -> None:
    """What a page says does not tell how many there were."""
    given = answers()
    peers = next(group for group in given if group == "peers")
    one = given[peers]
    doubled = replace(
        one, asked=10, answered=8, ratings={k: [*v, *v] for k, v in one.ratings.items()}
    )
    assert sample_report(given={**given, peers: doubled}) == sample_report()


def test_dumbbells_lie_on_the_scale_and_go_from_blind_spots_to_hidden_strengths() -> None:
    drawn = sample_report().comparison
    assert [side.side for side in drawn.sides] == ["higher", "near", "lower"]
    for side in drawn.sides:
        for rail in side.rails:
            assert report_pictures.MARGIN <= rail.left <= rail.right <= 100 - report_pictures.MARGIN
            assert (rail.own > rail.colleagues) == (side.side == "higher") or side.side == "near"
    assert [tick.text for tick in drawn.ticks] == ["1", "2", "3", "4", "5"]
    rows = {row[0]: row[1:] for row in drawn.table.rows}
    assert rows["Saying clearly what is needed"] == ("4.0", "2.6", "1.4 higher")
    assert rows["Working together"] == ("3.0", "4.5 or more", "1.5 lower")


def test_a_long_scale_has_few_marks_and_both_ends() -> None:
    points = [(value, "") for value in range(0, 101, 5)]
    one = report_pictures.Scored("q", "Q", 100.0, 0.0, "2.5 or less", 100.0)
    drawn = report_pictures.comparison(
        [one], points, who="You", apart={}, headings={"higher": "", "near": "Near", "lower": ""}
    )
    assert len(drawn.ticks) <= report_pictures.MOST_TICKS
    assert (drawn.ticks[0].text, drawn.ticks[-1].text) == ("0", "100")
    assert drawn.sides[0].rails[0].right == 100 - report_pictures.MARGIN


def test_what_people_wrote_is_text_on_the_page_and_in_the_file() -> None:
    page = feedback_pages()["feedback-report"]
    assert "agenda &lt;please&gt;." in render(page, VISIT)
    evil = "#panic() *bold* $x$ \\ @ref <label> // gone /* too */ = heading"
    report = sample_report()
    voice = replace(report.themes[0].voices[0], texts=(evil,))
    theme = replace(report.themes[0], voices=(voice,))
    assert written(replace(report, themes=(theme,))).startswith(b"%PDF-")


def test_the_file_is_accessible_and_the_same_each_time() -> None:
    file = written(sample_report())
    assert file == written(sample_report())
    assert b"pdfuaid:part>1<" in file
    assert b"/StructTreeRoot" in file
    assert b"Alexander" not in file.partition(b"/Title")[2][:200]


def test_the_file_of_the_subject_bears_their_name_on_the_sheet() -> None:
    """On paper, "about you" would be about whoever holds it."""
    own = replace(sample_report(), own=True, title="Feedback about you")
    renamed = replace(own, name="Somebody Else")
    assert renamed.first == own.first
    assert written(own) != written(renamed)


def test_letters_without_a_font_leave_a_gap_and_no_mistake(monkeypatch: Any) -> None:
    fonts = report_pdf.typst.Fonts(include_system_fonts=False)
    monkeypatch.setattr(report_pdf, "_fonts", lambda: fonts)
    report = sample_report()
    voice = replace(report.themes[0].voices[0], texts=("Well done \U0001f680 \u6f22",))
    file = written(replace(report, themes=(replace(report.themes[0], voices=(voice,)),)))
    assert b"pdfuaid" not in file
    assert b"/StructTreeRoot" in file
