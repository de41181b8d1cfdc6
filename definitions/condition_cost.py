"""How large the values of a condition can become, before it is ever evaluated.

The engine counts the steps of a condition and not the bytes: `[x].map(a, a + a)`, forty times one
after the other, doubles a text forty times in forty steps. So the size of every value is estimated
from the checked expression, in the way of the cost estimators of the language's other
implementations: upwards from the largest that a variable can be, the longest alternative of each
choice, and each step of a loop as often as what it walks has items. Conditions come from
definitions, so they are refused when they are written.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

MOST_BYTES = 64_000_000
"""Of everything that one evaluation makes, as estimated: some ten times what a form needs."""

_SMALL = 16
_GROWING = frozenset({"string", "bytes", "dyn", "type"})
"""Functions whose result is as large as their arguments. All others of the standard library that
are no operators of their own here answer true or false, a number or an instant."""


@dataclass(frozen=True, slots=True)
class Size:
    """An upper bound of a value. `items` and `each` are those of a list or a map."""

    total: int
    items: int
    each: int


NUMBER = Size(_SMALL, 1, _SMALL)
FIELD = Size(1_000, 1_000, _SMALL)
"""A text of somebody's record."""

TEXT = Size(20_000, 20_000, _SMALL)
"""The longest answer."""

OBJECTS = Size(2_000_000, 100, 20_000)
"""The most and longest goals, or competencies."""


def cost_of(serialized: bytes, variables: Mapping[str, Size]) -> int:
    """The bytes that one evaluation of a checked expression makes at most.

    `serialized` is what the engine's `serialize` gives: a `google.protobuf.Any` around a
    `cel.expr.CheckedExpr`. `variables` are the sizes of what is declared, by full name. Raises
    ValueError if `serialized` is something else.
    """
    wrapped = any_pb2.Any()
    checked = _checked_expression()()
    try:
        wrapped.ParseFromString(serialized)
        checked.ParseFromString(wrapped.value)
    except DecodeError:
        raise ValueError("this is no checked expression") from None
    estimate = _Estimate()
    estimate.size(checked.expr, variables)
    return estimate.made


class _Estimate:
    """Walks an expression and adds up what is made on the way."""

    def __init__(self) -> None:
        self.made = 0

    def size(self, expression: Any, known: Mapping[str, Size]) -> Size:
        """The size of an expression's value, given those of the variables of loops around it."""
        kind = expression.WhichOneof("kind")
        match kind:
            case "constant":
                written = expression.constant.ByteSize()
                return Size(written, written, _SMALL)
            case "identifier":
                return known.get(expression.identifier.name, OBJECTS)
            case "selection":
                return self._selected(expression.selection, known)
            case "call":
                return self._called(expression.call, known)
            case "list":
                return self._all([self.size(e, known) for e in expression.list.elements])
            case "struct":
                entries = expression.struct.entries
                pairs = [self.size(e.map_key, known) for e in entries]
                pairs += [self.size(e.value, known) for e in entries]
                return self._all(pairs)
            case "loop":
                return self._looped(expression.loop, known)
        return NUMBER

    def _selected(self, selection: Any, known: Mapping[str, Size]) -> Size:
        operand = selection.operand
        if operand.WhichOneof("kind") == "identifier":
            variable = known.get(f"{operand.identifier.name}.{selection.field}")
            if variable is not None:
                return variable
        whole = self.size(operand, known)
        return Size(whole.each, whole.each, whole.each)

    def _called(self, call: Any, known: Mapping[str, Size]) -> Size:
        given = [self.size(argument, known) for argument in call.args]
        if call.HasField("target"):
            given.insert(0, self.size(call.target, known))
        match call.function:
            case "_?_:_":
                return _largest(given[1:])
            case "_[_]":
                each = given[0].each if given else _SMALL
                return Size(each, each, each)
            case "_+_":
                return self._joined(given)
        if call.function in _GROWING:
            return self._joined(given)
        self.made += _SMALL
        return NUMBER

    def _joined(self, parts: list[Size]) -> Size:
        total = sum(part.total for part in parts)
        self.made += total
        items = sum(part.items for part in parts)
        return Size(total, items, max((part.each for part in parts), default=_SMALL))

    def _all(self, parts: list[Size]) -> Size:
        total = _SMALL + sum(part.total for part in parts)
        self.made += total
        return Size(total, len(parts), max((part.total for part in parts), default=_SMALL))

    def _looped(self, loop: Any, known: Mapping[str, Size]) -> Size:
        """A loop of the standard macros adds the same to its result in every step."""
        walked = self.size(loop.iter_range, known)
        begun = self.size(loop.accu_init, known)
        item = Size(walked.each, walked.each, walked.each)
        inside = {**known, loop.iter_var: item, loop.accu_var: Size(0, 0, 0)}
        before = self.made
        self.size(loop.loop_condition, inside)
        step = self.size(loop.loop_step, inside)
        self.made = before + (self.made - before) * max(walked.items, 1)
        total = begun.total + step.total * walked.items
        items = begun.items + step.items * walked.items
        whole = Size(total, items, max(begun.each, step.each))
        self.made += total
        return self.size(loop.result, {**known, loop.accu_var: whole})


