"""Ways that lead from a workflow back to itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from workflows.language.definition import Definition, SubRun, all_steps
from workflows.problems import Problem


def way_back(first: Iterable[str], home: str, onward: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The shortest way from one of `first` to `home`, by name and both ends included; none where there is none."""
    ways: list[tuple[str, ...]] = [(name,) for name in first]
    seen: set[str] = set()
    for way in ways:  # grows while it is gone through
        if way[-1] == home:
            return way
        if way[-1] not in seen:
            seen.add(way[-1])
            ways += [(*way, name) for name in onward.get(way[-1], ())]
    return ()


def run_in_circles(definitions: Sequence[Definition]) -> Iterator[tuple[str, Problem]]:
    """Every step that runs its own workflow again, perhaps through others, with the name of its workflow."""
    onward = {one.name: [run.workflow for run in runs_in(one)] for one in definitions}
    for definition in definitions:
        for run in runs_in(definition):
            way = way_back((run.workflow,), definition.name, onward)
            if way:
                message = f"the workflow runs itself: {' → '.join((definition.name, *way))}"
                hint = "a loop is written with 'for_each', or as an event that starts the workflow again"
                yield definition.name, Problem("E335", message, place=run.workflow_place, hint=hint)


def runs_in(definition: Definition) -> Iterator[SubRun]:
    """Every place where a workflow runs another."""
    for step in all_steps((*definition.steps, *definition.on_failure)):
        if isinstance(step.verb, SubRun):
            yield step.verb
