"""Measurements. Each is one command that prints what it found and how it was found."""
