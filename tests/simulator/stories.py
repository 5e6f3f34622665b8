"""Stories: random workflows that use the whole language, and random things that happen to them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple

KEYS = ("7", "8")
"""The campaigns everything is about; few, so that runs meet."""
LONGEST = ("6h", "1d", "3d")
OFTEN = 6
"""How much more often a story has its favourite kind of step, and its favourite happening: what is rare comes together
with itself, and so with what stands in its way."""


class Happening(NamedTuple):
    """One thing that happens: what, a number that says how, and when the process dies of it (0: not)."""

    what: str
    choice: int
    death: int


@dataclass(frozen=True)
class Story:
    """The vendor's lanes, the workflows in force, by name, and what happens: numbers the world reads as it goes."""

    seed: int
    lanes: int
    workflows: dict[str, str]
    happenings: tuple[Happening, ...]


CONDITIONS = ("event.type != 'x'", "event.type != 'y'", "default(event.data.n, 2) > 0", "default(event.data.n, 2) > 1")


PLAIN = ("edit", "edit", "pay", "pay", "ready", "ready", "read", "set", "stop")
"""The kinds of steps without steps in them, the more important ones more often."""
WAITING = ("wait", "wait_for", "both", "approve", "emit")
"""Those that make a run one that is claimed, recorded and begun alone; without them it is so together with others."""


class _Writer:
    """Writes steps, each with an id of its own."""

    def __init__(self, random: Random, *, is_plain: bool = False, can_begin_runs: bool = False) -> None:
        self._random = random
        self._count = 0
        self._favourite = random.choice([*PLAIN, *(() if is_plain else WAITING)])
        self._errors = ["fail"] if random.random() < 0.4 else ["fail", "continue", "continue", "stop"]
        self._is_plain = is_plain
        self._can_begin_runs = can_begin_runs
        self.reads: list[str] = []

    def steps(self, depth: int, *, most: int = 3, item: str = "") -> list[dict[str, Any]]:
        return [self.step(depth, item) for _ in range(self._random.randint(1, most))]

    def step(self, depth: int, item: str) -> dict[str, Any]:
        self._count += 1
        step_id = f"s{self._count}"
        kinds = [*PLAIN, *(() if self._is_plain else WAITING)]
        kinds += [self._favourite] * OFTEN
        kinds += ["run"] if self._can_begin_runs else []
        kinds += ["choose", "for_each", "parallel"] if depth else []
        step: dict[str, Any] = {"id": step_id}
        kind = self._favourite if self._count <= 2 and self._random.random() < 0.5 else self._random.choice(kinds)
        step |= getattr(self, f"_{kind}")(step_id, depth, item)
        if kind != "stop" and self._random.randint(0, 5) == 0:
            step["if"] = self._random.choice(CONDITIONS)
        if kind != "stop":
            step["on_error"] = self._random.choice(self._errors)
        return step

    def _call(self, operation: str, step_id: str, item: str) -> dict[str, Any]:
        note = f"{{{{ run.id }}}} {step_id}{item}"
        step: dict[str, Any] = {"call": operation, "with": {"id": "=run.key", "note": note}}
        step["retry"] = {"attempts": self._random.randint(1, 4), "within": "6h"}
        if self._random.randint(0, 4) == 0:
            step["timeout"] = "1h"
        return step

    def _edit(self, step_id: str, depth: int, item: str) -> dict[str, Any]:
        step = self._call("symphony.edit", step_id, item)
        if self.reads and not item and self._random.random() < 0.5:
            step["expects"] = [f"{self.reads[-1]}.n"]
        return step

    def _pay(self, step_id: str, depth: int, item: str) -> dict[str, Any]:
        step = self._call("symphony.pay", step_id, item)
        if self._random.random() < 0.5:
            step["once"] = ["=run.key", "pay"]
        return step

    def _ready(self, step_id: str, depth: int, item: str) -> dict[str, Any]:
        return self._call("symphony.ready", step_id, item)

    def _read(self, step_id: str, depth: int, item: str) -> dict[str, Any]:
        step = self._call("symphony.read", step_id, item)
        if not item and depth == 2:
            self.reads.append(step_id)
        return step

    def _set(self, step_id: str, depth: int, item: str) -> dict[str, Any]:
        return {
            "set": {"a": self._random.choice(["=default(event.data.n, 1) * 2", "text", "text", "=event.data.gone"])}
        }

    def _wait(self, step_id: str, depth: int, item: str) -> dict[str, Any]:
        return {"wait": self._random.choice([{"for": "10m"}, {"for": "2h"}, {"until": "09:00", "zone": "UTC"}])}

    def _awaited(self) -> dict[str, Any]:
        names = ["symphony.campaign.updated", "symphony.campaign.processing", "stagedoor.ping"]
        awaited = {"event": self._random.choice(names), "match": "it.data.id == run.key"}
        return {**awaited, "lookback": "1h"} if self._random.random() < 0.5 else awaited

    def _wait_for(self, step_id: str, depth: int, item: str) -> dict[str, Any]:
        on_timeout = self._random.choice(["stop", "fail", "continue"])
        return {"wait_for": {**self._awaited(), "expires": "5h", "on_timeout": on_timeout}}

    def _both(self, step_id: str, depth: int, item: str) -> dict[str, Any]:
        mode = self._random.choice(["all", "any"])
        return {"wait_for": {mode: {"a": self._awaited(), "b": self._awaited()}, "expires": "5h"}}

    def _approve(self, step_id: str, depth: int, item: str) -> dict[str, Any]:
        outcomes = ["stop", "fail", "continue"]
        return {
            "approve": {
                "title": "Shall it? {{ run.key }}",
                "from": "buyers",
                "count": self._random.randint(1, 2),
                "expires": "4h",
                "on_timeout": self._random.choice(outcomes),
                "on_deny": self._random.choice(outcomes),
            }
        }

    def _stop(self, step_id: str, depth: int, item: str) -> dict[str, Any]:
        return {"stop_unless": self._random.choice(CONDITIONS)}

    def _emit(self, step_id: str, depth: int, item: str) -> dict[str, Any]:
        return {"emit": {"event": "stagedoor.ping", "data": {"id": "=run.key", "n": 2}}}

    def _run(self, step_id: str, depth: int, item: str) -> dict[str, Any]:
        return {"run": "child", "with": {"id": "=run.key", "n": 3}, "timeout": "1d"}

    def _choose(self, step_id: str, depth: int, item: str) -> dict[str, Any]:
        branches = [{"if": self._random.choice(CONDITIONS), "steps": self.steps(depth - 1, most=2, item=item)}]
        if self._random.random() < 0.5:
            branches.append({"otherwise": self.steps(depth - 1, most=2, item=item)})
        return {"choose": branches}

    def _for_each(self, step_id: str, depth: int, item: str) -> dict[str, Any]:
        mine = f"{item} {{{{ {step_id}i.i }}}}"
        loop: dict[str, Any] = {
            "in": ["x", "y", "z"][: self._random.randint(1, 3)],
            "concurrency": self._random.randint(1, 3),
            "on_item_error": self._random.choice(["continue", "fail"]),
            # Kept under a name of its own: of a loop in a loop, `item` is only the inner one's.
            "steps": [{"id": f"{step_id}i", "set": {"i": "=item"}}, *self.steps(depth - 1, most=2, item=mine)],
        }
        return {"for_each": loop, "timeout": "1d"}

    def _parallel(self, step_id: str, depth: int, item: str) -> dict[str, Any]:
        branches = {name: self.steps(depth - 1, most=2, item=item) for name in ("left", "right")}
        return {"parallel": {"until": self._random.choice(["all", "any"]), "branches": branches}}


