"""The JSON Schema of workflow files, with which editors complete keys and names and explain them.

It is made of the table of keys and of the configuration at hand, so it knows this configuration's operations, events,
roles and brands. It says what shape a file has; whether it makes sense, `stagedoor check` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflows.events import EVENT_TYPES
from workflows.language.forms import (
    Block,
    BlockForm,
    ChoiceForm,
    DurationForm,
    EitherForm,
    Form,
    FormulaForm,
    Key,
    ListForm,
    Named,
    NamedForm,
    PercentForm,
    PlainForm,
    TextForm,
    ValueForm,
    WholeNumberForm,
)
from workflows.language.keys import BLOCKS, WORKFLOW
from workflows.language.surroundings import Surroundings

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]

_NAME = "^[A-Za-z_][A-Za-z0-9_]{0,63}$"
_DURATION = r"^[0-9]+(\.[0-9]+)?[smhdw]$"
_PERCENT = r"^[0-9]+(\.[0-9]+)?\s*%$"
_TEXT: Schema = {"type": "string"}


def json_schema(surroundings: Surroundings) -> Schema:
    """The schema of a workflow file among these surroundings."""
    maker = _Maker(_names(surroundings))
    return {
        "$schema": DIALECT,
        "title": "A workflow of Stagedoor",
        **maker.block(WORKFLOW),
        "$defs": {name: maker.block(block) for name, block in BLOCKS.items() if block is not WORKFLOW},
    }


def _names(surroundings: Surroundings) -> Mapping[Named, Mapping[str, str]]:
    """The names of each sort, with what is said of them; none where any text can stand."""
    workflows = surroundings.workflows or {}
    return {
        "operation": {name: one.summary for name, one in surroundings.catalogue.operations.items()},
        "event": dict.fromkeys([*EVENT_TYPES, *surroundings.events, *surroundings.told], ""),
        "role": dict.fromkeys(surroundings.roles or (), ""),
        "workflow": {name: "" for name, contract in workflows.items() if contract.inputs is not None},
        "brand": dict.fromkeys(surroundings.brand_names or (), ""),
    }


class _Maker:
    def __init__(self, names: Mapping[Named, Mapping[str, str]]) -> None:
        self._names = names

    def block(self, block: Block) -> Schema:
        made: Schema = {
            "type": "object",
            "properties": {key.name: self._key(key) for key in block.keys},
            "additionalProperties": False,
        }
        if block.required:
            made["required"] = list(block.required)
        if block.one_of:
            made["oneOf"] = [{"required": [name]} for name in block.one_of]
        needs = {key.name: list(key.needs) for key in block.keys if key.needs}
        if needs:
            made["dependentRequired"] = needs
        company = [_company(key) for key in block.keys if key.goes_with or key.excludes]
        if company:
            made["allOf"] = company
        return made

    def _key(self, key: Key) -> Schema:
        return {"description": _described(key), **self.form(key.form)}

    def form(self, form: Form) -> Schema:
        match form:
            case TextForm():
                return self._text(form)
            case FormulaForm(example):
                return {**_TEXT, "pattern": "^[^=]", **_example(example)}
            case ValueForm("object"):
                return {"type": "object"}
            case ValueForm("list"):
                return {"type": ["string", "array"]}
            case ValueForm() | PlainForm("value"):
                return {}
            case PlainForm():
                return {"type": "object"}
            case DurationForm(may_be_formula=may_be_formula):
                written = {**_TEXT, "pattern": _DURATION, "examples": ["30m", "24h", "14d"]}
                formula = {**_TEXT, "pattern": "^=", "description": "A formula."}
                return {"anyOf": [written, formula]} if may_be_formula else written
            case PercentForm():
                return {**_TEXT, "pattern": _PERCENT, "examples": ["5%"]}
            case WholeNumberForm(least, most):
                return {"type": "integer", "minimum": least, "maximum": most}
            case ChoiceForm(choices, or_step):
                listed: Schema = {"enum": list(choices)}
                return {"anyOf": [listed, {**_TEXT, "description": "A later step."}]} if or_step else listed
            case BlockForm(block):
                return {"$ref": f"#/$defs/{block}"}
            case ListForm():
                return self._list(form)
            case NamedForm():
                return self._named(form)
            case EitherForm(forms):
                return {"anyOf": [self.form(one) for one in forms]}

    def _text(self, form: TextForm) -> Schema:
        """Text; names of the configuration are offered and explained."""
        if form.names == "emitted":
            return {**_TEXT, "pattern": r"^stagedoor(\.[a-z][a-z0-9_]*)+$", **_example(form.example)}
        names = self._names.get(form.names, {})
        if not names:
            return {**_TEXT, **_example(form.example)}
        if not any(names.values()):
            return {"enum": sorted(names)}
        return {"oneOf": [{"const": name, "description": said} for name, said in sorted(names.items())]}

    def _list(self, form: ListForm) -> Schema:
        item = self.form(form.item)
        listed: Schema = {"type": "array", "items": item}
        if not form.may_be_empty:
            listed["minItems"] = 1
        if form.most:
            listed["maxItems"] = form.most
        return {"anyOf": [item, listed]} if form.or_one else listed

    def _named(self, form: NamedForm) -> Schema:
        named: Schema = {"type": "object", "additionalProperties": self.form(form.item)}
        if form.names:
            named["properties"] = {
                name: {"description": said} for name, said in self._names.get(form.names, {}).items()
            }
        else:
            named["propertyNames"] = {"pattern": _NAME}
        if not form.may_be_empty:
            named["minProperties"] = 1
        if form.most:
            named["maxProperties"] = form.most
        return named


def _company(key: Key) -> Schema:
    """That a key stands with one of those it goes with, and with none it excludes."""
    then: list[Schema] = []
    if key.goes_with:
        then.append({"anyOf": [{"required": [name]} for name in key.goes_with]})
    then += [{"not": {"required": [name]}} for name in key.excludes]
    return {"if": {"required": [key.name]}, "then": then[0] if len(then) == 1 else {"allOf": then}}


def _described(key: Key) -> str:
    default = f" Without it: {key.default}." if key.default else ""
    goes_with = f" With {' or '.join(key.goes_with)}." if key.goes_with else ""
    return f"{key.what}{default}{goes_with}"


def _example(example: str) -> Schema:
    return {"examples": [example]} if example else {}
