"""Conditions: what they can ask, and what is said when they are wrong."""

from dataclasses import replace
from datetime import date

import pytest

from definitions.expressions import (
    ExpressionError,
    PersonFacts,
    compile,  # noqa: A004 - tested under its own name
    condition_holds,
    mentions_person,
    variables,
)
from definitions.forms import Form, Question, Section

ADA = PersonFacts(
    employee_id="E1",
    first_name="Ada",
    last_name="Lovelace",
    department="Engineering",
    city="London",
    country="GB",
    hire_date=date(2026, 1, 5),
    tenure_days=372,
    is_manager=True,
    reports=3,
)
QUESTIONS = (
    Question(id="mood", type="choice", ask="How?", options=("Good", "Bad")),
    Question(id="overall", type="rating", ask="All in all"),
    Question(id="hours", type="number", ask="How many?"),
    Question(id="since", type="date", ask="Since when?"),
    Question(id="goals", type="goals"),
    Question(id="skills", type="competencies"),
    Question(id="why", ask="Why?"),
)
FORM: Form = (Section(section="All", questions=QUESTIONS),)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ('person.department == "Engineering"', True),
        ('person.department in ["Sales", "Finance"]', False),
        ("person.reports > 0 && person.tenure_days >= 365", True),
        ('person.hire_date < timestamp("2026-02-01T00:00:00Z")', True),
        ('person.hire_date.getFullYear("Europe/London") == 2026', True),
        ('person.level == ""', True),
        ('person.manager_id == "" || person.city.startsWith("L")', True),
        ('person.is_manager ? "Managers" : person.department', "Managers"),
    ],
)
def test_conditions_ask_about_the_record(text: str, answer: bool | str) -> None:
    assert compile(text).evaluate(ADA) == answer


def test_every_documented_variable_exists() -> None:
    import definitions.expressions as module

    documented = module.__doc__ or ""
    assert [name for name in variables() if f"`{name}`" not in documented] == []
    for name in variables():
        assert compile(f"{name} == {name}").evaluate(ADA) is True


@pytest.mark.parametrize(
    ("text", "at", "message", "hint"),
    [
        (
            'person.departement == "x"',
            (1, 1),
            "There is no variable `person.departement`.",
            "Did you mean `person.department`?",
        ),
        (
            'true && departement == "x"',
            (1, 9),
            "There is no variable `departement`.",
            "Did you mean `person.department`?",
        ),
        (
            'true &&\n  person.citty == "x"',
            (2, 3),
            "There is no variable `person.citty`.",
            "Did you mean `person.city`?",
        ),
        ("siz(person.city) > 3", (1, 1), "There is no function `siz`.", "Did you mean `size`?"),
        (
            "person.reports == 2.5",
            (1, 16),
            "`==` does not fit a whole number and a number.",
            "",
        ),
        ("person.reports >", (1, 17), "The condition breaks off.", None),
        ("person.is_manager or true", (1, 19), "This is no condition at `or`.", "Write `||`."),
        ("(" * 60 + "true" + ")" * 60, (1, 1), "It is nested too deeply.", None),
        ("person.hire_date", (1, 1), None, ""),
    ],
)
def test_a_wrong_condition_says_where_and_what(
    text: str, at: tuple[int, int], message: str | None, hint: str | None
) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile(text)
    error = caught.value
    assert (error.line, error.column) == at
    assert message is None or error.message == message
    assert hint is None or error.hint == hint


@pytest.mark.parametrize("text", ["1 / (person.reports - 3) == 1", 'person.city.matches("(")'])
def test_an_evaluation_that_fails_is_never_true(text: str) -> None:
    with pytest.raises(ExpressionError):
        compile(text).evaluate(ADA)


def test_a_failure_quotes_no_record() -> None:
    expression = compile("timestamp(person.last_name) > person.hire_date")
    with pytest.raises(ExpressionError) as caught:
        expression.evaluate(replace(ADA, last_name="Secret"))
    assert "Secret" not in str(caught.value)


def test_endless_loops_are_stopped() -> None:
    numbers = "[" + ",".join(map(str, range(40))) + "]"
    text = f"{numbers}.all(a, {numbers}.all(b, {numbers}.all(c, {numbers}.all(d, a+b+c+d >= 0))))"
    with pytest.raises(ExpressionError):
        compile(text).evaluate(ADA)


@pytest.mark.parametrize(
    ("text", "answers", "holds"),
    [
        ('answers.mood != "Good"', {"mood": "Bad"}, True),
        ('answers.mood != "Good"', {}, True),
        ('answers.mood == "Good"', {"mood": 3}, False),
        ("answers.overall > 0 && answers.overall < 3", {"overall": 2}, True),
        ("answers.overall > 0 && answers.overall < 3", {}, False),
        ("answers.hours > 1.5", {"hours": 2}, True),
        ('answers.since > "2026-01-01"', {"since": "2026-02-01"}, True),
        ("size(answers.goals) > 0", {"goals": [{"goal": "x", "progress": 1}]}, True),
        ('"teamwork" in answers.skills', {"skills": {"teamwork": 3}}, True),
        ("1 / answers.overall == 1", {}, True),
    ],
)
def test_questions_depend_on_answers(text: str, answers: dict[str, object], holds: bool) -> None:
    assert condition_holds(text, FORM, answers) is holds


def test_questions_can_depend_on_the_record_where_it_is_known() -> None:
    text = 'answers.mood == "Bad" && person.is_manager'
    assert condition_holds(text, FORM, {"mood": "Bad"}, ADA) is True
    assert mentions_person(text)
    assert not mentions_person('answers.why == "person.city"')


def test_the_same_condition_is_checked_once() -> None:
    assert compile("person.reports > 1") is compile("person.reports > 1")


GROWING = [
    "[person.city]" + ".map(a, a + a)" * 21 + ".size() > 0",
    "[person.city]" + ".map(a, [a, a])" * 21 + ".size() > 0",
    "[[person.city]]" + ".map(a, a + a)" * 21 + ".size() > 0",
    "[person.city]" + ".map(a, {'x': a, 'y': a})" * 21 + ".size() > 0",
    "[person.city]" + ".map(a, [a + a, a + a])" * 12 + ".size() > 0",
    "answers.aims.map(a, answers.aims.map(b, a.goal + b.goal)).size() > 0",
]


@pytest.mark.parametrize("text", GROWING)
def test_a_condition_whose_values_double_is_refused_before_it_is_evaluated(text: str) -> None:
    form = [Question(id="aims", type="goals")]
    with pytest.raises(ExpressionError) as refused:
        compile(text, "answers", form)
    assert "grow too large" in str(refused.value)
    assert (refused.value.line, refused.value.column) == (1, 1)


@pytest.mark.parametrize(
    "text",
    [
        "answers.aims.exists(g, g.progress + 10 > 50)",
        'answers.aims.map(g, g.goal + ": " + g.note).size() > 1',
        "answers.aims.filter(g, g.progress < 50).size() > 2",
        "answers.aims.all(g, answers.aims.exists(h, h.goal == g.goal))",
        'person.department + "/" + person.city == "Finance/Oslo"',
    ],
)
def test_conditions_that_people_write_are_far_from_the_bound(text: str) -> None:
    compile(text, "answers", [Question(id="aims", type="goals")])
