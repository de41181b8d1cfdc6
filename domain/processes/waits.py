"""What a process waits for: the codes, each with words that complete "waits for ...".

A turn answers with a code (`domain.progress.Progress.waits_for`); pages and histories read the
words here.
"""

WAITS = {
    "opening": "the next opening",
    "report": "the day on which a report opens",
    "rung": "the next reminder or escalation",
    "close": "a close",
    "day": "the next working day",
    "entry": "somebody to enter",
    "people": "people to do their tasks",
    "predecessors": "what comes before it",
    "approval": "HR's approval",
    "paused": "HR to resume",
    "stages": "its stages",
    "launch": "the next launch",
    "mail": "the next mail",
    "more-mail": "more mail than one sender takes",
    "relay": "the mail server",
    "ended": "nothing: it has ended",
    "closed": "nothing: it is closed",
    "down": "the end of an outage",
}
