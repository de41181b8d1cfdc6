"""What colleagues of the demo company write about each other."""

ABOUT_WORK = (
    "Brings the open question into the room before we decide. In the planning for the spring, that "
    "one question saved us two weeks.",
    "Writes down what was agreed the same day, so that nobody has to ask twice.",
    "Takes time for new colleagues. I have seen the first week of three of them, and each felt "
    "welcome.",
    "Says no early and says why. I can plan with that.",
    "Looks at the numbers first and at opinions second; our discussions got shorter since.",
    "When the supplier failed us in summer, stayed calm and found the second one by evening.",
    "Shares half-finished work and asks for views. I do the same now.",
    "Keeps promises to customers, and tells them before a date moves.",
    "Explains difficult things with a drawing. The whole team uses those drawings.",
)

WISHES = (
    "Hand over earlier when there is too much on the desk; we would gladly help.",
    "Invite those who speak less. Some of the best ideas come after the meeting, by mail.",
    "Shorter mails. The first sentence is usually the one that I need.",
    "Let unfinished things go out sooner; they are better than you think.",
    "Fewer parallel topics in one week, please.",
    "Say more often what went well, also to others.",
    "Ask for feedback in between, not only once a year.",
    "Take the lead in the weekly meeting now and then; you see more than you say.",
)
