"""Who sends us webhooks: one declaration a kind of sender, and how its payload becomes events."""

from webhooks.sources.presets import PRESETS, build_sources
from webhooks.sources.source import EventDraft, Preset, Source

__all__ = ["PRESETS", "EventDraft", "Preset", "Source", "build_sources"]
