"""A deterministic simulator of the engine: random workflows, the real ledger code, a clock and deaths at will.

`python -m tests.simulator --schedules 100000` is the nightly command; some hundred schedules run with the suite. The
same seed is the same story, and is played in the same way to the last row.
"""
