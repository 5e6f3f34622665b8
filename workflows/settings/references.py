"""Values of the file that stand elsewhere: `${NAME}` in the environment, `${file:/path}` in a file of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from workflows.settings.values import Secret, Unset
from workflows.yaml_nodes import Node
from workflows.yaml_shapes import Findings

_REFERENCE = re.compile(r"\$\{([^}]*)\}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class References:
    """Reads scalars with their references filled in; notes which variables are unset.

    `path` says which value it is: `vendors.symphony.api_key`. No value of a reference is in any message.
    """

    def __init__(self, environ: Mapping[str, str], findings: Findings) -> None:
        self.unset: list[Unset] = []
        self._environ = environ
        self._findings = findings

    def text(self, node: Node, path: str) -> str | None:
        """The text with its references filled in; None if one of them is unset."""
        if isinstance(node.value, int) and not isinstance(node.value, bool):
            return str(node.value)
        text = self._findings.text(node, path)
        if text is None:
            return None
        if "${" in _REFERENCE.sub("", text):
            self._findings.add("E410", node.place, f"{path} has a '${{' that no '}}' closes", "write ${NAME}")
            return None
        values = [self._value_of(reference, node, path) for reference in _REFERENCE.findall(text)]
        if None in values:
            return None
        filled = iter(values)
        return _REFERENCE.sub(lambda _: str(next(filled)), text)

    def secret(self, node: Node, path: str) -> Secret | None:
        """The secret a single reference names; a secret written out is refused."""
        text = self._findings.text(node, path)
        if text is None:
            return None
        if not _REFERENCE.fullmatch(text):
            hint = f"write ${{{re.sub('[^A-Z0-9]+', '_', path.partition('.')[2].upper())}}} and set that variable"
            self._findings.add("E411", node.place, f"{path} is a secret and must not stand in a file", hint)
            return None
        value = self.text(node, path)
        return Secret(value) if value else None

    def address(self, node: Node, path: str) -> str | None:
        """An http or https address without query and credentials, as given."""
        text = self.text(node, path)
        if text is not None and not _is_address(text):
            self._findings.add("E413", node.place, f"{path} must be an address such as https://host/path")
        return text

    def _value_of(self, reference: str, node: Node, path: str) -> str | None:
        if reference.startswith("file:"):
            return self._file(reference.removeprefix("file:"), node, path)
        if not _VARIABLE.fullmatch(reference):
            hint = "write ${NAME} or ${file:/path}"
            self._findings.add("E410", node.place, f"${{{reference}}} in {path} names no variable", hint)
            return None
        value = self._environ.get(reference) or None
        if value is None:
            self.unset.append(Unset(path, reference))
        return value

    def _file(self, name: str, node: Node, path: str) -> str | None:
        try:
            return Path(name).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
            self._findings.add("E412", node.place, f"{path} takes its value from {name}: {reason}")
            return None


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        is_whole = parts.scheme in ("http", "https") and bool(parts.hostname)
        return is_whole and not (parts.query or parts.fragment or "@" in parts.netloc)
    except ValueError:
        return False
