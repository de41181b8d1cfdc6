"""The mail templates: read, joined with their sentences, compiled once, filled per mail.

A template is structure, a message catalogue holds the sentences. When a template is first
needed in a language:

1. `[[> part ]]` becomes the part, `[[ key ]]` the message, in the source;
2. an HTML body is put into the layout and turned from MJML into HTML, Jinja marks and all;
3. the result is compiled by Jinja: autoescaped for HTML, plain for text.

So per mail only Jinja runs, and whatever a person typed is escaped where it is filled in.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Literal

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup
from mjml import mjml2html
from ruamel.yaml import YAML

from activities.notifications.colours import shared_colours
from activities.notifications.language import Grammar, LanguageCode, first_upper
from domain.texts import on_one_line

ROOT = Path(__file__).resolve().parents[2] / "templates" / "mail"

Name = Literal["subject.txt", "body.txt", "line.txt", "line.html", "body.html"]
"""`line.html` is `line.txt` filled with escaping: an entry of the HTML list."""

ALLOWED_TAGS = frozenset(
    {
        *("mjml", "mj-head", "mj-title", "mj-preview", "mj-attributes", "mj-all", "mj-class"),
        *("mj-style", "mj-body", "mj-section", "mj-column", "mj-text", "mj-table", "mj-button"),
        *("mj-divider", "mj-raw"),
        *("a", "b", "div", "li", "span", "tr", "td", "ul", "meta"),
    }
)
"""MJML accepts an unknown element in silence and drops it; here it is an error."""

_PART = re.compile(r"\[\[> (\w+) \]\]")
_MESSAGE = re.compile(r"\[\[ (\w+\.\w+) \]\]")
_HIDDEN = re.compile(r"@@(\d+)@@")
_ONLY_BLOCKS = re.compile(r"^(?: *{%[^%]*%} *)+\n", re.MULTILINE)
_BODY = "[[< body ]]"
_JINJA = re.compile(r"({{.*?}}|{%.*?%})", re.DOTALL)
_CURLY = "\N{RIGHT SINGLE QUOTATION MARK}"
_BETWEEN_LETTERS = re.compile(r"(?<=\w)'(?=\w)")
_BEFORE_BLOCK = re.compile(r"(?<=>)(?=<(?:table|/table|tbody|tr|td|/td|div|/div|meta|style)\b)")


class TemplateError(ValueError):
    """A template or a catalogue is wrong: an unknown tag, key or part. Not about any mail."""


@dataclass(frozen=True, slots=True)
class Action:
    """How a kind of task is named: `do`, `many` and `button` to its assignee, `thing` to others."""

    do: str
    thing: str
    button: str
    many: str | None = None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The sentences of one language, keyed `group.name`, and the names of actions."""

    messages: Mapping[str, str]
    actions: Mapping[str, Action]

    def action(self, kind: str, role: str, stage: str) -> Action:
        """Return the most particular wording: of a stage of a shipped definition (its name, a full
        stop, the stage's id), by role, by kind, any."""
        keys = (f"{kind}.{role}/{stage}", f"{kind}/{stage}", f"{kind}.{role}", kind, "plain")
        return next(found for key in keys if (found := self.actions.get(key)))


def read_catalogue(root: Path, language: LanguageCode) -> Catalogue:
    """Read the catalogue of a language. Raises TemplateError if a message holds markup."""
    content = YAML(typ="safe").load((root / "messages" / f"{language}.yaml").read_text("utf-8"))
    actions = {str(key): Action(**value) for key, value in content.pop("actions").items()}
    messages = {
        f"{group}.{name}": str(text).strip(" \n")  # a no-break space is meant
        for group, named in content.items()
        for name, text in named.items()
    }
    messages |= {f"colours.{name}": colour for name, colour in shared_colours().items()}
    for key, text in messages.items():
        if re.search(r"[<>&]", _JINJA.sub("", text)):
            raise TemplateError(f"message {key} ({language}) holds markup")
    return Catalogue(messages, actions)


