"""Values as one writes them: `1.2%`, `500 USD`, `24h`."""

from __future__ import annotations


def literal(text: str) -> object:
    """`text` as the value its form says: a Percent, Money, timedelta, else the text itself.

    Numbers are not read: YAML has done that already, so a number that arrives as text was quoted to be text.
    """
    raise NotImplementedError
