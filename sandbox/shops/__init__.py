"""Ticket shops: systems that only send. Each turns what it is asked to sell into the webhook it is known for."""

from sandbox.shops.box_office import BoxOffice
from sandbox.shops.eventbrite import Eventbrite
from sandbox.shops.shop import Shop, send_request
from sandbox.shops.shopify import Shopify
from sandbox.shops.stripe import Stripe
from sandbox.shops.tickettailor import TicketTailor
from sandbox.shops.universe import Universe

__all__ = ["BoxOffice", "Eventbrite", "Shop", "Shopify", "Stripe", "TicketTailor", "Universe", "send_request"]
