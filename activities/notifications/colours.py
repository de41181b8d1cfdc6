"""The colours that mails share with pages: read from the style sheet of the pages, their source."""

import re
from functools import lru_cache
from pathlib import Path

STYLES = Path(__file__).resolve().parents[2] / "api" / "static" / "almanac.css"
SHARED = ("accent", "on_accent")


@lru_cache(maxsize=1)
def shared_colours() -> dict[str, str]:
    """`accent` and `on_accent` of the light scheme, `dark_accent` and `dark_on_accent`.

    Raises ValueError if the style sheet does not name each of them once for each scheme.
    """
    styles = STYLES.read_text("utf-8")
    found: dict[str, str] = {}
    for name in SHARED:
        values = re.findall(rf"--{name.replace('_', '-')}: (#[0-9a-f]{{6}});", styles)
        if len(values) != len(("light", "dark")):
            raise ValueError(f"--{name} is not named once for each scheme in {STYLES.name}")
        found[name], found[f"dark_{name}"] = values
    return found
