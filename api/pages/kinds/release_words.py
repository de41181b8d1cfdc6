"""Words of the release of results by HR."""

from api.pages.kinds.words import KindWords

WORDS = KindWords(
    name="release by HR",
    verb=lambda _: "Release the results",
    seen_by="Managers read the results of their people.",
    done="Released",
    holder="the HR desk",
)
