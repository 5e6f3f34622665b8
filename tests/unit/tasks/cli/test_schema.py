"""`schema`: what editors are told of workflow files."""

import json

from tests.unit.tasks.cli.conftest import Run


def test_the_schema_is_printed_with_the_names_of_this_configuration(stagedoor: Run) -> None:
    printed = json.loads(stagedoor("schema").out)
    assert printed["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    called = printed["$defs"]["step"]["properties"]["call"]["oneOf"]
    assert "symphony.edit_campaign" in [one["const"] for one in called]
    assert printed["$defs"]["when"]["properties"]["brand"]["enum"] == ["main"]
