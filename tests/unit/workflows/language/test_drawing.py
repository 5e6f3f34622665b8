"""A workflow drawn: every step, where each leads, and nothing in it taken for anything but text."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from workflows.language.definition import Definition, all_steps
from workflows.language.drawing import Picture, dot, mermaid, picture_of
from workflows.language.reader import read_definition
from workflows.runtime.graphviz import CannotDraw, svg_of

RIGHT = sorted((Path(__file__).parent / "right").glob("*.yml"))
HEAD = "workflow: w\nwhen: {event: order.placed, where: event.data.shop == 's'}\nsteps:\n"


def definition_of(steps: str, more: str = "") -> Definition:
    return read_definition(HEAD + steps + more, "w.yml")


def edges(picture: Picture) -> set[tuple[str, str, str]]:
    return {(edge.source, edge.target, edge.label) for edge in picture.edges}


def test_steps_lead_to_each_other_and_conditions_stand_on_the_way() -> None:
    picture = picture_of(
        definition_of(
            "  - {id: look, call: shop.get_figures, with: {id: x}}\n"
            "  - {id: enough, stop_unless: look.budget > 5 USD}\n"
            "  - {id: rest, if: look.ctr > 1%, wait: {for: 1h}}\n"
        )
    )
    assert edges(picture) == {
        ("(start)", "look", ""),
        ("look", "enough", ""),
        ("enough", "enough no", "no"),
        ("enough", "rest?", "yes"),
        ("rest?", "rest", "yes"),
        ("rest?", "(end)", "no"),
        ("rest", "(end)", ""),
    }
    assert [(node.name, node.kind) for node in picture.nodes()] == [
        ("(start)", "start"),
        ("look", "call"),
        ("enough", "if"),
        ("enough no", "stop"),
        ("rest?", "if"),
        ("rest", "wait"),
        ("(end)", "end"),
    ]


def test_what_an_error_brings_is_drawn_apart() -> None:
    picture = picture_of(
        definition_of(
            "  - {id: a, call: shop.edit_show, with: {id: x}, on_error: c}\n"
            "  - {id: b, call: shop.edit_show, with: {id: x}, on_error: stop}\n"
            "  - {id: c, call: shop.edit_show, with: {id: x}, on_error: continue}\n",
            "on_failure:\n  - {id: d, set: {a: 1}}\n",
        )
    )
    wrong = {(edge.source, edge.target) for edge in picture.edges if edge.line == "error"}
    assert wrong == {("a", "c"), ("b", "b on error"), ("c", "(end)")}
    assert ("(failure)", "d", "") in edges(picture)
    assert [cluster.title for cluster in picture.root.clusters] == ["on_failure"]


def test_steps_within_steps_are_clusters() -> None:
    picture = picture_of(
        definition_of(
            "  - id: lines\n    for_each:\n      in: =event.data.items\n      concurrency: 3\n      steps:\n"
            "        - id: which\n          choose:\n"
            "            - {if: item.quantity > 1, steps: [{id: many, set: {a: 1}}]}\n"
            "            - {otherwise: [{id: one, set: {a: 1}}]}\n"
            "  - id: both\n    parallel:\n      until: any\n      branches:\n"
            "        left: [{id: l, wait: {for: 1h}}]\n"
            "        right: [{id: r, wait: {for: 2h}}]\n"
        )
    )
    loop, parallel = picture.root.clusters
    assert loop.title == "lines: for each of event.data.items, 3 at a time"
    assert [cluster.title for cluster in parallel.clusters] == ["left", "right"]
    assert {("which", "many", "item.quantity > 1"), ("which", "one", "otherwise"), ("many", "lines", "")} <= edges(
        picture
    )
    assert {("lines", "both", "all done"), ("l", "both.", ""), ("r", "both.", ""), ("both.", "(end)", "")} <= edges(
        picture
    )


def test_people_and_events_have_their_ways_out() -> None:
    picture = picture_of(
        definition_of(
            "  - id: ask\n"
            "    approve: {title: t, from: [a, b], count: 2, expires: 24h, on_timeout: fail, on_deny: continue}\n"
            "  - {id: news, wait_for: {event: order.updated, match: it.data.id == event.data.id, expires: 3d}}\n"
        )
    )
    assert {
        ("ask", "news", "approved"),
        ("ask", "news", "denied"),
        ("ask", "ask nobody in time", "nobody in time"),
        ("news", "news not in time", "not in time"),
        ("news", "(end)", ""),
    } <= edges(picture)
    kinds = {node.step: (node.kind, node.lines) for node in picture.nodes() if node.step}
    assert kinds == {
        "ask": ("ask", ("ask", "2 of a, b", "at most 1d")),
        "news": ("event", ("news", "order.updated", "at most 3d")),
    }


@pytest.mark.parametrize("file", RIGHT, ids=lambda file: file.stem)
def test_every_workflow_can_be_drawn_whole(file: Path, graphviz: Path) -> None:
    definition = read_definition(file.read_text(encoding="utf-8"), file.name)
    picture = picture_of(definition)
    names = [node.name for node in picture.nodes()]
    assert len(names) == len(set(names))
    assert {end for edge in picture.edges for end in (edge.source, edge.target)} <= set(names)
    steps = {step.id for step in all_steps((*definition.steps, *definition.on_failure))}
    assert steps == {node.step for node in picture.nodes() if node.step}
    arrived = {edge.target for edge in picture.edges}
    assert {node.name for node in picture.nodes() if node.kind not in ("start", "fail")} <= arrived
    root = ET.fromstring(svg_of(dot(picture)))
    assert root.tag.endswith("svg")
    assert mermaid(picture).startswith("flowchart TB\n")


EVIL = r"""x == '"]; <script>alert(1)</script> ${7*7} \N \" --> |a| #quot; %%{init}%% `b` &lt;' """


def test_whatever_a_formula_says_is_only_text(graphviz: Path) -> None:
    text = EVIL.strip().replace("'", "").replace("x == ", "")
    quoted = text.replace("\\", "\\\\")
    step = f"  - {{id: a, stop_unless: \"event.id == '{quoted}'\"}}\n".replace('\\"', '\\\\"').replace('"];', '\\"];')
    definition = definition_of(step.replace('\\\\\\\\" -->', '\\\\\\" -->'))
    picture = picture_of(definition)
    svg = svg_of(dot(picture))
    assert "<script" not in svg
    root = ET.fromstring(svg)
    shown = [element.text for element in root.iter() if element.tag.endswith("text") and element.text]
    assert any('"]; <script>' in one for one in shown), shown
    drawn = mermaid(picture)
    assert "<script" not in drawn
    assert all(line.count('"') % 2 == 0 for line in drawn.splitlines())


def test_without_graphviz_it_is_said_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(CannotDraw, match=r"install the package graphviz, or ask for --format mermaid"):
        svg_of("digraph {}")
