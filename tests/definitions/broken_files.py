"""Broken definitions: a good one, a change that breaks it, and what is said about that."""

from typing import NamedTuple

GOOD = """\
definition: review
title: Review {period}
purpose: Why.
period: previous year
launch:
  every: year
  on: 12 January
audience:
  who: person.reports > 0
stages:
  - id: self
    due: 10 working days
    closes: 5 working days after due
  - id: manager
    assignee: manager
    due: 10 working days
    ladder: gentle
    beside: [self]
forms:
  self:
    - section: Past
      questions:
        - id: done
          ask: What was done?
        - id: mood
          type: choice
          ask: How was it?
          options: [Good, Bad]
  manager:
    - section: Past
      questions:
        - id: overall
          type: rating
          ask: All in all
          explain: true
outcome:
  rating: [manager.overall]
"""


class Broken(NamedTuple):
    """`old` is replaced by `new` once; `said` is everything that is then reported."""

    name: str
    old: str
    new: str
    said: tuple[str, ...]


BROKEN = (
    Broken(
        "unknown_top_key",
        "purpose:",
        "propose:",
        (
            "1:1: purpose: This is missing. Write `purpose: Why this is done, who "
            "reads it, and what it is used for.`.",
            "3:1: propose: There is no key `propose`. Did you mean `purpose`?",
        ),
    ),
    Broken(
        "missing_title",
        ("title: Review {period}\n"),
        "",
        ("1:1: title: This is missing. Write `title: Annual review {period}`.",),
    ),
    Broken(
        "unknown_stage_key",
        "    ladder: gentle",
        "    lader: gentle",
        ("17:5: stages[1].lader: There is no key `lader`. Did you mean `ladder`?",),
    ),
    Broken(
        "missing_due",
        ("    due: 10 working days\n    closes"),
        "    closes",
        ("11:5: stages[0].due: This is missing. Write `due: 10 working days`, for example.",),
    ),
    Broken(
        "missing_id",
        ("  - id: self\n    due"),
        "  - due",
        ("11:5: stages[0].id: This is missing. Write `id: self`.",),
    ),
    Broken(
        "duplicate_key",
        ("    ladder: gentle\n"),
        ("    ladder: gentle\n    ladder: none\n"),
        (
            "18:5: stages[1].ladder: `ladder` stands there twice. The first one is "
            "in line 17; keep one of them.",
        ),
    ),
    Broken(
        "duplicate_stage",
        "  - id: manager",
        "  - id: self",
        (
            "14:9: stages[1].id: Another stage is called `self`. Rename one.",
            "18:14: stages[1].beside[0]: A stage cannot name itself. Name another stage.",
            "37:12: outcome.rating[0]: There is no stage `manager`. Known: `self`.",
        ),
    ),
    Broken(
        "reserved_id",
        "  - id: self",
        "  - id: launch",
        (
            "11:5: stages[0]: The stage `launch` asks nothing: there is no form "
            "`launch`. Write it under `forms:`, or name another one: `self`, "
            "`manager`.",
            "11:9: stages[0].id: `launch` is a word of the language. Choose another id.",
            "18:14: stages[1].beside[0]: There is no stage `self`. Known: `launch`.",
        ),
    ),
    Broken(
        "id_with_space",
        "  - id: self",
        "  - id: my self",
        (
            "11:9: stages[0].id: `my self` cannot be an id. Letters, digits and "
            "`_` only, starting with a letter.",
        ),
    ),
    Broken(
        "unknown_kind",
        "    assignee: manager",
        "    kind: metting",
        ("15:11: stages[1].kind: `metting` is not possible here. Did you mean `meeting`?",),
    ),
    Broken(
        "abbreviated_duration",
        ("due: 10 working days\n    closes"),
        ("due: 10 wd\n    closes"),
        ("12:10: stages[0].due: `10 wd` is no duration. Did you mean `10 working days`?",),
    ),
    Broken(
        "duration_without_unit",
        ("due: 10 working days\n    closes"),
        ("due: 10\n    closes"),
        ("12:10: stages[0].due: 10 of what? Write the unit, too: `10 working days`.",),
    ),
    Broken(
        "closes_without_anchor",
        "closes: 5 working days after due",
        "closes: 5 working days",
        (
            "13:13: stages[0].closes: `5 working days` leaves open after what. "
            "Write `5 working days after due`, for example.",
        ),
    ),
    Broken(
        "closes_after_stage",
        "closes: 5 working days after due",
        "closes: 5 working days after self",
        (
            "13:13: stages[0].closes: `self` is no instant. If it is a stage, say "
            "which instant of it: `self.due`, for example.",
        ),
    ),
    Broken(
        "closes_never_ends",
        "closes: 5 working days after due",
        "closes: never",
        ("13:13: stages[0].closes: `never` is no closing. Did you mean `when done`?",),
    ),
    Broken(
        "no_such_day",
        ("due: 10 working days\n    closes"),
        ("due: 2027-02-30\n    closes"),
        ("12:10: stages[0].due: There is no day 2027-02-30. Write an existing date, YYYY-MM-DD.",),
    ),
    Broken(
        "date_with_words",
        "closes: 5 working days after due",
        "closes: 5 working days after period.begin",
        (
            "13:13: stages[0].closes: A period has no `begin`. Write "
            "`period.start` or `period.end`.",
        ),
    ),
    Broken(
        "unknown_anchor_stage",
        "closes: 5 working days after due",
        "closes: 5 working days after manger.due",
        ("13:13: stages[0].closes: There is no stage `manger`. Did you mean `manager`?",),
    ),
    Broken(
        "anchor_closes_when_done",
        "closes: 5 working days after due",
        "closes: 5 working days after manager.closes",
        (
            "13:13: stages[0].closes: `manager` closes when done, so nothing can "
            "be counted from that. Count from `manager.due`, or say when that "
            "stage closes.",
        ),
    ),
    Broken(
        "hire_date_without_hire",
        ("due: 10 working days\n    closes"),
        ("due: 30 days after hire_date\n    closes"),
        (
            "12:10: stages[0].due: `hire_date` means something only in a cycle "
            "that starts with each hire. Write `every: hire` under `launch`, or "
            "count from `launch`.",
        ),
    ),
    Broken(
        "counts_from_itself",
        ("due: 10 working days\n    closes"),
        ("due: 3 days after due\n    closes"),
        (
            "12:10: stages[0].due: `due: 3 days after due` counts in a circle. "
            "Count one of them from another stage, from `launch` or from a date.",
        ),
    ),
    Broken(
        "opens_due_circle",
        ("due: 10 working days\n    closes"),
        ("due: 3 days after opens\n    opens: 3 days before due\n    closes"),
        (
            "13:12: stages[0].opens: `opens: 3 days before due` counts in a "
            "circle. Count one of them from another stage, from `launch` or from a "
            "date.",
        ),
    ),
    Broken(
        "unknown_after",
        "    assignee: manager",
        "    after: selff",
        ("15:12: stages[1].after: There is no stage `selff`. Did you mean `self`?",),
    ),
    Broken(
        "after_itself",
        "    assignee: manager",
        "    after: manager",
        ("15:12: stages[1].after: A stage cannot name itself. Name another stage.",),
    ),
    Broken(
        "after_twice",
        "    assignee: manager",
        "    after: [self, self]",
        ("15:19: stages[1].after[1]: `self` stands there twice. Name each stage once.",),
    ),
    Broken(
        "stages_in_a_circle",
        ("    closes: 5 working days after due\n"),
        ("    after: manager\n"),
        (
            "13:12: stages[0].after: These stages wait for each other: self → "
            "manager → self. Break the circle.",
        ),
    ),
    Broken(
        "unknown_beside",
        "beside: [self]",
        "beside: [self, peer]",
        ("18:20: stages[1].beside[1]: There is no stage `peer`. Known: `self`.",),
    ),
    Broken(
        "unknown_form",
        "    assignee: manager",
        "    form: manger",
        ("15:11: stages[1].form: There is no form `manger`. Did you mean `manager`?",),
    ),
    Broken(
        "stage_asks_nothing",
        "    assignee: manager",
        ("    assignee: manager\n    due: 5 working days\n  - id: extra"),
        (
            "17:5: stages[2]: The stage `extra` asks nothing: there is no form "
            "`extra`. Write it under `forms:`, or name another one: `self`, "
            "`manager`.",
        ),
    ),
    Broken(
        "form_on_release",
        "    assignee: manager",
        ("    kind: release\n    form: manager"),
        (
            "16:5: stages[1].form: A stage of kind `release` has no `form`. It "
            "belongs to `form`, `feedback_round`, `meeting`.",
        ),
    ),
    Broken(
        "field_of_other_kind",
        "    ladder: gentle",
        "    check_ins: every 2 months",
        (
            "17:5: stages[1].check_ins: A stage of kind `form` has no `check_ins`. "
            "It belongs to `development_plan`.",
        ),
    ),
    Broken(
        "assignee_unfit",
        "    assignee: manager",
        ("    kind: acknowledgement\n    assignee: manager"),
        (
            "16:15: stages[1].assignee: `manager` cannot hold a task of kind "
            "`acknowledgement`. Possible: `subject`.",
            "38:12: outcome.rating[0]: `manager` asks no question `overall`.",
        ),
    ),
    Broken(
        "unknown_assignee",
        "    assignee: manager",
        "    assignee: boss",
        (
            "15:15: stages[1].assignee: `boss` is not possible here. Known: "
            "`subject`, `manager`, `manager_2`, `hr`, `facilitator`.",
        ),
    ),
    Broken(
        "unknown_ladder",
        "    ladder: gentle",
        "    ladder: gentel",
        ("17:13: stages[1].ladder: There is no ladder `gentel`. Did you mean `gentle`?",),
    ),
    Broken(
        "unknown_default_ladder",
        "outcome:",
        ("ladder: strict\noutcome:"),
        (
            "36:9: ladder: There is no ladder `strict`. Known: `standard`, "
            "`gentle`, `reminders`, `none`.",
        ),
    ),
    Broken(
        "rung_twice",
        "outcome:",
        ("ladders:\n  own: {remind: [-1, 0, -1]}\noutcome:"),
        ("37:25: ladders.own.remind[2]: The rung -1 stands there twice.",),
    ),
    Broken(
        "rung_out_of_order",
        "outcome:",
        (
            "ladders:\n"
            "  own:\n"
            "    escalate:\n"
            "      - {on: 5, to: manager}\n"
            "      - {on: 3, to: hr}\n"
            "outcome:"
        ),
        (
            "40:14: ladders.own.escalate[1].on: This rung comes on day 3, and so "
            "not after the one above it. Write escalations in the order of their "
            "days.",
        ),
    ),
    Broken(
        "rung_before_due",
        "outcome:",
        ("ladders:\n  own: {escalate: [{on: -1, to: manager}]}\noutcome:"),
        ("37:25: ladders.own.escalate[0].on: `-1` is too small. At least 1.",),
    ),
    Broken(
        "rung_no_number",
        "outcome:",
        ("ladders:\n  own: {remind: [soon]}\noutcome:"),
        (
            "37:18: ladders.own.remind[0]: `soon` is no whole number. Write a "
            "whole number, without quotes.",
        ),
    ),
    Broken(
        "unknown_to",
        "outcome:",
        ("ladders:\n  own: {escalate: [{on: 1, to: HR}]}\noutcome:"),
        ("37:32: ladders.own.escalate[0].to: `HR` is not possible here. Did you mean `hr`?",),
    ),
    Broken(
        "placeholder",
        "title: Review {period}",
        "title: Review {perod}",
        ("2:15: title: There is no placeholder `{perod}`. Did you mean `{period}`?",),
    ),
    Broken(
        "placeholder_in_question",
        "What was done?",
        '"{subject.lastname}, what was done?"',
        (
            "24:17: forms.self[0].questions[0].ask: There is no placeholder "
            "`{subject.lastname}`. Did you mean `{subject.name}`?",
        ),
    ),
    Broken(
        "visible",
        "ask: What was done?",
        ("ask: What was done?\n          visible: managers"),
        (
            "25:20: forms.self[0].questions[0].visible: `managers` is not possible "
            "here. Did you mean `manager`?",
        ),
    ),
    Broken(
        "options_for_text",
        ("          type: choice\n"),
        "",
        (
            "27:11: forms.self[0].questions[1].options: A question of type `text` "
            "has no `options`. Write `type: choice`, or remove them.",
        ),
    ),
    Broken(
        "choice_without_options",
        ("          options: [Good, Bad]\n"),
        "",
        (
            "25:11: forms.self[0].questions[1]: A choice needs at least two "
            '`options`. Write `options: ["Yes", "No"]`, for example.',
        ),
    ),
    Broken(
        "one_option",
        "[Good, Bad]",
        "[Good]",
        (
            "28:20: forms.self[0].questions[1].options: A choice needs at least "
            'two `options`. Write `options: ["Yes", "No"]`, for example.',
        ),
    ),
    Broken(
        "option_is_no_text",
        "[Good, Bad]",
        "[Good, 2]",
        (
            "28:27: forms.self[0].questions[1].options[1]: A text is wanted, not "
            '`2`. Put it in quotes: "2".',
        ),
    ),
    Broken(
        "option_is_true",
        "[Good, Bad]",
        "[Good, true]",
        (
            "28:27: forms.self[0].questions[1].options[1]: A text is wanted, not "
            '`true`. Put it in quotes: "true".',
        ),
    ),
    Broken(
        "unknown_question_type",
        "type: rating",
        "type: ratings",
        (
            "33:17: forms.manager[0].questions[0].type: `ratings` is not possible "
            "here. Did you mean `rating`?",
        ),
    ),
    Broken(
        "duplicate_question",
        "- id: mood",
        "- id: done",
        (
            "25:15: forms.self[0].questions[1].id: Another question of this form "
            "is called `done`. Rename one.",
        ),
    ),
    Broken(
        "question_without_ask",
        ("          ask: How was it?\n"),
        "",
        ("25:11: forms.self[0].questions[1].ask: This is missing. Write the question.",),
    ),
    Broken(
        "explain_for_text",
        "ask: What was done?",
        ("ask: What was done?\n          explain: true"),
        (
            "25:11: forms.self[0].questions[0].explain: `explain` asks for a text "
            "beside a rating or a choice, not beside `text`. Remove it.",
        ),
    ),
    Broken(
        "required_yes",
        "explain: true",
        "required: yes",
        (
            "35:21: forms.manager[0].questions[0].required: `yes` is neither "
            "`true` nor `false`. Write `true`.",
        ),
    ),
    Broken(
        "most_too_small",
        "ask: What was done?",
        ("ask: What was done?\n          most: 0"),
        ("25:17: forms.self[0].questions[0].most: `0` is too small. At least 1.",),
    ),
    Broken(
        "form_is_text",
        (
            "  self:\n"
            "    - section: Past\n"
            "      questions:\n"
            "        - id: done\n"
            "          ask: What was done?\n"
            "        - id: mood\n"
            "          type: choice\n"
            "          ask: How was it?\n"
            "          options: [Good, Bad]"
        ),
        "  self: questions",
        ("20:9: forms.self: A list is wanted, not `questions`. Start each item with `- `.",),
    ),
    Broken(
        "empty_value",
        "    ladder: gentle",
        "    ladder:",
        ("17:5: stages[1].ladder: This is empty. Give it a value, or leave the key out.",),
    ),
    Broken(
        "condition_typo",
        "person.reports > 0",
        "person.report > 0",
        (
            "9:8: audience.who: There is no variable `person.report`. Did you mean "
            "`person.reports`?",
        ),
    ),
    Broken(
        "condition_wrong_type",
        "person.reports > 0",
        'person.reports > "0"',
        (
            "9:23: audience.who: `>` does not fit a whole number and a text. Texts "
            'stand in quotes, numbers do not: `"5"` is a text, `5` a number.',
        ),
    ),
    Broken(
        "condition_syntax",
        "person.reports > 0",
        "person.reports > 0 and person.is_manager",
        ("9:27: audience.who: This is no condition at `and`. Write `&&`.",),
    ),
    Broken(
        "condition_assignment",
        "person.reports > 0",
        'person.department = "Finance"',
        ("9:26: audience.who: This is no condition at `=`. Write `==`.",),
    ),
    Broken(
        "condition_is_text",
        "person.reports > 0",
        "person.department",
        (
            "9:8: audience.who: This is a text, where true or false is wanted. "
            'Compare it: `person.department == "Finance"`, for example.',
        ),
    ),
    Broken(
        "condition_is_number",
        "person.reports > 0",
        "person.reports",
        ("9:8: audience.who: This is a whole number, neither true or false nor a text.",),
    ),
    Broken(
        "condition_second_line",
        "  who: person.reports > 0",
        ("  who: |\n    person.reports > 0 &&\n    person.city == 3"),
        (
            "11:17: audience.who: `==` does not fit a text and a whole number. "
            'Texts stand in quotes, numbers do not: `"5"` is a text, `5` a number.',
        ),
    ),
    Broken(
        "condition_without_person",
        "person.reports > 0",
        "department == 'Finance'",
        (
            "9:8: audience.who: There is no variable `department`. Did you mean "
            "`person.department`?",
        ),
    ),
    Broken(
        "group_by_is_bool",
        "    assignee: manager",
        ("    kind: calibration\n    group_by: person.is_manager"),
        (
            "16:15: stages[1].group_by: This is true or false, where a text is "
            'wanted. Write `person.is_manager ? "Managers" : "Others"`, for '
            "example.",
            "38:12: outcome.rating[0]: `manager` asks no question `overall`.",
        ),
    ),
    Broken(
        "when_on_later_answer",
        "ask: What was done?",
        ('ask: What was done?\n          when: answers.mood == "Good"'),
        (
            "25:17: forms.self[0].questions[0].when: `answers.mood` is not asked "
            "before this question. Ask it above, or use an answer from above.",
        ),
    ),
    Broken(
        "when_on_unknown_answer",
        "ask: How was it?",
        ('ask: How was it?\n          when: answers.don == "x"'),
        (
            "28:17: forms.self[0].questions[1].when: There is no variable "
            "`answers.don`. Did you mean `answers.done`?",
        ),
    ),
    Broken(
        "exclusion_without_reason",
        "  who: person.reports > 0",
        "  exclude: [{when: person.is_manager}]",
        (
            "9:13: audience.exclude[0].because: This is missing. Write `because: "
            "They are on probation.`.",
        ),
    ),
    Broken(
        "period",
        "previous year",
        "last year",
        ("4:9: period: `last year` is no period. Did you mean `previous year`?",),
    ),
    Broken(
        "period_from_hire",
        "previous year",
        "90 days from hire_date",
        (
            "4:9: period: A period from the hire date needs a cycle that starts "
            "with each hire. Write `every: hire` under `launch`, or `previous "
            "year`.",
        ),
    ),
    Broken(
        "launch_on",
        "12 January",
        "second Tuesday in January",
        (
            "7:7: launch.on: `second Tuesday in January` is no day of the year. "
            "Write `second Tuesday of April, July, October`, or `12 January`.",
        ),
    ),
    Broken(
        "launch_month",
        "12 January",
        "12 Januar",
        ("7:7: launch.on: `Januar` is no month. Did you mean `January`?",),
    ),
    Broken(
        "launch_day",
        "12 January",
        "31 February",
        (
            "7:7: launch.on: February has no day 31 every year. Write a day that "
            "exists every year, or `last Friday of ...`.",
        ),
    ),
    Broken(
        "launch_without_on",
        ("  every: year\n  on: 12 January"),
        "  every: year",
        (
            "6:3: launch: `every: year` needs the day. Write `on: second Tuesday "
            "of January`, for example.",
        ),
    ),
    Broken(
        "launch_on_without_every",
        ("  every: year\n"),
        "",
        ("6:7: launch.on: How often? `every` is missing. Write `every: year`.",),
    ),
    Broken(
        "launch_too_often",
        "12 January",
        "12 January, July",
        (
            "7:7: launch.on: `every: year` starts at most once a year, but these "
            "are 2 days. Remove days, or change `every`.",
        ),
    ),
    Broken(
        "launch_hire_on",
        "  every: year",
        "  every: hire",
        ("7:3: launch.on: `every: hire` needs no day. Remove `on`.",),
    ),
    Broken(
        "late_joiners",
        "  who: person.reports > 0",
        "  late_joiners: until due",
        ("9:17: audience.late_joiners: `due` of which stage? Write `self.due`, for example.",),
    ),
    Broken(
        "outcome_unknown_question",
        "[manager.overall]",
        "[manager.overal]",
        ("37:12: outcome.rating[0]: `manager` asks no question `overal`. Did you mean `overall`?",),
    ),
    Broken(
        "outcome_text",
        "[manager.overall]",
        "[self.done]",
        ("37:12: outcome.rating[0]: `self.done` is no rating, but of type `text`. Name a rating.",),
    ),
    Broken(
        "outcome_no_calibration",
        "[manager.overall]",
        "[manager]",
        (
            "37:12: outcome.rating[0]: `manager` is no calibration: say which of "
            "its questions is the rating. Write `manager.overall`, for example.",
        ),
    ),
    Broken(
        "scale_twice",
        "outcome:",
        ("scale:\n  - {value: 1, label: Low}\n  - {value: 1, label: High}\noutcome:"),
        ("38:13: scale[1].value: The point 1 stands there twice.",),
    ),
    Broken(
        "scale_short",
        "outcome:",
        ("scale: [{value: 1, label: Low}]\noutcome:"),
        ("36:8: scale: At least 2 are wanted.",),
    ),
    Broken(
        "wording_event",
        "outcome:",
        ("wording:\n  task_opend: {subject: Hello}\noutcome:"),
        (
            "37:3: wording.task_opend: `task_opend` is not possible here. Did you "
            "mean `task_opened`?",
        ),
    ),
    Broken(
        "wording_placeholder",
        "outcome:",
        ("wording:\n  task_opened: {subject: 'Hello {name}'}\noutcome:"),
        (
            "37:33: wording.task_opened.subject: There is no placeholder `{name}`. "
            "Did you mean `{subject.name}`?",
        ),
    ),
    Broken(
        "retention",
        "outcome:",
        ("retention: {DE: 3 years}\noutcome:"),
        ("36:12: retention.default: This is missing. Write `{default: 4 years, DE: 3 years}`.",),
    ),
    Broken(
        "policy",
        "outcome:",
        ("policies: {leave: stop}\noutcome:"),
        ("36:19: policies.leave: `stop` is not possible here. Known: `pause`, `keep`.",),
    ),
    Broken(
        "anonymity",
        "outcome:",
        ("anonymity: {threshold: 1}\noutcome:"),
        ("36:24: anonymity.threshold: `1` is too small. At least 2.",),
    ),
    Broken(
        "ends_own",
        "outcome:",
        ("ends: 5 working days after due\noutcome:"),
        ("36:7: ends: `due` of which stage? Write `self.due`, for example.",),
    ),
    Broken(
        "raters",
        "    assignee: manager",
        ("    kind: feedback_round\n    form: manager\n    raters: {peers: {ask: 6 to 4}}"),
        ("17:27: stages[1].raters.peers.ask: `6 to 4` runs backwards. Write `4 to 6`.",),
    ),
    Broken(
        "guidance",
        "    assignee: manager",
        ("    kind: calibration\n    guidance: {9: 10}"),
        (
            "16:16: stages[1].guidance.9: The scale has no point 9.",
            "38:12: outcome.rating[0]: `manager` asks no question `overall`.",
        ),
    ),
    Broken(
        "no_stages",
        (
            "stages:\n"
            "  - id: self\n"
            "    due: 10 working days\n"
            "    closes: 5 working days after due\n"
            "  - id: manager\n"
            "    assignee: manager\n"
            "    due: 10 working days\n"
            "    ladder: gentle\n"
            "    beside: [self]\n"
        ),
        ("stages: []\n"),
        ("10:9: stages: This list is empty. Write at least one.",),
    ),
    Broken(
        "tab",
        "    ladder: gentle",
        "\tladder: gentle",
        ("17:1: A tab. Indent with spaces.",),
    ),
    Broken(
        "unclosed_quote",
        "What was done?",
        '"What was done?',
        ("24:16: The file ends inside quotes. Close the quotation mark.",),
    ),
    Broken(
        "colon_in_text",
        "What was done?",
        "What: was done?",
        (
            "24:20: A second `: ` in one line. Put a text that contains `: ` in "
            "quotes, or check the indentation.",
        ),
    ),
    Broken(
        "bad_indent",
        "    ladder: gentle",
        "     ladder: gentle",
        (
            "17:12: A second `: ` in one line. Put a text that contains `: ` in "
            "quotes, or check the indentation.",
        ),
    ),
    Broken(
        "tag",
        "12 January",
        "!!str 12 January",
        ("7:7: The tag `tag:yaml.org,2002:str` means nothing here. Remove it.",),
    ),
    Broken(
        "anchor_missing",
        "12 January",
        "*day",
        ("7:7: There is no anchor `&day` above. Write it out.",),
    ),
    Broken(
        "second_document",
        "outcome:",
        ("---\noutcome:"),
        ("36:1: A second document starts here. Remove `---`.",),
    ),
    Broken(
        "retention_in_working_days",
        "purpose: Why.",
        "purpose: Why.\nretention: 400 working days",
        (
            "4:12: retention: How long answers are kept is not counted in working days. Write it "
            "in days, weeks, months or years: `4 years`.",
        ),
    ),
    Broken(
        "retention_of_a_country_in_working_days",
        "purpose: Why.",
        "purpose: Why.\nretention: {default: 4 years, DE: 90 working days}",
        (
            "4:35: retention.DE: How long answers are kept is not counted in working days. Write "
            "it in days, weeks, months or years: `4 years`.",
        ),
    ),
)
