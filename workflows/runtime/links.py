"""Links: the right of one person to answer one question, signed, to be sent to them."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from itsdangerous import BadData, URLSafeSerializer

from workflows.errors import StagedoorError
from workflows.settings import Secret

SALT = "stagedoor.approval"


class BadLink(StagedoorError):
    """The link is not one of ours, or was changed on its way."""


@dataclass(frozen=True)
class Link:
    """Whom a link lets answer which question. It ends when the question does, or with its first use."""

    wait_id: str
    person: str


def written(link: Link, key: Secret) -> str:
    """The link as text for an address."""
    text: str | bytes = _signer(key).dumps([link.wait_id, link.person])
    return text if isinstance(text, str) else text.decode()


def read(text: str, key: Secret) -> Link:
    """The link that `text` is. Raises BadLink."""
    try:
        said = _signer(key).loads(text)
    except BadData as error:
        raise BadLink("this link is not one of ours, or was changed on its way") from error
    match said:
        case [str(wait_id), str(person)]:
            return Link(wait_id, person)
    raise BadLink("this link is not one of ours")


def _signer(key: Secret) -> URLSafeSerializer:
    return URLSafeSerializer(key.reveal(), salt=SALT, signer_kwargs={"digest_method": sha256})
