"""Broken 360 rounds: a good one, a change that breaks it, and what is said about that."""

from tests.definitions.broken_files import Broken

GOOD_ROUND = """\
definition: round
title: Feedback {period}
purpose: Why.
period: previous year
scale:
  - {value: 1, label: Less}
  - {value: 2, label: As agreed}
  - {value: 3, label: More}
stages:
  - id: self
    due: 5 working days
    form: both
  - id: feedback
    kind: feedback_round
    nominate: {due: 4 working days}
    collect: {due: 8 working days}
    raters:
      self: false
      peers: {ask: 4 to 6}
    too_few: extend_once
    hold_comments: hr
    manager_first: 2 working days
forms:
  both:
    - section: Past
      questions:
        - {id: done, type: goals}
  feedback:
    - section: Together
      questions:
        - {id: keep, ask: What should stay?}
        - {id: overall, type: rating, ask: All in all}
outcome:
  rating: none
"""

BROKEN_ROUNDS = (
    Broken(
        "asks_nobody",
        "      peers: {ask: 4 to 6}",
        "      peers: {ask: 0}\n      reports: {ask: 0}\n      others: {ask: 0}\n"
        "      external: {ask: 0}",
        (
            "17:5: stages[1].raters: The round `feedback` asks nobody: colleagues, reports, others "
            "and people outside are all 0. Ask one of them. The subject and the manager alone need "
            "no round: a form asks them.",
        ),
    ),
    Broken(
        "collects_for_ever",
        "collect: {due: 8 working days}",
        "collect: {due: 8 working days, closes: when done}",
        (
            "16:44: stages[1].collect.closes: A round that never closes is never reported: what "
            "raters write stays sealed until then. Write `closes: 3 working days after due`, for "
            "example.",
        ),
    ),
    Broken(
        "approved_twice",
        "nominate: {due: 4 working days}",
        "nominate: {by: manager}\n    approve: {due: 2 working days}",
        (
            "16:5: stages[1].approve: The manager makes this list (`nominate.by: manager`): nobody "
            "approves it. Remove `approve`, or let the subject name raters.",
        ),
    ),
    Broken(
        "named_by_hr",
        "nominate: {due: 4 working days}",
        "nominate: {by: hr}",
        (
            "15:20: stages[1].nominate.by: `hr` is not possible here. Known: `subject`, `manager`, "
            "`rule`.",
        ),
    ),
    Broken(
        "collected_by",
        "collect: {due: 8 working days}",
        "collect: {by: manager}",
        (
            "16:15: stages[1].collect.by: There is no key `by`. Known: `title`, `due`, `closes`, "
            "`ladder`, `at_least`.",
        ),
    ),
    Broken(
        "too_few_unknown",
        "too_few: extend_once",
        "too_few: extend",
        ("20:14: stages[1].too_few: `extend` is not possible here. Did you mean `extend_once`?",),
    ),
    Broken(
        "held_by_nobody_known",
        "hold_comments: hr",
        "hold_comments: manager",
        ("21:20: stages[1].hold_comments: `manager` is not possible here. Known: `hr`.",),
    ),
    Broken(
        "held_by_true",
        "hold_comments: hr",
        "hold_comments: true",
        ("21:20: stages[1].hold_comments: `true` is not possible here. Known: `hr`.",),
    ),
    Broken(
        "first_in_weeks",
        "manager_first: 2 working days",
        "manager_first: 2 weeks",
        (
            "22:20: stages[1].manager_first: `2 weeks` cannot be counted: the manager reads so "
            "many working days earlier. Write `2 working days`, or leave it out: then both read at "
            "the same time.",
        ),
    ),
    Broken(
        "first_by_nothing",
        "manager_first: 2 working days",
        "manager_first: 0 working days",
        (
            "22:20: stages[1].manager_first: `0 working days` cannot be counted: the manager reads "
            "so many working days earlier. Write `2 working days`, or leave it out: then both read "
            "at the same time.",
        ),
    ),
    Broken(
        "of_another_kind",
        "    form: both",
        "    form: both\n    too_few: extend_once\n    manager_first: 2 working days",
        (
            "13:5: stages[0].too_few: A stage of kind `form` has no `too_few`. It belongs to "
            "`feedback_round`.",
            "14:5: stages[0].manager_first: A stage of kind `form` has no `manager_first`. It "
            "belongs to `feedback_round`.",
        ),
    ),
    Broken(
        "self_in_words",
        "self: false",
        "self: no thanks",
        ("18:13: stages[1].raters.self: `no thanks` is neither `true` nor `false`.",),
    ),
    Broken(
        "fewer_than_asked",
        "peers: {ask: 4 to 6}",
        "peers: {ask: 4 to 6, at_most: 5}",
        (
            "19:37: stages[1].raters.peers.at_most: 6 are asked for, but no more than 5 may be "
            "named. Write `at_most: 6`, or ask for fewer.",
        ),
    ),
    Broken(
        "scale_of_two",
        "  - {value: 3, label: More}\n",
        "",
        (
            "5:1: scale: Raters need a scale of three points or more, evenly spaced: on another "
            "one a mean could tell what each of them answered. Write the values 1, 2, 3, for "
            "example.",
        ),
    ),
    Broken(
        "scale_uneven",
        "value: 3",
        "value: 4",
        (
            "5:1: scale: Raters need a scale of three points or more, evenly spaced: on another "
            "one a mean could tell what each of them answered. Write the values 1, 2, 3, for "
            "example.",
        ),
    ),
    Broken(
        "beside_raters",
        "    too_few: extend_once",
        "    too_few: extend_once\n    beside: self",
        (
            "21:5: stages[1].beside: Raters see nobody else's answers beside their form. Remove "
            "it. A later stage may have the round beside its own form.",
        ),
    ),
    Broken(
        "goals_of_others",
        "{id: keep, ask: What should stay?}",
        "{id: keep, type: goals}",
        (
            "31:28: forms.feedback[0].questions[0].type: Raters cannot be asked for `goals`: those "
            "are the subject's own. Ask about them in a `text`.",
        ),
    ),
    Broken(
        "rating_of_raters",
        "rating: none",
        "rating: feedback.overall",
        (
            "34:11: outcome.rating: What raters answer is nobody's rating: nobody reads it as one "
            "person's answer. Name a question of the manager's form: `manager.overall`, for "
            "example.",
        ),
    ),
    Broken(
        "steps_in_weeks",
        "nominate: {due: 4 working days}",
        "nominate: {due: 1 week}",
        (
            "13:5: stages[1].due: This is missing: the steps of this round are not all counted in "
            "working days. Write `due: 20 working days`, for example.",
        ),
    ),
)