def story_of(seed: int) -> Story:
    """The story of a number: the same one each time, so that one that failed becomes a test by its number."""
    return story_by(Random(seed), seed)


def story_by(random: Random, seed: int) -> Story:
    """A story: one workflow that may use everything, one it may begin, one that listens to what they emit."""
    is_plain = random.random() < 0.3
    main = _Writer(random, is_plain=is_plain, can_begin_runs=not is_plain)
    run: dict[str, Any] = {
        "key": "event.data.id",
        "expires": random.choice(LONGEST),
        **({} if is_plain else _policies(random)),
    }
    if "batch" in run:
        del run["key"]  # that is the value of `by`
    when: dict[str, Any] = {"event": ["symphony.campaign.created", "symphony.campaign.updated"]}
    if random.random() < 0.15:
        when["stale_after"] = "1h"
    workflow: dict[str, Any] = {"workflow": "main", "when": when, "run": run, "steps": main.steps(2, most=5)}
    if random.random() < 0.5:
        sorry = {"id": "sorry", "call": "symphony.edit", "with": {"id": "=run.key", "note": "sorry"}}
        workflow["on_failure"] = [sorry]
    child = {
        "workflow": "child",
        "when": {"manual": {"inputs": {"id": "text", "n": "number"}}},
        "run": {"expires": "1d"},
        "steps": _Writer(random).steps(1, most=2),
    }
    listener = {
        "workflow": "listener",
        "when": {"event": "stagedoor.ping"},
        "run": {"key": "event.data.id", "expires": "1d"},
        "steps": _Writer(random).steps(0, most=2),
    }
    workflows = (workflow,) if is_plain else (workflow, child, listener)
    often = {**HAPPENINGS}
    favourite = random.choice(list(HAPPENINGS))
    often[favourite] = max(often[favourite], 1) * OFTEN / 2
    begin = (Happening("deliver", random.randrange(4), 0), Happening("take_in", 0, 0))
    happenings = tuple(_happening(random, often) for _ in range(random.randint(8, 38)))
    return Story(
        seed=seed,
        lanes=random.randint(1, 4),
        workflows={str(item["workflow"]): json.dumps(item, indent=1) for item in workflows},
        happenings=(*begin, *happenings),
    )


def _policies(random: Random) -> dict[str, Any]:
    policies: dict[str, Any] = {}
    if random.random() < 0.6:
        on_conflict = random.choice(["queue", "queue", "skip", "replace"])
        policies["concurrency"] = {"limit": random.choice([1, 1, 2]), "on_conflict": on_conflict}
    if random.random() < 0.2:
        policies["cancel_on"] = {"event": "symphony.campaign.failed", "match": "it.data.id == event.data.id"}
    gathering = random.random()
    if gathering < 0.1:
        policies["debounce"] = {"for": "10m", "at_most": "1h"}
    elif gathering < 0.2:
        policies["batch"] = {"count": random.randint(2, 3), "within": "30m", "by": "event.data.id"}
    return policies


HAPPENINGS: Mapping[str, float] = {
    "deliver": 5,
    "take_in": 4,
    "sweep": 3,
    "perform": 6,
    "perform_together": 3,
    "pass_time": 3,
    "vote": 3,
    "cancel": 0.4,
    "settle": 0.7,
    "lose": 0.4,
    "repeat": 0.4,
    "retry": 1.5,
    "undo": 1.5,
}
"""What may happen, and how often beside the others."""


def _happening(random: Random, often: Mapping[str, float]) -> Happening:
    """What happens, which of the many ways, and after how many commits and calls the process dies (0: it lives)."""
    (what,) = random.choices(list(often), list(often.values()))
    death = random.randint(1, 6) if random.random() < 0.3 else 0
    return Happening(what, random.randrange(10_000), death)
