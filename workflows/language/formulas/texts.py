"""What the functions of texts do."""

from __future__ import annotations

from collections.abc import Sequence

from workflows.errors import FormulaError
from workflows.language.formulas.arithmetic import MAX_TEXT
from workflows.language.formulas.lists import MAX_ITEMS
from workflows.language.formulas.patterns import pattern


def replaced(text: str, old: str, new: str) -> str:
    """`text` with every `old` replaced by `new`."""
    if not old:
        raise FormulaError("nothing to replace: the text looked for is empty")
    if len(text) + text.count(old) * (len(new) - len(old)) > max(len(text), MAX_TEXT):
        raise FormulaError(f"a text of more than {MAX_TEXT} characters")
    return text.replace(old, new)


def joined(texts: Sequence[str], separator: str) -> str:
    """The texts as one, the separator between them."""
    if sum(len(text) + len(separator) for text in texts) > MAX_TEXT:
        raise FormulaError(f"a text of more than {MAX_TEXT} characters")
    return separator.join(texts)


def parts(text: str, separator: str) -> list[str]:
    """The pieces between the separators; of an empty text none."""
    if not separator:
        raise FormulaError("nothing to split at: the separator is empty")
    if text.count(separator) >= MAX_ITEMS:
        raise FormulaError(f"a list of more than {MAX_ITEMS} items")
    return text.split(separator) if text else []


def fits_pattern(text: str, written: str) -> bool:
    """Whether the whole of `text` is as the pattern says."""
    return pattern(written).matches(text)
