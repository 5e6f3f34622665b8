"""The presets there are, written out, and the sources a configuration makes of them."""

from __future__ import annotations

from collections.abc import Mapping

from webhooks.sources.cymbal_orders import CYMBAL_ORDERS
from webhooks.sources.source import Preset, Source
from webhooks.sources.symphony import SYMPHONY
from webhooks.sources.tickettailor import TICKETTAILOR
from workflows.settings import SourceSettings

PRESETS: Mapping[str, Preset] = {preset.name: preset for preset in (SYMPHONY, TICKETTAILOR, CYMBAL_ORDERS)}


def build_sources(configured: Mapping[str, SourceSettings]) -> Mapping[str, Source]:
    """The sources by name, as their endpoints are addressed."""
    return {name: _build(settings) for name, settings in configured.items()}


def _build(settings: SourceSettings) -> Source:
    preset = PRESETS[settings.preset]
    return Source(settings.name, settings.brand, preset, preset.scheme(settings.options))