@dataclass(slots=True)
class Templates:
    """The compiled templates of one language. Filled as they are asked for; keep one."""

    language: LanguageCode
    root: Path = ROOT
    catalogue: Catalogue = field(init=False)
    plain: Grammar = field(init=False)
    curly: Grammar = field(init=False)
    _compiled: dict[tuple[str, Name], Template] = field(init=False, default_factory=dict)
    _actions: dict[tuple[str, str, str, bool], Action] = field(init=False, default_factory=dict)
    _text: Environment = field(init=False)
    _html: Environment = field(init=False)

    def __post_init__(self) -> None:
        self.catalogue = read_catalogue(self.root, self.language)
        self.plain = Grammar(self.language)
        self.curly = Grammar(self.language, _CURLY)
        self._text = self._environment(self.plain, html=False)
        self._html = self._environment(self.curly, html=True)

    def get(self, folder: str, name: Name) -> Template:
        """Return a compiled template. Raises TemplateError or Jinja's errors if it is wrong."""
        key = (folder, name)
        if (found := self._compiled.get(key)) is None:
            found = self._compiled[key] = self._compile(folder, name)
        return found

    def action(self, kind: str, role: str, stage: str, *, html: bool) -> Action:
        """Return the names of an action, with the apostrophes of the part they are for."""
        key = (kind, role, stage, html)
        if (found := self._actions.get(key)) is None:
            found = self.catalogue.action(kind, role, stage)
            if html:
                found = Action(
                    _curled(found.do),
                    _curled(found.thing),
                    _curled(found.button),
                    _curled(found.many) if found.many else None,
                )
            if len(self._actions) < 4096:  # stages are HR's: bounded all the same
                self._actions[key] = found
        return found

    def _compile(self, folder: str, name: Name) -> Template:
        if name == "line.html":
            source = self._joined(folder, "line.txt")
            return self._html.from_string(_curled(source))
        if name == "body.html":
            source = self._joined(folder, name, layout="layout.mjml")
            check_tags(source, f"{folder}/{name}")
            return self._html.from_string(_curled_text(_to_html(source)))
        layout = "layout.txt" if name == "body.txt" else None
        return self._text.from_string(self._joined(folder, name, layout=layout))

    def _joined(self, folder: str, name: str, layout: str | None = None) -> str:
        source = (self.root / folder / name).read_text("utf-8")
        if layout is not None:
            source = (self.root / layout).read_text("utf-8").replace(_BODY, source.strip("\n"))
        suffix = Path(name).suffix

        def part(match: re.Match[str]) -> str:
            return (self.root / "parts" / f"{match[1]}{suffix}").read_text("utf-8").strip("\n")

        def message(match: re.Match[str]) -> str:
            try:
                return _MESSAGE.sub(message, self.catalogue.messages[match[1]])
            except KeyError:
                raise TemplateError(f"no message {match[1]} ({self.language})") from None

        source = _PART.sub(part, source)
        if suffix == ".txt":  # a line of nothing but marks leaves no line
            source = _ONLY_BLOCKS.sub(lambda match: match[0].rstrip("\n"), source)
        return _MESSAGE.sub(message, source)

    def _environment(self, grammar: Grammar, *, html: bool) -> Environment:
        environment = Environment(
            autoescape=html,  # noqa: S701 (the other environment makes plain text)
            undefined=StrictUndefined,
            finalize=one_line,
        )
        environment.globals.update(
            zone=grammar.zone, whose=grammar.whose, number=grammar.number, clock=grammar.clock
        )
        environment.globals["language"] = self.language
        environment.filters.update(listed=grammar.listed, first_upper=first_upper)
        return environment


def one_line(value: object) -> object:
    """Return what is filled in without line breaks and control characters.

    A name with a line break in it must not be able to write lines of its own.
    """
    if not isinstance(value, str) or value.isprintable():
        return value
    cleaned = on_one_line(value)
    return Markup(cleaned) if isinstance(value, Markup) else cleaned  # noqa: S704


def check_tags(source: str, name: str) -> None:
    """Raise TemplateError if MJML source holds an element outside the allow list."""
    found: set[str] = set()

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            found.add(tag)

    Reader().feed(_JINJA.sub("", source))
    if unknown := found - ALLOWED_TAGS:
        raise TemplateError(f"{name}: not allowed in a mail: {', '.join(sorted(unknown))}")


def _to_html(source: str) -> str:
    """Turn MJML into HTML. What Jinja will read is kept from MJML, which would read `<` in it."""
    marks: list[str] = []

    def hide(match: re.Match[str]) -> str:
        marks.append(match[0])
        return f"@@{len(marks) - 1}@@"

    # No fonts: a font that is not the reader's own would be fetched, and so tell who reads.
    html = mjml2html(_JINJA.sub(hide, source), fonts={})
    html = _BEFORE_BLOCK.sub("\n", html)  # SMTP allows lines of 998 octets
    return _HIDDEN.sub(lambda match: marks[int(match[1])], html)


def _curled(text: str) -> str:
    """Return the text with typographic apostrophes, outside of what Jinja fills in."""
    pieces = _JINJA.split(text)
    return "".join(
        piece if index % 2 else _BETWEEN_LETTERS.sub(_CURLY, piece)
        for index, piece in enumerate(pieces)
    )


def _curled_text(html: str) -> str:
    """The same for HTML: only in what is read, not in tags and styles."""
    head, mark, body = html.partition("<body")
    pieces = re.split(r"(<[^>]*>|{{.*?}}|{%.*?%})", mark + body, flags=re.DOTALL)
    return head + "".join(
        piece if index % 2 else _BETWEEN_LETTERS.sub(_CURLY, piece)
        for index, piece in enumerate(pieces)
    )
