"""Words of a plan of what somebody wants to learn."""

from api.pages.kinds.words import KindWords

WORDS = KindWords(name="development plan")
