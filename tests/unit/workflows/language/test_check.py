"""A whole configuration is looked at once, and what is wrong with it is told to people and programs alike."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import workflows
from tests.builders.catalogue import make_catalogue
from tests.builders.settings import make_settings
from workflows.catalogue import Catalogue
from workflows.errors import ConfigurationError
from workflows.language.check import check_configuration, check_paths, examine_configuration, read_workflows
from workflows.language.codes import CODES
from workflows.language.reports import as_json, as_sarif, as_text
from workflows.problems import Place, Problem
from workflows.settings import Settings

GOOD = "workflow: {name}\nwhen: {{event: order.placed}}\nsteps: [{{id: a, call: shop.edit_show, with: {{id: x}}}}]\n"

Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def writer(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return writer


def texts(problems: list[Problem], folder: Path) -> list[str]:
    return [str(problem).replace(f"{folder}/", "") for problem in problems]


def catalogue_of(settings: Settings) -> Catalogue:
    return make_catalogue()


def test_mistakes_of_every_sort_in_one_file_are_reported_together(write: Write, tmp_path: Path) -> None:
    text = """\
workflow: all
vars: {share: 110 %, broken: 5 ZZZ}
when:
  event: symphony.campaign.complete
  where: event.data.provider = 'facebook'
run: {key: event.id, key: event.id, expires: 3 days}
steps:
  - id: figures
    call: shop.get_figuers
  - id: good
    stop_unless: figures.ctr > vars.shre
  - id: target
    set: {amount: =mn(brand.budget_cap), other: =brand.budget_kap, third: =vars.broken}
  - id: odd
    stop_unles: target.amount
  - id: edit
    call: shop.edit_show
    with: {id: =odd.x, budgt: =target.amount, note: =target.amuont}
    on_error: abort
"""
    settings = make_settings(tmp_path)
    found = texts(check_paths([write("all.yml", text)], settings, make_catalogue()), tmp_path)
    assert [problem.partition(" ")[0] + problem.split()[1] for problem in found] == [
        "all.yml:2:30:E126",
        "all.yml:4:10:E301",
        "all.yml:5:30:E201",
        "all.yml:6:22:E105",
        "all.yml:6:46:E126",
        "all.yml:9:11:E302",
        "all.yml:11:37:E213",
        "all.yml:13:20:E206",
        "all.yml:13:56:E213",
        "all.yml:15:5:E120",
        "all.yml:18:24:E213",
        "all.yml:18:61:E213",
        "all.yml:19:15:E123",
    ]


def test_a_lost_condition_leaves_open_what_it_may_have_settled(write: Write, tmp_path: Path) -> None:
    text = """\
workflow: lost
when: {event: order.placed, where: has(event.data.buyer.email) and}
steps:
  - {id: a, stop_unless: event.data.buyer.email == event.data.buyer.emial}
