"""A deterministic simulator of the engine: random workflows, the real ledger code, a clock and deaths at will.

`python -m tests.simulator --schedules 100000` is the nightly command; a few hundred schedules run with the suite.
"""
