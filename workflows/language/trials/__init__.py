"""Trials: a workflow's own tests, as its `tests` say them; read, checked, and their events read in."""
