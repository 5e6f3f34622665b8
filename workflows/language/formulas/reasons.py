"""Why a condition does not hold, in words: its first false part with values in place of names.

stats.ctr >= vars.ctr_floor            0.9% >= 1.2% is false
event.data.provider == 'facebook'      'symphony' == 'facebook' is false
has(event.data.email) and ...          event.data.email is absent
a == 1 or b == 2                       3 == 1 is false and 4 == 2 is false
starts_with(event.data.name, 'VIP')    starts_with('Balcony', 'VIP') is false
any(event.data.items, each.name == 'A')  any(…) over 3 items is false
"""

from __future__ import annotations

from collections.abc import Mapping

from workflows.errors import FormulaError
from workflows.language.formulas.evaluation import ABSENT, Budget, evaluate, look_up
from workflows.language.formulas.kinds import shown
from workflows.language.formulas.nodes import AllOf, AnyOf, Call, Comparison, Constant, Default, Has, If, Node, Not

MAX_PARTS = 10
"""Parts of one `or` that are spelled out."""


def why_not(root: Node, scope: Mapping[str, object]) -> str:
    """Say why `root`, which was just worked out to false over `scope`, is false."""
    try:
        return _Account(scope).of(root, False)
    except FormulaError:
        # Everything was worked out once before, but not all of it once more for every bracket around it.
        return "it is false, and too long to say why"


class _Account:
    """Retraces an evaluation. Only what that evaluation worked out is worked out again, so nothing new can fail."""

    def __init__(self, scope: Mapping[str, object]) -> None:
        self.scope = scope
        self.budget = Budget()

    def value(self, node: Node) -> object:
        return evaluate(node, self.scope, self.budget)

    def of(self, node: Node, value: bool) -> str:
        """Say how `node` came to be `value`, which is known."""
        match node:
            case AllOf(parts=parts) | AnyOf(parts=parts):
                return self.of_parts(parts, value, one_decides=isinstance(node, AnyOf) == value)
            case Not(operand=operand):
                return self.of(operand, not value)
            case If(condition=condition, then=then, otherwise=otherwise):
                return self.of(then if self.holds(condition) else otherwise, value)
            case Comparison(left=left, operator=operator, right=right):
                return f"{self.show(left)} {operator} {self.show(right)} is {_word(value)}"
            case Has(path=path):
                return f"{path} is {'there' if value else 'absent'}"
            case Default(path=path, fallback=fallback):
                found = look_up(path, self.scope)
                if found is ABSENT or found is None:
                    return f"{path} is {'absent' if found is ABSENT else 'null'}, and {self.of(fallback, value)}"
                return f"{path} is {_word(value)}"
            case Call():
                return f"{self.show_call(node)} is {_word(value)}"
            case Constant():
                return f"it says {_word(value)}"
        return f"{node} is {_word(value)}"

    def of_parts(self, parts: tuple[Node, ...], value: bool, *, one_decides: bool) -> str:
        """The first part that is `value`, where it alone decides; else all of them, for all of them are."""
        if one_decides:
            return self.of(next(part for part in parts if self.holds(part) == value), value)
        spelled = [self.of(part, value) for part in parts[:MAX_PARTS]]
        return " and ".join([*spelled, "…"] if len(parts) > MAX_PARTS else spelled)

    def holds(self, node: Node) -> bool:
        return self.value(node) is True

    def show(self, node: Node) -> str:
        return shown(self.value(node))

    def show_call(self, call: Call) -> str:
        name = call.function.name
        if call.function.per_item:
            items = self.value(call.arguments[0])
            return f"{name}(…) over {len(items) if isinstance(items, (list, tuple)) else 0} items"
        return f"{name}({', '.join(self.show(argument) for argument in call.arguments)})"


def _word(value: bool) -> str:
    return "true" if value else "false"
