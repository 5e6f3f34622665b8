"""Builders: what a test needs, with defaults for what it is not about."""
