"""`stagedoor send`: a webhook, signed and posted as the vendor would."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import certifi
import click
from urllib3 import PoolManager
from urllib3.exceptions import HTTPError

from tasks.cli import surroundings
from tasks.cli.letters import SENDERS, Letter, letter
from tasks.cli.output import json_option, print_json
from tasks.up.places import LOOPBACK, WEB_PORT, data_folder, running_places
from workflows.problems import nearest
from workflows.settings import SourceSettings

TIMEOUT_SECONDS = 10.0
ANSWER_LIMIT = 2000


@dataclass(frozen=True)
class Answer:
    """What came back; `status` is None when nothing did."""

    status: int | None
    answer: str

    @property
    def is_taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@click.command()
@click.argument("source")
@click.argument("event")
@click.option("--data", type=click.File(encoding="utf-8"), help="A JSON file to send instead of the usual body.")
@click.option("--set", "changes", multiple=True, metavar="PATH=VALUE", help="Change one value: payload.id=or_1.")
@click.option("--count", type=click.IntRange(1), default=1, show_default=True, help="How many, each with its own ids.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), help="At most so many a second.")
@click.option("--url", help="Where Stagedoor is (default: where `stagedoor up` runs).")
@json_option
def send(
    source: str,
    event: str,
    data: Any,
    changes: tuple[str, ...],
    count: int,
    rate: float | None,
    url: str | None,
    as_json: bool,
) -> int:
    """Post EVENT to the endpoint of SOURCE (a name in stagedoor.yml), signed with its secret.

    EVENT is the vendor's name for it: campaign.completed, ORDER.CREATED, orders/create. PATH is dotted, numbers count
    from 0 in lists; VALUE is JSON, or else text.
    """
    found = _source(source)
    template = SENDERS[found.preset].template(found, event)
    if template is None:
        known = list(SENDERS[found.preset].bodies)
        hint = nearest(event, known) or f"it sends {', '.join(known)}"
        raise click.BadParameter(f"{source} sends no {event!r} ({hint})", param_hint="EVENT")
    fixed = _read(data) if data is not None else None
    settled = [_change(text) for text in changes]
    first = int(datetime.now(UTC).timestamp() * 1000)

    def letters() -> Iterator[Letter]:
        for number in range(first, first + count):
            body = json.loads(json.dumps(fixed)) if fixed is not None else template(number)
            for path, value in settled:
                put(body, path, value)
            yield letter(found, event, body, datetime.now(UTC))

    return _tell(list(_post(letters(), url or _usual_url(), rate)), as_json)


def _source(name: str) -> SourceSettings:
    sources = surroundings.settings().sources
    if name not in sources:
        hint = nearest(name, sources) or f"sources are {', '.join(sources)}"
        raise click.BadParameter(f"there is no source {name!r} ({hint})", param_hint="SOURCE")
    return sources[name]


def _read(file: Any) -> dict[str, Any]:
    try:
        value = json.load(file)
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(f"{file.name} is not JSON: {error}", param_hint="--data") from error
    if not isinstance(value, dict):
        raise click.BadParameter(f"{file.name} must hold a JSON object", param_hint="--data")
    return value


def _change(text: str) -> tuple[list[str], Any]:
    path, equals, value = text.partition("=")
    if not equals or not path:
        raise click.BadParameter(f"{text!r} is not PATH=VALUE", param_hint="--set")
    try:
        return path.split("."), json.loads(value)
    except ValueError:
        return path.split("."), value


def put(body: dict[str, Any], path: list[str], value: Any) -> None:
    """Set what stands at a path; objects on the way to it are made. Raises click.BadParameter."""
    here: Any = body
    for step in path[:-1]:
        here = _below(here, step, path)
    if isinstance(here, dict):
        here[path[-1]] = value
    elif isinstance(here, list) and path[-1].isdecimal() and int(path[-1]) < len(here):
        here[int(path[-1])] = value
    else:
        raise click.BadParameter(f"the body has nothing at {'.'.join(path)}", param_hint="--set")


def _below(here: Any, step: str, path: list[str]) -> Any:
    if isinstance(here, dict):
        return here.setdefault(step, {})
    if isinstance(here, list) and step.isdecimal() and int(step) < len(here):
        return here[int(step)]
    raise click.BadParameter(f"the body has nothing at {'.'.join(path)}", param_hint="--set")


def _usual_url() -> str:
    places = running_places(data_folder(os.environ))
    return places.web_url if places is not None else f"http://{LOOPBACK}:{WEB_PORT}"


def _post(letters: Iterator[Letter], url: str, rate: float | None) -> Iterator[Answer]:
    started = time.monotonic()
    with PoolManager(timeout=TIMEOUT_SECONDS, retries=False, ca_certs=certifi.where()) as pool:
        for number, item in enumerate(letters):
            if rate is not None:
                time.sleep(max(0.0, started + number / rate - time.monotonic()))
            yield _post_one(pool, url.rstrip("/") + item.path, item)


def _post_one(pool: PoolManager, url: str, item: Letter) -> Answer:
    try:
        reply = pool.request("POST", url, body=item.body, headers=item.headers, redirect=False)
    except (HTTPError, ValueError) as error:
        return Answer(None, type(error).__name__)  # its text may hold the address, and that a token
    return Answer(reply.status, reply.data.decode(errors="replace")[:ANSWER_LIMIT])


def _tell(answers: list[Answer], as_json: bool) -> int:
    if as_json:
        print_json([{"status": item.status, "answer": _as_value(item.answer)} for item in answers])
    elif len(answers) == 1:
        click.echo(f"{answers[0].status or 'no answer'}: {answers[0].answer.strip()}")
    else:
        for status, number in Counter(item.status for item in answers).items():
            click.echo(f"{number} x {status or 'no answer'}")
    return 0 if all(item.is_taken for item in answers) else 1


def _as_value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
