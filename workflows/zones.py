"""Time zones by name."""

from __future__ import annotations

from zoneinfo import ZoneInfo, available_timezones

from workflows.problems import nearest


def is_zone(name: str) -> bool:
    """Whether `name` is a zone of the IANA database, such as Europe/London."""
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # unknown; a folder of zones such as Europe; not even a path
        return False
    return True


def nearest_zone(name: str) -> str:
    """The hint for a name that is none."""
    return nearest(name, available_timezones())
