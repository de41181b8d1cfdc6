"""Which tasks a member of a desk sees and counts: one rule for lists, counts and ledgers.

Lists, and every number made of the same tasks, leave out the same ones. Else the difference of two
numbers would tell how far a hidden case is.
"""

NOT_OWN_CASE = "(t.subject_id IS NULL OR t.subject_id <> ALL(CAST(:hidden AS bigint[])))"
"""Of `tasks t`: not the reader's own case, nor one of their own manager line (language reference
§4). `hidden` comes from `store.access.hidden_cases`."""

COUNTED = f"(s.kind <> 'collect' OR s.state = 'closed') AND {NOT_OWN_CASE}"
"""Of `tasks t` in `stages s`: what may be shown in a list or a number. What raters do counts
nowhere while their round is open (language reference §2, feedback_round)."""
