"""Words of a conversation between a person and their manager."""

from api.pages.kinds.words import KindWords

WORDS = KindWords(
    name="conversation",
    verb=lambda task: f"{task.title.strip()} with {task.subject or 'somebody'}",
)
