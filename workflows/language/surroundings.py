"""What a workflow is checked against: the configuration, and what the other workflows promise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from workflows.catalogue import Catalogue
from workflows.language.definition import Definition, Input
from workflows.language.types import FieldType, ObjectOf, Type


@dataclass(frozen=True)
class Contract:
    """What whoever runs a workflow by a step may know of it.

    inputs  what must be given; None for one that is not started by hand
    result  the type of its result; None where it gives none
    """

    inputs: Mapping[str, Input] | None
    result: Type | None

    @property
    def input_type(self) -> ObjectOf:
        """The object that stands under `with`."""
        given = self.inputs or {}
        return ObjectOf({name: FieldType(one.type, one.default is not None) for name, one in given.items()})


@dataclass(frozen=True)
class Emission:
    """The type of what one step emits, by the type of event."""

    event: str
    data: ObjectOf


@dataclass(frozen=True)
class Surroundings:
    """The configuration as far as it could be read; None: nothing is known of it, and nothing said about it.

    brands     what formulas may read of `brand`
    brand_names  the brands there are
    roles      the people of every role, by name
    workflows  what workflows promise, by name
    events     the data of the events workflows emit, by type
    told       the data of the events sources of one's own tell of, by type
    """

    catalogue: Catalogue
    brands: Mapping[str, FieldType] | None = None
    brand_names: tuple[str, ...] | None = None
    roles: Mapping[str, tuple[str, ...]] | None = None
    workflows: Mapping[str, Contract] | None = None
    events: Mapping[str, Type] = field(default_factory=dict)
    told: Mapping[str, Type] = field(default_factory=dict)

    @property
    def further_events(self) -> Mapping[str, Type]:
        """The data of all events beside those everybody has, by type."""
        return {**self.told, **self.events}


def inputs_as_read(definition: Definition) -> ObjectOf:
    """What a run that was started by hand reads of its inputs: those with a default are always there."""
    given = definition.trigger.manual or {}
    return ObjectOf({name: FieldType(one.type) for name, one in given.items()}, name="the inputs")
