"""The presets there are, written out, and the sources a configuration makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webhooks.signatures import AllOf, Scheme
from webhooks.sources.cymbal_orders import CYMBAL_ORDERS
from webhooks.sources.proofs import proofs_of
from webhooks.sources.source import Preset, Source
from webhooks.sources.symphony import SYMPHONY
from webhooks.sources.tickettailor import TICKETTAILOR
from workflows.settings import SourceSettings

PRESETS: Mapping[str, Preset] = {preset.name: preset for preset in (SYMPHONY, TICKETTAILOR, CYMBAL_ORDERS)}


def build_sources(configured: Mapping[str, SourceSettings]) -> Mapping[str, Source]:
    """The sources by name, as their endpoints are addressed."""
    return {name: _build(settings) for name, settings in configured.items()}


def _build(settings: SourceSettings) -> Source:
    preset, options = PRESETS[settings.preset], settings.options
    scheme = _scheme(preset, options)
    quarantine = preset.quarantine(options)
    return Source(settings.name, settings.brand, preset, scheme, options, quarantine, settings.admission)


def _scheme(preset: Preset, options: Mapping[str, Any]) -> Scheme | None:
    """The preset's own scheme and those under `verify`; None while the secrets of any are not set."""
    own = [] if preset.scheme is None else [preset.scheme(options)]
    schemes = [*own, *proofs_of(options["verify"])]
    found = tuple(scheme for scheme in schemes if scheme is not None)
    if not found or len(found) < len(schemes):
        return None
    return found[0] if len(found) == 1 else AllOf(found)
