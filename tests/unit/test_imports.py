"""Imports go one way: the rules of docs/architecture.md as a table, and every arrow of the code held against it."""

import ast
import re
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("webhooks", "workflows", "tasks", "vendors", "sandbox")

BASE = frozenset(
    f"workflows.{name}"
    for name in (
        *("errors", "problems", "values", "typed_json", "redaction", "catalogue", "fields", "details", "settings"),
        "zones",
    )
)
"""The small modules of `workflows` that vendors may know."""

MAY_IMPORT = {
    "workflows": ("workflows",),
    "vendors": ("vendors", *BASE),
    "webhooks": ("webhooks", "workflows"),
    "tasks": ("tasks", "webhooks", "workflows", "vendors"),
    "sandbox": ("sandbox",),
}
"""Of our own packages, what each may import."""

EXCEPTIONS = {
    "webhooks.services": ("vendors",),  # the composition root of the web process
    "tasks.cli.sandbox": ("sandbox",),  # the command that starts the stand-ins
}

FOREIGN = {
    "workflows": ("flask", "celery", "kombu", "urllib3", "granian", "click", "rich"),
    "vendors": ("flask", "celery", "kombu", "sqlalchemy"),
    "webhooks": ("celery", "kombu", "urllib3", "click", "rich"),
}
"""Other people's packages that each of ours must not know."""

FOREIGN_EXCEPTIONS = {
    "webhooks.doorbell": ("celery", "kombu"),
    "webhooks.queues": ("kombu",),
}


LAYERS = ("language", "engine", "ledger", "runtime")
"""The parts of `workflows`, each sitting on those before it; the modules beside them may be known by all."""

PURE = ("workflows.language", "workflows.engine")
IMPURE = ("sqlalchemy", "alembic", "psycopg", "sqlite3", "socket", "threading", "random.random", "time.time")
"""What a function of values has no use for."""


def modules() -> Iterator[tuple[str, Path]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imported(path: Path) -> Iterator[str]:
    """Every module a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written out from the top"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def arrows_that_point_back(module: str, path: Path) -> list[str]:
    package = module.partition(".")[0]
    allowed = MAY_IMPORT[package] + EXCEPTIONS.get(module, ())
    names = set(imported(path))
    ours = {name for name in names if within(name, PACKAGES)}
    # `from workflows import typed_json` names a package and a module in it: only the deeper name counts.
    ours -= {name for name in ours if any(other.startswith(name + ".") for other in ours)}
    back = [name for name in ours if not within(name, allowed)]
    denied = tuple(set(FOREIGN.get(package, ())) - set(FOREIGN_EXCEPTIONS.get(module, ())))
    return sorted(back + [name for name in names if within(name, denied)])


@pytest.mark.parametrize(("module", "path"), list(modules()))
def test_no_arrow_points_back(module: str, path: Path):
    assert arrows_that_point_back(module, path) == []


@pytest.mark.parametrize(("module", "path"), [item for item in modules() if item[0].startswith("workflows.")])
def test_the_parts_of_workflows_sit_on_each_other(module: str, path: Path):
    part = module.split(".")[1]
    # Settings read values in their written form ("500 USD"), as the language does.
    seat = "language" if part == "settings" else part
    above = LAYERS[LAYERS.index(seat) + 1 :] if seat in LAYERS else LAYERS
    names = set(imported(path))
    assert [name for name in names if within(name, tuple(f"workflows.{layer}" for layer in above))] == []
    if within(module, PURE):
        assert [name for name in names if within(name, IMPURE)] == []


COMES_WITH_FLASK = {"werkzeug", "itsdangerous", "markupsafe"}
FOR_TYPES_ALONE = {"_typeshed"}


def test_what_is_imported_is_required():
    """Tests need more packages than the product, and would not notice one of theirs in it."""
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    lines = config["options"]["install_requires"] + config["options.extras_require"]["embedded"]
    required = {re.split(r"[ \[<>=]", line)[0].lower() for line in lines.split("\n")}
    names = {name.partition(".")[0] for _, path in modules() for name in imported(path)}
    foreign = names - {*PACKAGES, *sys.stdlib_module_names} - COMES_WITH_FLASK - FOR_TYPES_ALONE
    brought_by = packages_distributions()
    assert [name for name in foreign if not required & {one.lower() for one in brought_by.get(name, [name])}] == []


def test_the_check_sees_an_arrow_that_points_back(tmp_path: Path):
    wrong = tmp_path / "wrong.py"
    wrong.write_text("from webhooks import app\nimport celery\n\ndef late():\n    import vendors.client\n")
    found = arrows_that_point_back("workflows.engine.wrong", wrong)
    assert found == ["celery", "vendors.client", "webhooks.app"]