def _largest(sizes: list[Size]) -> Size:
    return Size(
        max((size.total for size in sizes), default=_SMALL),
        max((size.items for size in sizes), default=1),
        max((size.each for size in sizes), default=_SMALL),
    )


@lru_cache(maxsize=1)
def _checked_expression() -> Any:
    """The message class of a checked expression, with the fields that are read here.

    Field numbers are those of `cel/expr/syntax.proto` and `checked.proto`; what is not declared
    is skipped by protobuf.
    """
    file = descriptor_pb2.FileDescriptorProto(
        name="almanac/condition.proto", package="almanac.condition", syntax="proto3"
    )
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, (field, kind) in fields.items():
            _declare(message, field, kind, number)
    expression = file.message_type[list(_MESSAGES).index("Expr")]
    expression.oneof_decl.add(name="kind")
    for alternative in expression.field:
        alternative.oneof_index = 0
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = pool.FindMessageTypeByName("almanac.condition.CheckedExpr")
    return message_factory.GetMessageClass(found)


def _declare(message: descriptor_pb2.DescriptorProto, name: str, kind: str, number: int) -> None:
    declared = descriptor_pb2.FieldDescriptorProto
    repeated, kind = kind.startswith("*"), kind.removeprefix("*")
    label = declared.LABEL_REPEATED if repeated else declared.LABEL_OPTIONAL
    field = message.field.add(name=name, number=number, label=label)
    if kind == "text":
        field.type = declared.TYPE_STRING
    elif kind == "bytes":
        field.type = declared.TYPE_BYTES
    else:
        field.type = declared.TYPE_MESSAGE
        field.type_name = f".almanac.condition.{kind}"


_MESSAGES: Mapping[str, Mapping[int, tuple[str, str]]] = {
    "CheckedExpr": {4: ("expr", "Expr")},
    "Expr": {
        3: ("constant", "Constant"),
        4: ("identifier", "Identifier"),
        5: ("selection", "Selection"),
        6: ("call", "Call"),
        7: ("list", "List"),
        8: ("struct", "Struct"),
        9: ("loop", "Loop"),
    },
    "Constant": {6: ("text", "bytes"), 7: ("data", "bytes")},
    "Identifier": {1: ("name", "text")},
    "Selection": {1: ("operand", "Expr"), 2: ("field", "text")},
    "Call": {1: ("target", "Expr"), 2: ("function", "text"), 3: ("args", "*Expr")},
    "List": {1: ("elements", "*Expr")},
    "Struct": {2: ("entries", "*Entry")},
    "Entry": {3: ("map_key", "Expr"), 4: ("value", "Expr")},
    "Loop": {
        1: ("iter_var", "text"),
        2: ("iter_range", "Expr"),
        3: ("accu_var", "text"),
        4: ("accu_init", "Expr"),
        5: ("loop_condition", "Expr"),
        6: ("loop_step", "Expr"),
        7: ("result", "Expr"),
    },
}
