"""Words of a session in which managers compare ratings."""

from api.pages.kinds.words import KindWords

WORDS = KindWords(name="calibration")
