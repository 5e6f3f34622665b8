"""`stagedoor.yml`: sources (see `sources`), vendors and brands. What may stand under a vendor is in a table here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

from workflows.errors import DefinitionError
from workflows.language.folds import unfolded
from workflows.language.literals import literal
from workflows.problems import Place, Problem
from workflows.settings.admission import DoorSettings
from workflows.settings.admission_reader import AdmissionReader
from workflows.settings.expectation_reader import ExpectationReader
from workflows.settings.forms import Form
from workflows.settings.operations import OperationReader
from workflows.settings.people import person_with
from workflows.settings.references import References
from workflows.settings.retention import Retention, read_retention
from workflows.settings.sources import SourceReader
from workflows.settings.values import PersonSettings
from workflows.values import Money, Percent, currency_exponent
from workflows.yaml_nodes import Node, decode, read
from workflows.yaml_shapes import Findings
from workflows.zones import is_zone, nearest_zone

EVERY_VENDOR: Mapping[str, Form] = {
    "deadline_seconds": Form.SECONDS,
    "concurrency": Form.CALLS,
    "limits": Form.LIMITS,
}
"""What may stand under each of VENDORS."""

VENDORS: Mapping[str, Mapping[str, Form]] = {
    "symphony": {
        "advertising_api": Form.ADDRESS,
        "partner_api": Form.ADDRESS,
        "api_key": Form.SECRET,
        "brand_id": Form.TEXT,
        "ad_account_currency": Form.CURRENCY,
        "currency_floors": Form.FLOORS,
        "operations": Form.OPERATIONS,
        **EVERY_VENDOR,
    },
    "cymbal": {
        "base_url": Form.ADDRESS,
        "api_key": Form.SECRET,
        "genres": Form.TEXTS,
        "ticketers": Form.TEXTS,
        **EVERY_VENDOR,
    },
    "constant_contact": {
        "base_url": Form.ADDRESS,
        "token_url": Form.ADDRESS,
        "api_key": Form.SECRET,
        "client_id": Form.SECRET,
        "client_secret": Form.SECRET,
        **EVERY_VENDOR,
    },
    "partner_api": {
        "base_url": Form.ADDRESS,
        "project_id": Form.SECRET,
        "private_key": Form.SECRET,
        **EVERY_VENDOR,
    },
    "eventbrite": {"base_url": Form.ADDRESS, "token": Form.SECRET, **EVERY_VENDOR},
    "evvnt": {
        "base_url": Form.ADDRESS,
        "api_key": Form.SECRET,
        "api_secret": Form.SECRET,
        **EVERY_VENDOR,
    },
}

LONGEST_DEADLINE = 120
"""Of one call, in seconds. Well below the time after which a broker gives a message to another worker."""
MOST_CALLS = 256
"""At a time; a worker has no more threads."""
MOST_REQUESTS = 100_000_000
LONGEST_WINDOW = 31 * 86_400

_WHEN_LEFT_OUT: Mapping[Form, Any] = {
    Form.TEXTS: (),
    Form.FLOORS: {},
    Form.LIMITS: (),
    Form.OPERATIONS: {},
}
_LIMIT: Mapping[str, int] = {"count": MOST_REQUESTS, "seconds": LONGEST_WINDOW}
_LITERALS: Mapping[type, str] = {
    str: "text",
    bool: "true or false",
    int: "a number",
    Decimal: "a number",
    Money: "money",
    Percent: "a percentage",
    timedelta: "a duration",
}


def read_document(path: Path, environ: Mapping[str, str]) -> tuple[dict[str, Any], list[Problem]]:
    """The sections of the file as keyword arguments of Settings, as far as they fit, and every problem."""
    try:
        return parse_document(decode(path.read_bytes(), str(path)), str(path), environ)
    except OSError as error:
        hint = "STAGEDOOR_CONFIG names the folder it is in"
        return {}, [Problem("E403", error.strerror or "cannot be read", str(path), hint=hint)]
    except DefinitionError as error:
        return {}, list(error.problems)


def parse_document(text: str, file: str, environ: Mapping[str, str]) -> tuple[dict[str, Any], list[Problem]]:
    """`read_document` for a text already at hand. Raises DefinitionError for what is not YAML."""
    document = _Document(environ)
    root = read(text, file)
    sections = document.sections(root)
    return sections, unfolded(document.findings.problems, root)


class _Document:
    """One reading of the file: its findings and the variables it found unset."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.findings = Findings()
        self._references = References(environ, self.findings)
        self._admission = AdmissionReader(self.findings)
        self._sources = SourceReader(self.findings, self._references, self._admission)
        self._forms: Mapping[Form, Callable[[Node, str], Any]] = {
            Form.TEXT: self._references.text,
            Form.ADDRESS: self._references.address,
            Form.SECRET: self._references.secret,
            Form.TEXTS: self._texts,
            Form.CURRENCY: self._currency,
            Form.FLOORS: self._floors,
            Form.SECONDS: self._seconds,
            Form.CALLS: self._calls,
            Form.LIMITS: self._limits,
            Form.OPERATIONS: OperationReader(self.findings, self._references).read,
        }

    def sections(self, root: Node) -> dict[str, Any]:
        known = ("sources", "vendors", "brands", "people", "door", "expected", "retention")
        found = self.findings.entries(root, "stagedoor.yml", known, required=("brands",))
        brands = self._brands(found["brands"].node) if "brands" in found else {}
        sources = self._sources.read(found["sources"].node, tuple(brands)) if "sources" in found else {}
        vendors = self._vendors(found["vendors"].node) if "vendors" in found else {}
        people = self._people(found["people"].node) if "people" in found else {}
        return {
            "sources": MappingProxyType(sources),
            "vendors": MappingProxyType(vendors),
            "brands": MappingProxyType(brands),
            "people": MappingProxyType(people),
            "door": self._admission.door(found["door"].node) if "door" in found else DoorSettings(),
            "expected": ExpectationReader(self.findings).read(found["expected"].node) if "expected" in found else (),
            "retention": read_retention(found["retention"].node, self.findings)
            if "retention" in found
            else Retention(),
            "unset": tuple(self._references.unset),
        }

    def _vendors(self, node: Node) -> dict[str, Mapping[str, Any]]:
        known = self.findings.entries(node, "vendors", VENDORS)
        return {name: self._vendor(name, entry.node) for name, entry in known.items()}

    def _vendor(self, name: str, node: Node) -> Mapping[str, Any]:
        found = self.findings.entries(node, f"the vendor {name!r}", VENDORS[name])
        return self._options(found, VENDORS[name], f"vendors.{name}")

    def _people(self, node: Node) -> dict[str, PersonSettings]:
        """`{alice: {token: ${ALICE_TOKEN}, roles: [budget-approvers]}}`."""
        people: dict[str, PersonSettings] = {}
        for name, entry in self.findings.any_entries(node, "people").items():
            self._is_slug(name, entry.key_place, "the name of a person")
            found = self.findings.entries(entry.node, f"the person {name!r}", ("token", "roles"), required=("roles",))
            token = self._references.secret(found["token"].node, f"people.{name}.token") if "token" in found else None
            roles = self._roles(found["roles"].node, f"people.{name}.roles") if "roles" in found else ()
            same = person_with(people, token) if token is not None else None
            if same is not None:
                message = f"people.{name}.token is also the token of {same.name}"
                self.findings.add("E419", found["token"].node.place, message, "each needs their own, to be told apart")
            people[name] = PersonSettings(name, token, roles)
        return people

    def _roles(self, node: Node, path: str) -> tuple[str, ...]:
        roles: list[str] = []
        for number, item in enumerate(self.findings.items(node, path)):
            role = self._references.text(item, f"{path}.{number}")
            if role is not None and self._is_slug(role, item.place, "a role") and role not in roles:
                roles.append(role)
        return tuple(roles)

    def _is_slug(self, name: str, place: Place, what: str) -> bool:
        if re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,62}", name):
            return True
        self.findings.add("E124", place, f"{name!r} cannot be {what}", "use small letters, digits, -, _ and .")
        return False

    def _options(self, found: Mapping[str, Any], forms: Mapping[str, Form], path: str) -> Mapping[str, Any]:
        options: dict[str, Any] = {key: _WHEN_LEFT_OUT.get(form) for key, form in forms.items()}
        for key, entry in found.items():
            if key in forms:
                options[key] = self._forms[forms[key]](entry.node, f"{path}.{key}")
        return MappingProxyType(options)

    def _texts(self, node: Node, path: str) -> tuple[str, ...]:
        texts = [self._references.text(item, f"{path}.{at}") for at, item in enumerate(self.findings.items(node, path))]
        return tuple(text for text in texts if text is not None)

    def _currency(self, node: Node, path: str) -> str | None:
        return self._standard("currency", node, path)

    def _seconds(self, node: Node, path: str) -> int | None:
        return self.findings.whole_number(node, path, 1, LONGEST_DEADLINE)

    def _calls(self, node: Node, path: str) -> int | None:
        return self.findings.whole_number(node, path, 1, MOST_CALLS)

    def _limits(self, node: Node, path: str) -> tuple[Mapping[str, int], ...]:
        limits = [self._limit(item, f"{path}.{at}") for at, item in enumerate(self.findings.items(node, path))]
        return tuple(limit for limit in limits if len(limit) == len(_LIMIT))

    def _limit(self, node: Node, path: str) -> Mapping[str, int]:
        """`{"count": 4, "seconds": 1}`, as far as it fits."""
        found = self.findings.entries(node, path, _LIMIT, required=tuple(_LIMIT))
        values = {
            key: self.findings.whole_number(found[key].node, f"{path}.{key}", 1, most)
            for key, most in _LIMIT.items()
            if key in found
        }
        return MappingProxyType({key: value for key, value in values.items() if value is not None})

    def _floors(self, node: Node, path: str) -> Mapping[str, int | Decimal]:
        floors: dict[str, int | Decimal] = {}
        for currency, entry in self.findings.any_entries(node, path).items():
            if not _is_currency(currency):
                self.findings.add("E415", entry.key_place, f"{currency!r} is not an ISO 4217 currency code")
            floor = entry.node.value
            if isinstance(floor, bool) or not isinstance(floor, (int, Decimal)) or floor <= 0:
                self.findings.add("E122", entry.node.place, f"{path}.{currency} must be a number above 0")
            else:
                floors[currency] = floor
        return MappingProxyType(floors)

    def _brands(self, node: Node) -> dict[str, Mapping[str, Any]]:
        kinds: dict[str, str] = {}
        brands = self.findings.any_entries(node, "brands")
        return {name: MappingProxyType(self._brand(name, entry.node, kinds)) for name, entry in brands.items()}

    def _brand(self, name: str, node: Node, kinds: dict[str, str]) -> dict[str, Any]:
        """The fields of a brand. One that is wrong is there as None: workflows that read it are not wrong as well."""
        brand: dict[str, Any] = {}
        for key, entry in self.findings.any_entries(node, f"the brand {name!r}").items():
            self.findings.is_name(key, entry.key_place, "a field of a brand")
            before = len(self.findings.problems)
            value = self._brand_field(key, entry.node, f"brands.{name}.{key}")
            if value is not None or len(self.findings.problems) > before:
                brand[key] = value
            kind = _LITERALS.get(type(value), "")
            if kind and kind != kinds.setdefault(key, kind):
                message = f"{key} is {kind} here but {kinds[key]} at another brand"
                self.findings.add("E416", entry.node.place, message)
        return brand

    def _brand_field(self, key: str, node: Node, path: str) -> Any:
        if key in _STANDARDS:
            return self._standard(key, node, path)
        if node.kind != "scalar" or node.value is None:
            self.findings.add("E122", node.place, f"{path} must be a single value", "or leave the key out")
            return None
        if not isinstance(node.value, str):
            return node.value
        text = self._references.text(node, path)
        if text is None or node.quoted:
            return text
        try:
            return literal(text)
        except ValueError as error:
            self.findings.add("E417", node.place, f"{path}: {error}", "text stands in quotes")
            return None

    def _standard(self, key: str, node: Node, path: str) -> str | None:
        """Zones and currencies are looked up by many; a wrong name is found here rather than at night."""
        text = self._references.text(node, path)
        what, is_known, hint = _STANDARDS[key]
        if text is not None and not is_known(text):
            self.findings.add("E415", node.place, f"{text!r} is not {what}", hint(text))
        return text


def _is_currency(text: str) -> bool:
    try:
        currency_exponent(text)
    except ValueError:
        return False
    return True


_STANDARDS: Mapping[str, tuple[str, Callable[[str], bool], Callable[[str], str]]] = {
    "zone": ("a time zone of the IANA database", is_zone, nearest_zone),
    "currency": ("an ISO 4217 currency code", _is_currency, lambda text: ""),
}
"""Fields of a brand whose names and values others rely on."""
