"""The inputs and answers of Cymbal's operations (Cymbal Partners API, Create events; Create orders; Create
contact; Campaign analytics).

What is null where only text is documented counts as not given. Opt-ins are the exception: there null is a value of
its own, and is sent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields, post_load

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
    web_address,
)
from vendors.moments import Moment
from vendors.money import Price, check_currency, fits_currency, too_fine, with_decimals
from workflows.fields import Flag, Instant, OpenSchema, PartialSchema, Text
from workflows.values import Money

CURRENCY = "USD"
"""What Cymbal books where no currency is given. It is always sent, so that one can see it before it goes."""
TICKETERS = ("eventbrite",)
"""The only ticketer the document shows; others are Cymbal's to name and the operator's to configure."""

STATUSES = ("live", "canceled")

_PRICES = ("prefee_price", "total_price")
_QUANTITY = "How many tickets the line has."


class Person(Schema):
    """Somebody with an e-mail address, a phone or both."""

    @checks_whole
    def _reachable(self, loaded: dict[str, Any], given: Mapping[str, Any]) -> None:
        """An email, a phone or both."""
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


class Priced(Schema):
    """Something with prefee_price, total_price and currency_code.

    The prices are for `priced`, and in the currency `assumed` where none is given. Each declares the three by itself:
    what is inherited would be written first.
    """

    priced: ClassVar[str]
    assumed: ClassVar[str | None] = None

    @checks_whole
    def _prices_agree(self, loaded: dict[str, Any], given: Mapping[str, Any]) -> None:
        """Both prices are in the one currency and fit it, and the price with fees is not the lower one."""
        prices = {name: loaded[name] for name in _PRICES if name in loaded}
        currency = self._currency(loaded)
        if not prices or ("currency_code" in given and "currency_code" not in loaded):
            return
        if currency is None:
            raise ValidationError("is required where there is a price", "currency_code")
        problems: dict[str, list[str]] = {}
        amounts = {name: _amount(price) for name, price in prices.items()}
        for name, price in prices.items():
            if isinstance(price, Money) and price.currency != currency:
                problems[name] = [f"is in {price.currency}, but {self.priced} is in {currency}"]
            elif not fits_currency(amounts[name], currency):
                problems[name] = [too_fine(amounts[name], currency)]
        if not problems and len(amounts) == len(_PRICES) and amounts["total_price"] < amounts["prefee_price"]:
            problems["total_price"] = [f"must not be below prefee_price; both are for {self.priced}"]
        if problems:
            raise ValidationError(problems)

    @post_load
    def _with_decimals(self, loaded: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        prices = {name: loaded[name] for name in _PRICES if name in loaded}
        currency = self._currency(loaded)
        if not prices or currency is None:
            return loaded
        written = {name: with_decimals(_amount(price), currency) for name, price in prices.items()}
        return {**loaded, **written, "currency_code": currency}

    def _currency(self, loaded: Mapping[str, Any]) -> str | None:
        """The currency given, else that of the prices, else the assumed one."""
        prices = (loaded.get(name) for name in _PRICES)
        of_prices = next((price.currency for price in prices if isinstance(price, Money)), self.assumed)
        found: str | None = loaded.get("currency_code", of_prices)
        return found


class OrderItem(Priced):
    """A line of an order. Both prices are for the whole line: 3 tickets at 15 have a total_price of 45."""

    priced = "the whole line, not for one ticket"
    assumed = CURRENCY

    ticket_type_name = Words(metadata=about("The kind of ticket."))
    quantity = Whole(validate=at_least(1), metadata=about(_QUANTITY))
    prefee_price = Price(metadata=about("The whole line's price before fees, in major units."))
    total_price = Price(metadata=about("The whole line's price with fees, in major units."))
    currency_code = Text(validate=check_currency, metadata=about("The prices' currency; USD if left out."))


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
    """A contact, what it agreed to, and a show it is interested in."""

    # `with_rules` puts in the operator's lists.
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
        """A ticketer is eventbrite or one that is configured; so is a genre, where genres are configured."""
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


class Place(Schema):
    """Where a show is. Which of the two Cymbal needs is not documented; one is the least that says anything."""

    name = Words(metadata=about("The venue's name."))
    address = Words(metadata=about("Its address, in one line."))

    @checks_whole
    def _findable(self, loaded: dict[str, Any], given: Mapping[str, Any]) -> None:
        """A name, an address or both."""
        if "name" not in given and "address" not in given:
            raise ValidationError("needs a name, an address or both")


class TicketType(Priced):
    """A kind of ticket. Here the prices are for one ticket, in an order they are for the whole line."""

    priced = "one ticket"

    name = Words(metadata=about("What the tickets are called."))
    prefee_price = Price(metadata=about("One ticket's price before fees, in major units."))
    total_price = Price(metadata=about("One ticket's price with fees, in major units."))
    currency_code = Text(validate=check_currency, metadata=about("The prices' currency; needed where there are any."))
    quantity = Whole(validate=at_least(0), metadata=about("How many such tickets there are."))


class Event(Schema):
    """A show. The same id again is the same show; a cancelled one is sent again with status canceled."""

    id = Identifier(required=True, metadata=about("Your show's id, which orders name."))
    url = Text(required=True, validate=web_address, metadata=about("Where tickets are sold."))
    name = Words(required=True, metadata=about("What the show is called."))
    image_url = Text(required=True, validate=web_address, metadata=about("Public address of a picture."))
    description = Text(metadata=about("What there is to say about it."))
    tags = fields.List(Words(), metadata=about("Words to find it by."))
    status = Text(
        load_default="live", validate=OneOf(STATUSES), metadata=about("live or canceled; left out, live is sent.")
    )
    start_datetime = Moment(required=True, metadata=about("When it begins; sent in UTC."))
    end_datetime = Moment(metadata=about("When it ends; sent in UTC."))
    doors_open_datetime = Moment(metadata=about("When the doors open; sent in UTC."))
    location = fields.Nested(Place, required=True, metadata=about("Where it is."))
    performers = fields.List(Words(), metadata=about("Who plays."))
    ticket_types = fields.List(fields.Nested(TicketType), metadata=about("The kinds of tickets."))

    @checks_whole
    def _in_order(self, loaded: dict[str, Any], given: Mapping[str, Any]) -> None:
        """It does not end before it starts."""
        start, end = loaded.get("start_datetime"), loaded.get("end_datetime")
        if start is not None and end is not None and end < start:
            raise ValidationError("must not be before start_datetime", "end_datetime")


class CreateEvents(Schema):
    """Shows, queued by Cymbal in one go."""

    events = fields.List(
        fields.Nested(Event), required=True, validate=amount_of("event", 1), metadata=about("The shows.")
    )


class AnalyticsPage(Schema):
    """Which campaigns, and which page of them."""

    page = Whole(validate=at_least(1), metadata=about("Which page, from 1."))
    per_page = Whole(validate=at_least(1), metadata=about("Campaigns a page. Left out: 10."))
    type = Text(validate=OneOf(("email", "sms")), metadata=about("email or sms; both if left out."))


class CampaignFigures(PartialSchema):
    """How a campaign did. `attributed_revenue` is in cents, of a currency no document names."""

    campaign_id = Text(required=True)
    campaign_name = Text(allow_none=True)
    campaign_subject_line = Text(allow_none=True)
    campaign_type = Text(allow_none=True)
    delivered_at = Instant(allow_none=True)
    num_recipients = Whole(allow_none=True)
    num_opens = Whole(allow_none=True)
    num_links_clicked = Whole(allow_none=True)
    num_unsubscribes = Whole(allow_none=True)
    num_undelivered = Whole(allow_none=True)
    attributed_tickets_sold = Whole(allow_none=True)
    attributed_revenue = Whole(allow_none=True)


class Analytics(PartialSchema):
    """`{"code": 0, "message": "success", "response": [...]}`."""

    response = fields.List(fields.Nested(CampaignFigures), required=True)


class Queued(OpenSchema):
    """`{"code": 0, "message": "success"}`: queued, not yet stored."""

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


def _amount(price: Decimal | Money) -> Decimal:
    return price.amount if isinstance(price, Money) else price
