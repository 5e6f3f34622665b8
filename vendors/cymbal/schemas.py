"""The inputs and answers of Cymbal's operations (Cymbal Partners API, Create orders; Create contact).

What is null where only text is documented counts as not given. Opt-ins are the exception: there null is a value of
its own, and is sent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any, ClassVar

from marshmallow import INCLUDE, Schema, ValidationError, fields, post_load, validates_schema

from vendors.entry import Configured
from vendors.fields import (
    Identifier,
    OneOf,
    Whole,
    Words,
    about,
    amount_of,
    at_least,
    checks_whole,
    email_address,
    international_phone,
    phone_digits,
)
from vendors.moments import Moment
from vendors.money import Price, check_currency, fits_currency, too_fine, with_decimals
from workflows.fields import Flag, Text
from workflows.values import Money

CURRENCY = "USD"
"""What Cymbal books where no currency is given. It is always sent, so that one can see it before it goes."""
TICKETERS = ("eventbrite",)
"""The only ticketer the document shows; others are Cymbal's to name and the operator's to configure."""

_PRICES = ("prefee_price", "total_price")
_QUANTITY = "How many tickets the line has."


class Person(Schema):
    """Somebody with an e-mail address, a phone or both."""

    @checks_whole
    def _reachable(self, loaded: dict[str, Any], given: Mapping[str, Any]) -> None:
        if given.get("email") is None and given.get("phone") is None:
            raise ValidationError("needs an email, a phone or both")

    @post_load
    def _without_nulls(self, loaded: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        return {name: value for name, value in loaded.items() if value is not None}


class Customer(Person):
    """Who bought."""

    email = Text(allow_none=True, validate=email_address, metadata=about("The customer's e-mail address."))
    phone = Text(allow_none=True, validate=phone_digits, metadata=about("The phone, country code first."))
    first_name = Words(allow_none=True, metadata=about("The customer's first name."))
    last_name = Words(allow_none=True, metadata=about("The customer's last name."))
    address = Words(allow_none=True, metadata=about("Where the customer lives; a zip code is enough."))
    ip_address = Words(allow_none=True, metadata=about("The address the order was placed from."))


class OrderOptIns(Schema):
    """What the customer said; an order knows yes and no only."""

    email = Flag(required=True, metadata=about("true if the customer agreed to e-mail. Unknown is false."))
    sms = Flag(required=True, metadata=about("true if the customer agreed to SMS. Unknown is false."))


class OrderItem(Schema):
    """A line of an order. Both prices are for the whole line: 3 tickets at 15 have a total_price of 45."""

    ticket_type_name = Words(metadata=about("The kind of ticket."))
    quantity = Whole(validate=at_least(1), metadata=about(_QUANTITY))
    prefee_price = Price(metadata=about("The whole line's price before fees, in major units."))
    total_price = Price(metadata=about("The whole line's price with fees, in major units."))
    currency_code = Text(validate=check_currency, metadata=about("The prices' currency; USD if left out."))

    @validates_schema
    def _prices_agree(self, loaded: dict[str, Any], **kwargs: Any) -> None:
        prices = {name: loaded[name] for name in _PRICES if name in loaded}
        currency = _currency(loaded, prices.values())
        amounts = {name: _amount(price) for name, price in prices.items()}
        for name, price in prices.items():
            if isinstance(price, Money) and price.currency != currency:
                raise ValidationError(f"is in {price.currency}, but the line is in {currency}", name)
            if not fits_currency(amounts[name], currency):
                raise ValidationError(too_fine(amounts[name], currency), name)
        if len(amounts) == len(_PRICES) and amounts["total_price"] < amounts["prefee_price"]:
            why = "must not be below prefee_price; both are for the whole line, not for one ticket"
            raise ValidationError(why, "total_price")

    @post_load
    def _priced(self, loaded: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        prices = {name: loaded[name] for name in _PRICES if name in loaded}
        if not prices:
            return loaded
        currency = _currency(loaded, prices.values())
        written = {name: with_decimals(_amount(price), currency) for name, price in prices.items()}
        return {**loaded, **written, "currency_code": currency}


class Order(Schema):
    """One order."""

    id = Identifier(required=True, metadata=about("Your order's id."))
    event_id = Identifier(required=True, metadata=about("The event's id, as it was given to Cymbal."))
    customer = fields.Nested(Customer, required=True, metadata=about("Who bought."))
    marketing_opt_ins = fields.Nested(OrderOptIns, required=True, metadata=about("What the customer agreed to."))
    items = fields.List(
        fields.Nested(OrderItem),
        required=True,
        validate=amount_of("item", 1),
        metadata=about("The order's lines."),
    )
    created_at = Moment(metadata=about("When the order was placed."))


class CreateOrders(Schema):
    """Orders, queued by Cymbal in one go."""

    orders = fields.List(
        fields.Nested(Order), required=True, validate=amount_of("order", 1), metadata=about("The orders.")
    )


class Contact(Person):
    """The contact. Tags must exist at Cymbal already."""

    full_name = Words(allow_none=True, metadata=about("The whole name, where its parts are not known."))
    first_name = Words(allow_none=True, metadata=about("The first name."))
    last_name = Words(allow_none=True, metadata=about("The last name."))
    email = Text(allow_none=True, validate=email_address, metadata=about("The e-mail address."))
    phone = Text(allow_none=True, validate=international_phone, metadata=about("The phone, such as +19594746360."))
    list_id = Whole(metadata=about("The list's number, from its address in the Cymbal manager."))
    tags = fields.List(Words(), metadata=about("Tags that exist in the Cymbal manager."))
    genres = fields.List(Words(), metadata=about("Genres of Cymbal's own list."))


class ContactOptIns(Schema):
    """true subscribes, false unsubscribes, null leaves everything as it is; what is left out is sent as null."""

    email = Flag(
        allow_none=True,
        load_default=None,
        metadata=about("true subscribes to e-mail, false unsubscribes, null changes nothing."),
    )
    sms = Flag(
        allow_none=True,
        load_default=None,
        metadata=about("true subscribes to SMS, false unsubscribes, null changes nothing."),
    )


class Interest(Schema):
    """A show the contact is interested in."""

    event_id = Identifier(required=True, metadata=about("The show's id at its ticketer."))
    ticketer = Text(required=True, metadata=about("Who sells it, in Cymbal's word for them."))


class CreateContact(Schema):
    """A contact, what it agreed to, and a show it is interested in; `with_rules` adds the operator's lists."""

    genres: ClassVar[Collection[str]] = ()
    ticketers: ClassVar[Collection[str]] = TICKETERS

    contact = fields.Nested(Contact, required=True, metadata=about("Who it is."))
    opt_ins = fields.Nested(
        ContactOptIns,
        load_default=lambda: {"email": None, "sms": None},
        metadata=about("What the contact agreed to, by channel."),
    )
    interested_in_event = fields.Nested(Interest, metadata=about("A show the contact is interested in."))

    @checks_whole
    def _known_words(self, loaded: dict[str, Any], given: Mapping[str, Any]) -> None:
        problems: dict[str, Any] = {}
        ticketer = loaded.get("interested_in_event", {}).get("ticketer")
        if ticketer is not None and (message := _unknown(ticketer, self.ticketers)):
            problems["interested_in_event"] = {"ticketer": [message]}
        genres = enumerate(loaded.get("contact", {}).get("genres", ()) if self.genres else ())
        if wrong := {place: [message] for place, genre in genres if (message := _unknown(genre, self.genres))}:
            problems["contact"] = {"genres": wrong}
        if problems:
            raise ValidationError(problems)


