"""Words of the answer that a subject puts on record."""

from api.pages.kinds.words import KindWords

WORDS = KindWords(
    name="answer on record",
    verb=lambda _: "Acknowledge your review",
    of_others=lambda _: "Acknowledge the review",
    readers="Your manager and HR read it, now and later.",
    seen_by="It stays beside your review. Your manager and HR read it.",
    done="On record",
    expired="Not answered",
)
