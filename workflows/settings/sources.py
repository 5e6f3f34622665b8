"""The section `sources` of `stagedoor.yml`: who sends us webhooks, and how each proves that it is the one.

What may stand under a source of each preset, and under each scheme of `verify`, is in two tables here.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from workflows.settings.admission_reader import SOURCE_KEYS, AdmissionReader
from workflows.settings.forms import Form, Option
from workflows.settings.operations import OperationReader
from workflows.settings.references import References
from workflows.settings.values import Key, SourceSettings
from workflows.yaml_nodes import Entry, Node
from workflows.yaml_shapes import Findings

LONGEST_TOLERANCE = 86_400
MOST_PROXIES = 16
ED25519_BYTES = 32
HEADER = r"[!#$%&'*+.^`|~0-9A-Za-z-]{1,100}"
"""A name of a header (RFC 9110, 5.1) but for `_`: the door leaves headers with it out."""
OURS = "stagedoor"
"""Nobody else tells of what we do."""

_KEYS = Option(Form.KEYS, default=())
_TEXT = Option(Form.TEXT)
_HEADER = Option(Form.HEADER)
_TOKENS = Option(Form.TOKENS, default=())
_TOLERANCE = Option(Form.NUMBER, required=False, at_least=1, at_most=LONGEST_TOLERANCE)
_PLACE = Option(Form.PATH, required=False)
_PREFIX = Option(Form.PREFIX, required=False)
_EVENTS = Option(Form.EVENTS, required=False, default=MappingProxyType({}))

SCHEMES: Mapping[str, Mapping[str, Option]] = {
    "hmac": {
        "header": _HEADER,
        "secrets": _KEYS,
        "digest": Option(Form.CHOICE, required=False, default="sha256", choices=("sha1", "sha256", "sha384", "sha512")),
        "encoding": Option(Form.CHOICE, required=False, default="hex", choices=("hex", "base64")),
        "prefix": Option(Form.TEXT, required=False, default=""),
        "signed": Option(Form.TEXT, required=False, default="{body}"),
        "timestamp_header": Option(Form.HEADER, required=False),
        "element": Option(Form.TEXT, required=False),
        "tolerance_seconds": _TOLERANCE,
    },
    "standard-webhooks": {"secrets": Option(Form.STANDARD_KEYS, default=()), "tolerance_seconds": _TOLERANCE},
    "header": {"header": _HEADER, "secrets": _KEYS, "prefix": Option(Form.TEXT, required=False, default="")},
    "basic": {"username": _TEXT, "secrets": _KEYS},
    "path-token": {"token": _TOKENS},
    "networks": {
        "allow": Option(Form.NETWORKS, default=()),
        "proxies": Option(Form.NUMBER, required=False, default=0, at_least=0, at_most=MOST_PROXIES),
    },
    "client-certificate": {
        "header": _HEADER,
        "subjects": Option(Form.TEXTS, default=()),
        "proxies": Option(Form.NETWORKS, default=()),
    },
}
"""By name, what may stand under `verify`; `hmac` with `element` reads `t=…,<element>=…` from one header."""

SOURCE_PRESETS: Mapping[str, Mapping[str, Option]] = {
    "symphony": {"token": _TOKENS},
    "tickettailor": {"secrets": _KEYS},
    "symphony-website": {
        "token": _TOKENS,
        "secrets": Option(Form.KEYS, required=False, default=()),
        "signed": Option(Form.CHOICE, required=False, choices=("rest", "data", "timestamp.data")),
    },
    "constant-contact": {"secrets": _KEYS, "api_key": Option(Form.KEYS, required=False, default=())},
    "eventbrite": {"token": _TOKENS, "host": Option(Form.TEXT, required=False, default="www.eventbriteapi.com")},
    "universe": {"secrets": _KEYS, "digest": Option(Form.CHOICE, choices=("sha1", "sha256"))},
    "shopify": {"secrets": _KEYS, "show_id": _PLACE},
    "stripe": {"secrets": _KEYS, "show_id": _PLACE},
    "cymbal": {"header": _HEADER, "keys": _KEYS},
    "standard-webhooks": {**SCHEMES["standard-webhooks"], "subject": _PLACE, "prefix": _PREFIX, "events": _EVENTS},
    "github": {"secrets": _KEYS, "type": _PLACE, "subject": _PLACE, "events": _EVENTS},
    "generic": {
        "verify": Option(Form.VERIFY),
        "type": Option(Form.PATH),
        "subject": _PLACE,
        "occurred_at": _PLACE,
        "delivery_id": _PLACE,
        "data": _PLACE,
        "challenge": _PLACE,
        "prefix": _PREFIX,
        "events": _EVENTS,
    },
}

EVERY_SOURCE: Mapping[str, Option] = {"verify": Option(Form.VERIFY, required=False, default=MappingProxyType({}))}
"""What may stand under each source."""


class SourceReader:
    """Reads the section, noting what does not fit in `findings`."""

    def __init__(self, findings: Findings, references: References, admission: AdmissionReader) -> None:
        self._findings = findings
        self._admission = admission
        self._references = references
        self._forms: Mapping[Form, Callable[[Node, str, Option], Any]] = {
            Form.TEXT: lambda node, path, option: self._references.text(node, path),
            Form.TEXTS: lambda node, path, option: self._texts(node, path),
            Form.KEYS: lambda node, path, option: self._keys(node, path),
            Form.STANDARD_KEYS: lambda node, path, option: self._standard_keys(node, path),
            Form.TOKENS: lambda node, path, option: self._tokens(node, path),
            Form.CHOICE: lambda node, path, option: self._findings.choice(node, path, option.choices),
            Form.NUMBER: lambda node, path, option: self._number(node, path, option),
            Form.HEADER: lambda node, path, option: self._header(node, path),
            Form.PATH: lambda node, path, option: self._place(node, path),
            Form.PREFIX: lambda node, path, option: self._prefix(node, path),
            Form.EVENTS: lambda node, path, option: self._events(node, path),
            Form.NETWORKS: lambda node, path, option: self._networks(node, path),
            Form.VERIFY: lambda node, path, option: self._verify(node, path),
        }

    def read(self, node: Node, brands: tuple[str, ...]) -> dict[str, SourceSettings]:
        """The sources by name, as far as they fit."""
        sources = {}
        for name, entry in self._findings.any_entries(node, "sources").items():
            if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", name):
                hint = "it stands in an address: use small letters, digits and -"
                self._findings.add("E124", entry.key_place, f"{name!r} cannot be the name of a source", hint)
            if name == OURS:
                self._findings.add(
                    "E124", entry.key_place, f"{name!r} is the source of our own events", "choose another"
                )
            sources[name] = self._source(name, entry.node, brands)
        return sources

    def _source(self, name: str, node: Node, brands: tuple[str, ...]) -> SourceSettings:
        what = f"the source {name!r}"
        preset = self._findings.any_entries(node, what).get("preset")
        chosen = self._findings.choice(preset.node, f"the preset of {what}", SOURCE_PRESETS) if preset else None
        if chosen is None:  # which further keys are right hangs on the preset
            if preset is None and node.kind == "map":
                self._findings.add("E121", node.place, f"{what} needs the key 'preset'")
            return SourceSettings(name, "", "", {})
        options = {**EVERY_SOURCE, **SOURCE_PRESETS[chosen]}
        found = self._findings.entries(
            node, what, ("preset", "brand", *options, *SOURCE_KEYS), required=("brand", *_required(options))
        )
        brand = None
        if "brand" in found:
            brand = self._findings.choice(found["brand"].node, f"the brand of {what}", brands)
        path = f"sources.{name}"
        values, admission = self._options(found, options, path), self._admission.source(found, path)
        return SourceSettings(name, chosen, brand or "", values, admission)

    def _options(self, found: Mapping[str, Entry], options: Mapping[str, Option], path: str) -> Mapping[str, Any]:
        values = {name: option.default for name, option in options.items()}
        for name, entry in found.items():
            if name in options:
                option = options[name]
                value = self._forms[option.form](entry.node, f"{path}.{name}", option)
                values[name] = option.default if value is None else value
        return MappingProxyType(values)

    def _verify(self, node: Node, path: str) -> Mapping[str, Mapping[str, Any]]:
        """`{"hmac": {"header": "X-Signature", …}}`, every option of each scheme."""
        schemes = {}
        for name, entry in self._findings.entries(node, path, SCHEMES).items():
            options = SCHEMES[name]
            found = self._findings.entries(entry.node, f"{path}.{name}", options, required=_required(options))
            schemes[name] = self._options(found, options, f"{path}.{name}")
            if name == "hmac":
                self._check_hmac(entry.node, f"{path}.hmac", schemes[name])
        return MappingProxyType(schemes)

    def _check_hmac(self, node: Node, path: str, options: Mapping[str, Any]) -> None:
        """What is signed and where the time stands must go together."""
        signed, element = options["signed"], options["element"]
        if "{body}" not in signed:
            message = f"{path}.signed must have {{body}} in it: what is not signed proves nothing"
            self._findings.add("E122", node.place, message)
        if ("{timestamp}" in signed) != (element is not None or options["timestamp_header"] is not None):
            message = f"{path} must have {{timestamp}} in 'signed' where it says where the time stands, and only there"
            self._findings.add("E122", node.place, message, "timestamp_header or element says where")
        if element is not None and (options["timestamp_header"] is not None or options["prefix"]):
            hint = "with element, one header has the time and the signature"
            self._findings.add("E122", node.place, f"{path} has element beside timestamp_header or prefix", hint)

    def _keys(self, node: Node, path: str) -> tuple[Key, ...]:
        """Those keys that are set."""
        if node.kind != "list":
            found = [self._key(node, path)]
        else:
            found = [self._key(item, f"{path}.{at}") for at, item in enumerate(self._findings.items(node, path))]
        return tuple(key for key in found if key is not None)

    def _standard_keys(self, node: Node, path: str) -> tuple[Key, ...]:
        keys = self._keys(node, path)
        for key in keys:
            if not _is_standard(key.secret.reveal()):
                self._findings.add(
                    "E122",
                    node.place,
                    f"{path} has a secret that is none of Standard Webhooks",
                    "whsec_ and base64, or whpk_ and an Ed25519 public key in base64",
                )
        return keys

    def _tokens(self, node: Node, path: str) -> tuple[Key, ...]:
        keys = self._keys(node, path)
        if any("/" in key.secret.reveal() for key in keys):
            self._findings.add(
                "E122", node.place, f"{path} has a '/' in it, at which the address would end", "take another"
            )
        return keys

    def _key(self, node: Node, path: str) -> Key | None:
        """`${NAME}`, or `{secret: ${NAME}, id: spring, until: 2026-06-30T00:00:00Z}`."""
        if node.kind != "map":
            secret = self._references.secret(node, path)
            return None if secret is None else Key(secret)
        found = self._findings.entries(node, path, ("secret", "id", "until"), required=("secret",))
        secret = self._references.secret(found["secret"].node, path) if "secret" in found else None
        key_id = self._findings.text(found["id"].node, f"{path}.id") if "id" in found else None
        until = self._instant(found["until"].node, f"{path}.until") if "until" in found else None
        return None if secret is None else Key(secret, key_id or "", until)

    def _instant(self, node: Node, path: str) -> datetime | None:
        text = self._findings.text(node, path)
        if text is None:
            return None
        try:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is not None:
                return moment
        except ValueError:
            pass
        self._findings.add("E122", node.place, f"{path} must be a moment with its offset", "2026-06-30T00:00:00Z")
        return None

    def _texts(self, node: Node, path: str) -> tuple[str, ...]:
        items = self._findings.items(node, path)
        texts = [self._references.text(item, f"{path}.{at}") for at, item in enumerate(items)]
        return tuple(text for text in texts if text is not None)

    def _number(self, node: Node, path: str, option: Option) -> int | None:
        return self._findings.whole_number(node, path, option.at_least, option.at_most)

    def _header(self, node: Node, path: str) -> str | None:
        text = self._references.text(node, path)
        if text is not None and not re.fullmatch(HEADER, text):
            hint = "letters, digits and -; one with _ is never looked at"
            self._findings.add("E122", node.place, f"{path} must be the name of a header", hint)
            return None
        return text

    def _place(self, node: Node, path: str) -> str | None:
        """`data.order.id`, numbers counting from 0 in lists, or `header:X-Event`."""
        text = self._findings.text(node, path)
        if text is not None and not re.fullmatch(rf"header:{HEADER}|(?!header:)[^.\s]+(\.[^.\s]+)*", text):
            self._findings.add("E122", node.place, f"{path} must be the way to a value", "data.id or header:X-Event")
            return None
        return text

    def _prefix(self, node: Node, path: str) -> str | None:
        """What comes before the sender's name of an event in ours."""
        text = self._findings.text(node, path)
        if text is not None and (text == OURS or not re.fullmatch(r"[a-z][a-z0-9_-]{0,62}", text)):
            message = f"{path} must be small letters, digits, - and _, and not {OURS}"
            self._findings.add("E122", node.place, message, "such as tickets")
            return None
        return text

    def _events(self, node: Node, path: str) -> Mapping[str, Mapping[str, Mapping[str, str]]]:
        """`{"deal.won": {"amount": {"from": "amount", "type": "money"}}}`."""
        reader = OperationReader(self._findings, self._references)
        entries = self._findings.any_entries(node, path)
        return MappingProxyType({name: reader.fields(entry.node, f"{path}.{name}") for name, entry in entries.items()})

    def _networks(self, node: Node, path: str) -> tuple[str, ...]:
        """Networks in CIDR form; their bits beyond the mask are none."""
        texts = self._texts(node, path)
        for text, item in zip(texts, node.items, strict=False):
            try:
                ipaddress.ip_network(text)
            except ValueError:
                self._findings.add("E122", item.place, f"{text!r} is not a network", "203.0.113.0/24 or 203.0.113.7")
        return texts


def _is_standard(secret: str) -> bool:
    """Standard Webhooks, "Specification": `whsec_` before a shared secret, `whpk_` before an Ed25519 public key."""
    prefix, _, rest = secret.partition("_")
    try:
        length = len(base64.b64decode(rest + "=" * (-len(rest) % 4), validate=True))
    except ValueError:
        return False
    return (prefix == "whsec" and length > 0) or (prefix == "whpk" and length == ED25519_BYTES)


def _required(options: Mapping[str, Option]) -> tuple[str, ...]:
    return tuple(name for name, option in options.items() if option.required)


def told_events(sources: Mapping[str, SourceSettings]) -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """The fields of the events that sources of one's own tell of, by type."""
    return {
        f"{source.options.get('prefix') or source.name}.{name}": declared
        for source in sources.values()
        for name, declared in source.options.get("events", {}).items()
    }
