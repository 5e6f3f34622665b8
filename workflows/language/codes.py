"""Every code a problem of a workflow file can carry, with what it means in one sentence.

E1xx: the text and its structure; E2xx: formulas and the values they make; E3xx: what a workflow asks for.
"""

from __future__ import annotations

from collections.abc import Mapping

CODES: Mapping[str, str] = {
    "E201": "The text cannot be read as a formula.",
}
