"""Patterns of texts: `*` any characters, also none; `?` any one; `#` one digit; `\\` before a sign: the sign itself.

    VIP*        begins with VIP
    *gala*      has gala in it
    ORD-####    ORD- and four digits

All ways to match are followed at once, each a bit of one number, so the time taken is that of reading the text once,
whatever the pattern. Regular expressions as Python has them promise no such thing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from workflows.errors import FormulaError

MAX_PATTERN = 200
"""Characters of a pattern."""

_REGULAR = re.compile(r"\^|.*(?:\$$|\\[dswb]|\[.+\]|\.[*+]|\(.*\|)", re.DOTALL)
_DIGITS = "0123456789"


@dataclass(frozen=True)
class Pattern:
    """A pattern ready to be asked; bit n of a number stands for having matched n signs of the pattern.

    `staying`: where anything may come; `any_sign`: where any one sign leads on; `signs`: where this sign leads on.
    """

    staying: int
    any_sign: int
    signs: dict[str, int]
    end: int

    def matches(self, text: str) -> bool:
        """Whether the whole of `text` fits."""
        staying, any_sign, signs = self.staying, self.any_sign, self.signs
        reached = 1
        for sign in text:
            reached = reached & staying | (reached & (any_sign | signs.get(sign, 0))) << 1
            if not reached:
                return False
        return reached & self.end != 0


def looks_regular(text: str) -> str:
    """What to say of a pattern that its author may have taken for a regular expression; "" of others."""
    if _REGULAR.match(text):
        return "this looks like a regular expression; in a pattern * is any characters, ? one, # a digit, and no more"
    return ""


@lru_cache(maxsize=256)
def pattern(text: str) -> Pattern:
    """Read a pattern. Raises FormulaError."""
    if len(text) > MAX_PATTERN:
        raise FormulaError(f"a pattern of more than {MAX_PATTERN} characters")
    staying = any_sign = at = 0
    signs: dict[str, int] = {}
    rest = iter(text)
    for sign in rest:
        if sign == "*":
            staying |= 1 << at
            continue
        if sign == "?":
            any_sign |= 1 << at
        elif sign == "#":
            for digit in _DIGITS:
                signs[digit] = signs.get(digit, 0) | 1 << at
        else:
            plain = next(rest, "") if sign == "\\" else sign
            if not plain:
                raise FormulaError(r"a pattern that ends with \, which says that the sign behind it is itself")
            signs[plain] = signs.get(plain, 0) | 1 << at
        at += 1
    return Pattern(staying, any_sign, signs, 1 << at)
