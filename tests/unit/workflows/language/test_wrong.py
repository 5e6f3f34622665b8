"""Workflows that are wrong in one way each: every one has exactly one problem, told with its code, its place, and what
would be right. The files are the corpus, `problems.txt` says what is told of each, and those in `beside` are right and
there for the others to speak of.
"""

from pathlib import Path

import pytest

from tests.builders.catalogue import make_catalogue
from tests.builders.settings import make_settings
from workflows.catalogue import Catalogue
from workflows.language.check import check_paths
from workflows.language.codes import CODES
from workflows.settings import Settings

WRONG = Path(__file__).parent / "wrong"
PROBLEMS = (WRONG / "problems.txt").read_text(encoding="utf-8").splitlines()

ELSEWHERE = {
    *("E101", "E102", "E103", "E110", "E111", "E112", "E113"),  # bytes, sizes and names of files: test_yaml_nodes.py
    *("E202", "E203"),  # lengths and depths: test_formulas_parsing.py
    *("E220",),  # what no document describes: test_formulas_checking.py
    *("E304", "E338"),  # two files, two brands: test_check.py
}
"""Codes no single file among these can have, and where they are shown."""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    people = {"alice": {"roles": ["box-office"]}, "bob": {"roles": ["box-office"]}}
    return make_settings(tmp_path_factory.mktemp("data"), people=people)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return make_catalogue()


@pytest.mark.parametrize("expected", PROBLEMS, ids=lambda line: line.partition(".yml")[0])
def test_one_mistake_is_one_problem_with_its_place(expected: str, settings: Settings, catalogue: Catalogue) -> None:
    file = WRONG / f"{expected.partition('.yml')[0]}.yml"
    found = check_paths([file], settings, catalogue, [WRONG / "beside"])
    assert [str(problem).replace(f"{WRONG}/", "") for problem in found] == [expected]


def test_all_of_them_are_told_at_once(settings: Settings, catalogue: Catalogue) -> None:
    found = check_paths([WRONG], settings, catalogue, [WRONG / "beside"])
    assert sorted(str(problem).replace(f"{WRONG}/", "") for problem in found) == sorted(PROBLEMS)


def test_every_file_is_in_the_list() -> None:
    files = sorted(file.name for file in WRONG.glob("*.yml"))
    assert files == sorted(line.partition(":")[0] for line in PROBLEMS)
    assert len(files) >= 60


def test_what_they_are_held_against_is_right(settings: Settings, catalogue: Catalogue) -> None:
    assert check_paths([WRONG / "beside"], settings, catalogue) == []


def test_every_code_a_workflow_can_have_is_among_them() -> None:
    told = {line.split()[1] for line in PROBLEMS}
    of_workflows = {code for code in CODES if code[1] in "1235"}
    assert of_workflows - told == ELSEWHERE
