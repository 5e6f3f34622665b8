"""Stories: random workflows that use the whole language, and random things that happen to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml
from hypothesis import strategies as st

KEYS = ("7", "8")
"""The campaigns everything is about; few, so that runs meet."""
LONGEST = "3d"


@dataclass(frozen=True)
class Story:
    """The workflows in force, by name, and what happens: numbers that the world reads as it goes."""

    workflows: dict[str, str]
    happenings: tuple[tuple[int, int, int], ...]


CONDITIONS = ("event.data.n > 1", "event.data.n > 2", "has(event.data.gone)", "event.data.gone == 1", "true == true")


LEAVES = ("edit", "edit", "pay", "pay", "ready", "read", "set", "wait", "wait_for", "both", "approve", "stop", "emit")
"""The kinds of steps without steps in them, the more important ones more often."""


class _Writer:
    """Writes steps, each with an id of its own."""

    def __init__(self, draw: st.DrawFn, *, can_begin_runs: bool) -> None:
        self._draw = draw
        self._count = 0
        self._can_begin_runs = can_begin_runs
        self.reads: list[str] = []

    def steps(self, depth: int, *, most: int = 3, item: str = "") -> list[dict[str, Any]]:
        return [self.step(depth, item) for _ in range(self._draw(st.integers(1, most)))]

    def step(self, depth: int, item: str) -> dict[str, Any]:
        self._count += 1
        step_id = f"s{self._count}"
        kinds = [
            "edit",
            "edit",
            "pay",
            "pay",
            "ready",
            "read",
            "set",
            "wait",
            "wait_for",
            "both",
            "approve",
            "stop",
            "emit",
        ]
        kinds += ["run"] if self._can_begin_runs else []
        kinds += ["choose", "for_each", "parallel"] if depth else []
        step: dict[str, Any] = {"id": step_id}
        kind = self._draw(st.sampled_from(kinds))
        step |= getattr(self, f"_{kind}")(step_id, depth, item)
        if kind != "stop" and self._draw(st.integers(0, 5)) == 0:
            step["if"] = self._draw(st.sampled_from(CONDITIONS))
        if kind != "stop":
            step["on_error"] = self._draw(st.sampled_from(["fail", "continue", "stop"]))
        return step

    def _call(self, operation: str, step_id: str, item: str) -> dict[str, Any]:
        note = f"{{{{ run.id }}}} {step_id}{item}"
        step: dict[str, Any] = {"call": operation, "with": {"id": "=run.key", "note": note}}
        step["retry"] = {"attempts": self._draw(st.integers(1, 3)), "within": "2h"}
        if self._draw(st.integers(0, 4)) == 0:
            step["timeout"] = "1h"
        return step

    def _edit(self, step_id: str, depth: int, item: str) -> dict[str, Any]:
        step = self._call("symphony.edit", step_id, item)
        if self.reads and not item and self._draw(st.booleans()):
            step["expects"] = [f"{self.reads[-1]}.n"]
        return step

    def _pay(self, step_id: str, depth: int, item: str) -> dict[str, Any]:
        step = self._call("symphony.pay", step_id, item)
        if self._draw(st.booleans()):
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
        return {"set": {"a": self._draw(st.sampled_from(["=event.data.n * 2", "text", "=event.data.gone"]))}}

    def _wait(self, step_id: str, depth: int, item: str) -> dict[str, Any]:
        return {"wait": self._draw(st.sampled_from([{"for": "10m"}, {"for": "2h"}, {"until": "09:00", "zone": "UTC"}]))}

    def _awaited(self) -> dict[str, Any]:
        names = ["symphony.campaign.updated", "symphony.campaign.processing", "stagedoor.ping"]
        awaited = {"event": self._draw(st.sampled_from(names)), "match": "it.data.id == run.key"}
        return {**awaited, "lookback": "1h"} if self._draw(st.booleans()) else awaited

    def _wait_for(self, step_id: str, depth: int, item: str) -> dict[str, Any]:
        on_timeout = self._draw(st.sampled_from(["stop", "fail", "continue"]))
        return {"wait_for": {**self._awaited(), "expires": "5h", "on_timeout": on_timeout}}

    def _both(self, step_id: str, depth: int, item: str) -> dict[str, Any]:
        mode = self._draw(st.sampled_from(["all", "any"]))
        return {"wait_for": {mode: {"a": self._awaited(), "b": self._awaited()}, "expires": "5h"}}

    def _approve(self, step_id: str, depth: int, item: str) -> dict[str, Any]:
        outcome = st.sampled_from(["stop", "fail", "continue"])
        return {
            "approve": {
                "title": "Shall it? {{ run.key }}",
                "from": "buyers",
                "expires": "4h",
                "on_timeout": self._draw(outcome),
                "on_deny": self._draw(outcome),
            }
        }

    def _stop(self, step_id: str, depth: int, item: str) -> dict[str, Any]:
        return {"stop_unless": self._draw(st.sampled_from(CONDITIONS))}

    def _emit(self, step_id: str, depth: int, item: str) -> dict[str, Any]:
        return {"emit": {"event": "stagedoor.ping", "data": {"id": "=run.key", "n": 2}}}

    def _run(self, step_id: str, depth: int, item: str) -> dict[str, Any]:
        return {"run": "child", "with": {"id": "=run.key", "n": 3}, "timeout": "1d"}

    def _choose(self, step_id: str, depth: int, item: str) -> dict[str, Any]:
        branches = [{"if": self._draw(st.sampled_from(CONDITIONS)), "steps": self.steps(depth - 1, most=2, item=item)}]
        if self._draw(st.booleans()):
            branches.append({"otherwise": self.steps(depth - 1, most=2, item=item)})
        return {"choose": branches}

    def _for_each(self, step_id: str, depth: int, item: str) -> dict[str, Any]:
        loop: dict[str, Any] = {
            "in": ["x", "y", "z"][: self._draw(st.integers(0, 3))] or "=event.data.none",
            "concurrency": self._draw(st.integers(1, 3)),
            "on_item_error": self._draw(st.sampled_from(["continue", "fail"])),
            "steps": self.steps(depth - 1, most=2, item=f"{item} {{{{ item }}}}"),
        }
        return {"for_each": loop, "timeout": "1d"}

    def _parallel(self, step_id: str, depth: int, item: str) -> dict[str, Any]:
        branches = {name: self.steps(depth - 1, most=2, item=item) for name in ("left", "right")}
        return {"parallel": {"until": self._draw(st.sampled_from(["all", "any"])), "branches": branches}}


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """A story: one workflow that may use everything, one it may begin, one that listens to what they emit."""
    main = _Writer(draw, can_begin_runs=True)
    run: dict[str, Any] = {"key": "event.data.id", "expires": LONGEST}
    if draw(st.booleans()):
        run["concurrency"] = {
            "limit": draw(st.integers(1, 2)),
            "on_conflict": draw(st.sampled_from(["queue", "skip", "replace"])),
        }
    if draw(st.integers(0, 3)) == 0:
        run["cancel_on"] = {"event": "symphony.campaign.failed", "match": "it.data.id == event.data.id"}
    gathering = draw(st.integers(0, 5))
    if gathering == 0:
        run["debounce"] = {"for": "10m", "at_most": "1h"}
    when: dict[str, Any] = {"event": ["symphony.campaign.created", "symphony.campaign.updated"]}
    if draw(st.integers(0, 4)) == 0:
        when["stale_after"] = "1h"
    workflow: dict[str, Any] = {"workflow": "main", "when": when, "run": run, "steps": main.steps(2, most=5)}
    if draw(st.booleans()):
        workflow["on_failure"] = [{"id": "sorry", "call": "symphony.edit", "with": {"id": "=run.key", "note": "sorry"}}]
    child = {
        "workflow": "child",
        "when": {"manual": {"inputs": {"id": "text", "n": "number"}}},
        "run": {"expires": "1d"},
        "steps": _Writer(draw, can_begin_runs=False).steps(1, most=2),
    }
    listener = {
        "workflow": "listener",
        "when": {"event": "stagedoor.ping"},
        "run": {"key": "event.data.id", "expires": "1d"},
        "steps": _Writer(draw, can_begin_runs=False).steps(0, most=2),
    }
    happenings = draw(
        st.lists(st.tuples(st.integers(0, 11), st.integers(0, 1000), st.integers(0, 12)), min_size=4, max_size=30)
    )
    texts = {str(item["workflow"]): yaml.safe_dump(item, sort_keys=False) for item in (workflow, child, listener)}
    return Story(texts, tuple(happenings))
