"""Who sends us webhooks: one declaration a kind of sender, and how its payload becomes events."""

from webhooks.sources.presets import PRESETS, build_sources
from webhooks.sources.source import Content, EventDraft, Fetch, Greeting, Preset, Source

__all__ = ["PRESETS", "Content", "EventDraft", "Fetch", "Greeting", "Preset", "Source", "build_sources"]