def with_rules(configured: Configured) -> type[CreateContact]:
    """CreateContact with the operator's `genres` and `ticketers`."""
    rules = {"genres": configured.get("genres") or (), "ticketers": configured.get("ticketers") or TICKETERS}
    return type("CreateContact", (CreateContact,), rules)


class Queued(Schema):
    """`{"code": 0, "message": "success"}`: queued, not yet stored."""

    class Meta:
        unknown = INCLUDE

    code = Whole(allow_none=True)
    message = Text(allow_none=True)


def hidden_error(body: Any) -> str:
    """What a 2xx whose `code` is neither 0 nor absent says went wrong. Only 0 is documented."""
    code = body.get("code") if isinstance(body, dict) else None
    return "" if code in (None, 0) else f"code {code}: {body.get('message', 'no message')}"


def _unknown(word: str, known: Collection[str]) -> str:
    try:
        OneOf(known)(word)
    except ValidationError as error:
        return str(error.messages[0])
    return ""


def _currency(line: Mapping[str, Any], prices: Collection[Any]) -> str:
    """The line's currency: as given, else that of its prices, else Cymbal's default."""
    of_prices = next((price.currency for price in prices if isinstance(price, Money)), CURRENCY)
    return str(line.get("currency_code", of_prices))


def _amount(price: Decimal | Money) -> Decimal:
    return price.amount if isinstance(price, Money) else price
