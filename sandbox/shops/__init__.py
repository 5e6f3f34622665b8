"""Ticket shops: systems that only send. Each turns what it is asked to sell into the webhook it is known for."""

from sandbox.shops.box_office import BoxOffice
from sandbox.shops.shop import Shop, send_request
from sandbox.shops.tickettailor import TicketTailor

__all__ = ["BoxOffice", "Shop", "TicketTailor", "send_request"]
