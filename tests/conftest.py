"""What every test has: the network closed but for this machine, Hypothesis without deadlines, real servers."""

import os

from hypothesis import HealthCheck, settings

from tests.network import close_network

pytest_plugins = ["tests.servers.fixtures", "tests.acceptance.desk"]

close_network()

# A shared machine makes single examples slow at random; that says nothing about the code. In CI the
# examples are the same every time: a failure there must be one that can be had again.
settings.register_profile("stagedoor", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("stagedoor-ci", settings.get_profile("stagedoor"), derandomize=True, database=None)
settings.load_profile("stagedoor-ci" if os.environ.get("CI") == "true" else "stagedoor")
