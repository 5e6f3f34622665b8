"""The rules: what a workflow means, what should happen next, and the ledger of what happened.

Knows neither Flask nor Celery nor an HTTP library; vendors reach it only as a catalogue handed in.
"""
