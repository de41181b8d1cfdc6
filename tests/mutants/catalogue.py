"""The mutants: those that undo a mend, written by hand, and one for each boundary of a file.

`catalogue/*.yaml` holds both. An entry with `find` is one mutant. An entry with `boundaries` names
a file in which every comparison is moved by one: `<` becomes `<=`, `>=` becomes `>`, and so on;
those of Python, and those of SQL with a value that is handed in.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FOLDER = Path(__file__).parent / "catalogue"

MOVED: Mapping[type[ast.cmpop], str] = {
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
}
SQL = re.compile(r"(?<![-<>=|&@~%])(<=|>=|<|>)(?= :[a-z])")
MOVED_SQL = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one file, and the tests of which one must fail."""

    id: str
    undoes: str
    file: str
    line: int
    find: str
    replace: str
    tests: tuple[str, ...]

    def applied(self, source: str) -> str:
        """The source with the change. Raises ValueError if its place is not found."""
        if self.line:
            lines = source.splitlines(keepends=True)
            if self.find not in lines[self.line - 1]:
                raise ValueError(f"{self.id}: {self.file}:{self.line} has no {self.find!r}")
            lines[self.line - 1] = lines[self.line - 1].replace(self.find, self.replace, 1)
            return "".join(lines)
        if source.count(self.find) != 1:
            raise ValueError(f"{self.id}: {source.count(self.find)} times in {self.file}")
        return source.replace(self.find, self.replace)


def mutants() -> list[Mutant]:
    """All of them, in the order of the files."""
    found: list[Mutant] = []
    for path in sorted(FOLDER.glob("*.yaml")):
        for entry in yaml.safe_load(path.read_text(encoding="utf-8")):
            if "boundaries" in entry:
                found += _boundaries(entry)
            else:
                tests = tuple(entry["tests"])
                written = (entry["file"], 0, entry["find"], entry["replace"])
                found.append(Mutant(entry["id"], entry["undoes"], *written, tests))
    return found


def exempt() -> list[tuple[str, str, str]]:
    """File, comparison and reason of each boundary that makes no difference."""
    return [
        (entry["boundaries"], comparison, reason)
        for path in sorted(FOLDER.glob("*.yaml"))
        for entry in yaml.safe_load(path.read_text(encoding="utf-8"))
        for comparison, reason in entry.get("makes_no_difference", {}).items()
    ]


def _boundaries(entry: Mapping[str, Any]) -> Iterator[Mutant]:
    name = entry["boundaries"]
    source = (ROOT / name).read_text(encoding="utf-8")
    skipped = entry.get("makes_no_difference", {})
    for compare, moved in comparisons(source):
        written = ast.unparse(compare)
        if written in skipped:
            continue
        lines = source.splitlines()[compare.lineno - 1 : compare.end_lineno]
        if len(lines) != 1:
            raise ValueError(f"{name}:{compare.lineno}: write the comparison on one line")
        begin, end = compare.col_offset, compare.end_col_offset
        find = lines[0].encode()[begin:end].decode()
        yield Mutant(
            f"boundary:{name}:{compare.lineno}",
            f"moves a boundary by one: {written}",
            name,
            compare.lineno,
            find,
            moved,
            tuple(entry["tests"]),
        )
    for number, line in enumerate(source.splitlines(), 1):
        for found in SQL.finditer(line):
            written = line[found.start() :].split('"')[0].split(",")[0].split(")")[0].strip()
            if f"{line[: found.start()].split()[-1]} {written}" in skipped:
                continue
            before, after = line[: found.end()], line[: found.start()] + MOVED_SQL[found[1]]
            yield Mutant(
                f"boundary:{name}:{number}:{found.start()}",
                f"moves a boundary by one: {' '.join(line.split())}",
                name,
                number,
                before,
                after,
                tuple(entry["tests"]),
            )


def comparisons(source: str) -> Iterator[tuple[ast.Compare, str]]:
    """Every comparison by size, each operator of it moved by itself."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Compare):
            continue
        for index, operator in enumerate(node.ops):
            if type(operator) in MOVED:
                yield node, _moved(node, index)


def _moved(node: ast.Compare, index: int) -> str:
    parts: list[str] = [ast.unparse(node.left)]
    signs: Sequence[ast.cmpop] = node.ops
    for place, (operator, right) in enumerate(zip(signs, node.comparators, strict=True)):
        sign = MOVED[type(operator)] if place == index else _sign(operator)
        parts += [sign, ast.unparse(right)]
    return f"({' '.join(parts)})"


def _sign(operator: ast.cmpop) -> str:
    written = ast.unparse(ast.Compare(ast.Name("a"), [operator], [ast.Name("b")]))
    return written[2:-2]
