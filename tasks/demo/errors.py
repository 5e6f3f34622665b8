"""Why a demonstration cannot go on.

DemoError
├── TookTooLong    what was waited for did not come in time; what came can still be compared
├── CallFailed     a call by hand, which the story needs, was not done
└── SandboxGone    the sandbox does not answer
"""


class DemoError(Exception):
    """The demonstration cannot go on."""


class TookTooLong(DemoError):
    """What was waited for did not come in time."""


class CallFailed(DemoError):
    """A call by hand, which the story needs, was not done."""


class SandboxGone(DemoError):
    """The sandbox does not answer."""