"""
    found = check_paths([write("lost.yml", text)], make_settings(tmp_path), make_catalogue())
    assert [problem.code for problem in found] == ["E201", "E213"]


def test_workflows_listen_to_what_a_source_of_ones_own_tells(write: Write, tmp_path: Path) -> None:
    source = {
        "preset": "generic",
        "verify": {"networks": {"allow": ["203.0.113.0/24"]}},
        "type": "kind",
        "prefix": "deals",
        "events": {"won": {"amount": {"from": "worth", "type": "money"}}},
        "brand": "main",
    }
    text = "workflow: w\nwhen: {event: deals.won, where: event.data.amount > 5 USD and event.data.amout > 5 USD}\n"
    steps = "steps: [{id: a, set: {b: =event.data.amount}}]\n"
    settings = make_settings(tmp_path, sources={"crm": source})
    found = check_paths([write("w.yml", text + steps)], settings, make_catalogue())
    assert [str(problem).partition(": ")[2] for problem in found] == [
        "E213 'amout' is not a field of deals.won (did you mean 'amount'?)"
    ]
    unknown = check_paths([write("w.yml", text.replace("deals.won", "deals.wn") + steps)], settings, make_catalogue())
    assert [problem.hint for problem in unknown] == ["did you mean 'deals.won'?"]


def test_a_folder_of_a_configuration_is_checked_with_its_settings(write: Write, tmp_path: Path) -> None:
    write("stagedoor.yml", "brands: {main: {zone: UTC, budget_cap: 500 USD}}\nvendor: {}\n")
    write("workflows/a.yml", GOOD.format(name="a").replace("id: x", "id: =brand.zon"))
    problems = check_configuration({"STAGEDOOR_DTA": "x"}, tmp_path, catalogue_of)
    assert texts(problems, tmp_path) == [
        "STAGEDOOR_DTA: E401 is not a setting of Stagedoor (did you mean 'STAGEDOOR_DATA'?)",
        "stagedoor.yml:2:1: E120 'vendor' is not a key of stagedoor.yml (did you mean 'vendors'?)",
        "workflows/a.yml:3:57: E213 'zon' is not a field of brand (did you mean 'zone'?)",
    ]


@pytest.mark.parametrize("named", ["", "stagedoor.yml", "workflows", "workflows/a.yml"])
def test_the_configuration_is_the_one_the_named_files_lie_in(write: Write, tmp_path: Path, named: str) -> None:
    write("stagedoor.yml", "brands: {main: {motto: x}}\nroles: {}\n")
    write("workflows/a.yml", GOOD.format(name="a").replace("id: x", "id: =brand.moto"))
    problems = check_configuration({}, None, catalogue_of, [tmp_path / named])
    expected = ["E120"] if named == "stagedoor.yml" else ["E120", "E213"]
    assert [problem.code for problem in problems] == expected


@pytest.mark.parametrize(("here", "named"), [("workflows", "a.yml"), ("workflows", "."), (".", "workflows"), (".", "")])
def test_so_it_is_from_within_it(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: str, named: str
) -> None:
    write("stagedoor.yml", "brands: {main: {motto: x}}\n")
    write("workflows/a.yml", GOOD.format(name="a").replace("id: x", "id: =brand.moto"))
    monkeypatch.chdir(tmp_path / here)
    assert [problem.code for problem in check_configuration({}, None, catalogue_of, [Path(named)])] == ["E213"]


def test_what_only_follows_from_wrong_settings_is_not_reported(write: Write, tmp_path: Path) -> None:
    write("stagedoor.yml", "brands: {main: {zone: UTC}\n")
    write("workflows/a.yml", GOOD.format(name="a").replace("shop.edit_show", "shop.gone").replace("x", "=brand.zone"))
    assert [problem.code for problem in check_configuration({}, tmp_path, catalogue_of)] == ["E104"]
    write("stagedoor.yml", "brands: {main: {zone: UTC}}\n")
    assert [problem.code for problem in check_configuration({}, tmp_path, catalogue_of)] == ["E303"]


def test_a_field_of_a_brand_that_is_wrong_is_not_reported_again_where_it_is_read(write: Write, tmp_path: Path) -> None:
    write("stagedoor.yml", "brands: {main: {budget_cap: 5 ZZZ}}\n")
    write("workflows/a.yml", GOOD.format(name="a").replace("id: x", "id: x, budget: =brand.budget_cap"))
    assert [problem.code for problem in check_configuration({}, tmp_path, catalogue_of)] == ["E417"]


def test_settings_a_vendor_refuses_are_reported_where_they_stand(write: Write, tmp_path: Path) -> None:
    def refuses(settings: Settings) -> Catalogue:
        if "symphony" in settings.vendors:
            path = "vendors.symphony.operations.get_campain"
            raise ConfigurationError([Problem("unknown_operation", "is no operation", path, hint="did you mean …?")])
        return make_catalogue()

    write(
        "stagedoor.yml",
        "brands: {main: {}}\nvendors:\n  symphony:\n    operations:\n      get_campain: {path: /x}\n",
    )
    (problem,) = texts(check_configuration({}, tmp_path, refuses), tmp_path)
    assert problem == (
        "stagedoor.yml:5:20: E418 vendors.symphony.operations.get_campain is no operation (did you mean …?)"
    )


def test_without_settings_there_is_one_problem(tmp_path: Path) -> None:
    (problem,) = check_configuration({}, tmp_path, catalogue_of)
    assert problem.code == "E403"


def test_files_are_found_by_name_and_folder(write: Write, tmp_path: Path) -> None:
    for name in ("b", "a"):
        write(f"{name}.yml", GOOD.format(name=name))
    write("notes.txt", "not a workflow")
    found, problems = read_workflows([tmp_path])
    assert [one.name for one in found] == ["a", "b"]
    assert not problems
    alone, _ = read_workflows([tmp_path / "b.yml"])
    assert [one.name for one in alone] == ["b"]


def test_a_file_that_would_be_overlooked_is_reported(write: Write, tmp_path: Path) -> None:
    write("a.yaml", GOOD.format(name="a"))
    found, problems = read_workflows([tmp_path, tmp_path / "missing.yml"])
    assert not found
    assert texts(problems, tmp_path) == [
        "a.yaml:1:1: E113 is not read (name it a.yml)",
        "missing.yml:1:1: E112 No such file or directory",
    ]


def test_two_files_cannot_hold_workflows_of_one_name(write: Write, tmp_path: Path) -> None:
    first = write("one/a.yml", GOOD.format(name="a"))
    second = write("two/a.yml", GOOD.format(name="a"))
    _, problems = read_workflows([first, second])
    assert texts(problems, tmp_path) == ["two/a.yml:1:1: E304 the workflow 'a' is there already, in one/a.yml"]


def test_an_id_that_cannot_be_is_told_once(write: Write, tmp_path: Path) -> None:
    steps = [f"  - {{id: {name}, set: {{b: =event.data.id}}}}\n" for name in ("a", "event", "c")]
    file = write("w.yml", f"workflow: w\nwhen: {{event: order.placed}}\nsteps:\n{''.join(steps)}")
    found = check_paths([file], make_settings(tmp_path), make_catalogue())
    assert texts(found, tmp_path) == ["w.yml:5:10: E125 'event' cannot be the id of a step: formulas know it already"]


def test_files_without_a_name_are_not_taken_for_each_other(write: Write) -> None:
    _, problems = read_workflows([write("one.yml", ""), write("two.yml", "")])
    assert [problem.code for problem in problems] == ["E122", "E122"]


def test_bytes_that_are_no_text_are_a_problem_like_any_other(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_bytes(b"workflow: \xff\n")
    _, problems = read_workflows([tmp_path])
    assert texts(problems, tmp_path) == ["a.yml:1:11: E101 the file is not UTF-8: byte 0xff (save it as UTF-8)"]


def test_a_field_that_one_brand_lacks_may_be_absent(write: Write, tmp_path: Path) -> None:
    settings = make_settings(tmp_path, brands={"main": {"cap": "5 USD", "zone": "UTC"}, "other": {"zone": "UTC"}})
    path = write(
        "a.yml", GOOD.format(name="a").replace("id: x", "id: =brand.zone, budget: '=default(brand.cap, 1 USD)'")
    )
    assert check_paths([path], settings, make_catalogue()) == []
    path = write("a.yml", GOOD.format(name="a").replace("id: x", "id: x, budget: =brand.cap * 2"))
    assert [problem.code for problem in check_paths([path], settings, make_catalogue())] == ["E211"]


def test_with_several_brands_a_run_without_a_source_says_whom_it_speaks_for(write: Write, tmp_path: Path) -> None:
    settings = make_settings(tmp_path, brands={"main": {"zone": "UTC"}, "other": {"zone": "UTC"}})
    text = 'workflow: a\nwhen: {schedule: "0 9 * * mon", zone: UTC}\nsteps: [{id: a, set: {x: 1}}]\n'
    (problem,) = check_paths([write("a.yml", text)], settings, make_catalogue())
    assert str(problem).replace(f"{tmp_path}/", "") == (
        "a.yml:2:7: E338 there are several brands: 'when' needs the key 'brand' (brand: main, or one of other)"
    )
    text = text.replace("zone: UTC}", "zone: UTC, brand: other}")
    assert check_paths([write("a.yml", text)], settings, make_catalogue()) == []


def test_a_file_alone_is_checked_among_the_others_of_its_configuration(write: Write, tmp_path: Path) -> None:
    write("stagedoor.yml", "brands: {main: {zone: UTC}}\n")
    write("workflows/b.yml", "workflow: b\nwhen: {manual: {}}\nsteps: [{id: a, set: {x: =1 +}}]\n")
    caller = write("workflows/a.yml", "workflow: a\nwhen: {event: order.placed}\nsteps: [{id: a, run: b}]\n")
    assert check_configuration({}, None, catalogue_of, [caller]) == []
    caller.write_text(caller.read_text().replace("run: b", "run: c"))
    assert [problem.code for problem in check_configuration({}, None, catalogue_of, [caller])] == ["E333"]


def test_what_a_file_alone_runs_of_the_others_is_part_of_what_it_causes(write: Write, tmp_path: Path) -> None:
    write("stagedoor.yml", "brands: {main: {zone: UTC}}\n")
    sell = "steps: [{id: sell, call: shop.sell_show, with: {id: x, budget: 5 USD}, once: [x]}]\n"
    write("workflows/b.yml", "workflow: b\nwhen: {manual: {}}\n" + sell)
    caller = write("workflows/a.yml", "workflow: a\nwhen: {event: order.placed}\nsteps: [{id: a, run: b}]\n")
    (exposure,) = examine_configuration({}, None, catalogue_of, [caller]).exposures
    assert (exposure.workflow, exposure.money_a_day) == ("a", {"USD": 5})


PROBLEMS = [
    Problem("E120", "'cal' is not a key", place=Place("config/my flows/a.yml", 5, 3), hint="did you mean 'call'?"),
    Problem("E401", "is not a setting", path="STAGEDOOR_X"),
    Problem("E120", "'sett' is not a key", place=Place("/etc/b.yml", 1, 1), severity="warning"),
]


def test_people_get_a_line_a_problem() -> None:
    assert as_text(PROBLEMS).splitlines() == [
        "config/my flows/a.yml:5:3: E120 'cal' is not a key (did you mean 'call'?)",
        "STAGEDOOR_X: E401 is not a setting",
        "/etc/b.yml:1:1: E120 'sett' is not a key",
    ]
    assert as_text([]) == ""


def test_programs_get_json() -> None:
    first, second, _ = json.loads(as_json(PROBLEMS))["problems"]
    assert first["place"] == {"file": "config/my flows/a.yml", "line": 5, "column": 3}
    assert (first["code"], first["hint"], second["path"]) == ("E120", "did you mean 'call'?", "STAGEDOOR_X")


def test_code_review_tools_get_sarif() -> None:
    log = json.loads(as_sarif(PROBLEMS, "0.1.0"))
    (run,) = log["runs"]
    assert log["version"] == "2.1.0"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["E120", "E401"]
    assert all(run["tool"]["driver"]["rules"][item["ruleIndex"]]["id"] == item["ruleId"] for item in run["results"])
    first, second, third = run["results"]
    assert first["message"]["text"] == "'cal' is not a key (did you mean 'call'?)"
    assert first["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "config/my%20flows/a.yml"},
        "region": {"startLine": 5, "startColumn": 3},
    }
    assert "locations" not in second
    assert second["message"]["text"] == "STAGEDOOR_X: is not a setting"
    assert (third["level"], third["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]) == (
        "warning",
        "file:///etc/b.yml",
    )


def test_every_code_that_is_given_is_explained() -> None:
    sources = Path(workflows.__file__).parent.rglob("*.py")
    given = {code for source in sources for code in re.findall(r'"([EW]\d{3})"', source.read_text(encoding="utf-8"))}
    assert given == set(CODES)
