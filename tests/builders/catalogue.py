"""A small catalogue: one operation of each kind a check tells apart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from marshmallow import Schema, fields

from workflows.catalogue import Catalogue, Operation, Repeat, Requirement, Vendor
from workflows.fields import Flag, MoneyField, Number, PercentField, Text

COMPLETED = Requirement("symphony.campaign.completed", "symphony:campaign:{id}", never_after="symphony.campaign.failed")


class One(Schema):
    id = Text(required=True)


class Figures(Schema):
    budget = MoneyField(required=True)
    ctr = PercentField()


class Price(MoneyField):
    """Money that goes out as it comes in: an object."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else {"value": value.amount, "currency": value.currency}


class Edit(One):
    budget = Price()
    note = Text()
    share = Number()


class OptIns(Schema):
    email = Flag(allow_none=True)


class Contact(Schema):
    opt_ins = fields.Nested(OptIns, required=True)
    tags = fields.List(Text())


def make_catalogue() -> Catalogue:
    """One vendor with an operation of each kind.

    `shop.get_figures` answers, `shop.edit_show` does not, `shop.add_contact` nests, `shop.gone` is unavailable, and
    `shop.sell_show` cannot be repeated, spends, and waits for a campaign to be completed.
    """
    return Catalogue(
        (
            Vendor(
                "shop",
                "Shop",
                (
                    _operation("shop.get_figures", One, output=Figures),
                    _operation("shop.edit_show", Edit),
                    _operation("shop.add_contact", Contact),
                    _operation("shop.gone", One, unavailable="shop.gone is not configured"),
                    replace(
                        _operation("shop.sell_show", Edit),
                        repeat=Repeat.ASK,
                        requires=(COMPLETED,),
                        spends="budget",
                        spends_at="budget",
                    ),
                ),
            ),
        )
    )


def _operation(
    name: str, inputs: type[Schema], *, output: type[Schema] | None = None, unavailable: str = ""
) -> Operation:
    return Operation(
        name=name,
        summary=name,
        source="Shop, Things",
        method="PUT",
        path="/things",
        inputs=inputs,
        output=output,
        repeat=Repeat.SAFE,
        unavailable=unavailable,
    )
