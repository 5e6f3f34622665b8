"""The people a Cymbal organization knows, and what each agreed to.

Consent has three states here as in Cymbal's Create contact: true (subscribed), false (unsubscribed), null (never told).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from sandbox.store import Shelf, Store

CHANNELS: Final = ("email", "sms")


@dataclass
class Person:
    number: int
    email: str | None
    phone: str | None
    consent: dict[str, bool | None] = field(default_factory=lambda: dict.fromkeys(CHANNELS))
    fields: dict[str, Any] = field(default_factory=dict)
    interests: list[dict[str, Any]] = field(default_factory=list)

    def is_reached_by(self, email: str | None, phone: str | None) -> bool:
        return (email is not None and email == self.email) or (phone is not None and phone == self.phone)


class People:
    """Finds and changes people by e-mail address (in any case) or phone."""

    def __init__(self, store: Store) -> None:
        self._people: Shelf[Person] = Shelf(store, "cymbal.people", load=lambda record: Person(**record), dump=asdict)

    def write(self, body: Mapping[str, Any]) -> None:
        """Take in one checked Create contact body. Null, and a channel left out, change no consent."""
        contact = dict(body["contact"])
        email, phone = contact.pop("email", None), contact.pop("phone", None)
        person = self._found_or_new(None if email is None else email.casefold(), phone)
        person.fields.update(contact)
        for channel, choice in body.get("opt_ins", {}).items():
            if choice is not None:
                person.consent[channel] = choice
        if "interested_in_event" in body:
            person.interests.append(body["interested_in_event"])
        self._people.put(str(person.number), person)

    def listing(self) -> list[dict[str, Any]]:
        return [asdict(person) for person in self._people.values()]

    def _found_or_new(self, email: str | None, phone: str | None) -> Person:
        found = next((person for person in self._people.values() if person.is_reached_by(email, phone)), None)
        if found is None:
            found = Person(len(self._people) + 1, email, phone)
        found.email, found.phone = email or found.email, phone or found.phone
        return found
