"""The phone book: one package per vendor that declares what it can do, and one client that sends any of it.

A vendor package reads as data: `operations.py` declares, `schemas.py` checks. Nothing outside this package speaks HTTP
to a vendor, and nothing in it retries: that is the engine's, where it is visible.
"""
