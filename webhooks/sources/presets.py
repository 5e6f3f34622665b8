"""The presets there are, written out, and the sources a configuration makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webhooks.signatures import AllOf, Scheme
from webhooks.sources.constant_contact import CONSTANT_CONTACT
from webhooks.sources.cymbal import CYMBAL
from webhooks.sources.eventbrite import EVENTBRITE
from webhooks.sources.generic import GENERIC
from webhooks.sources.github import GITHUB
from webhooks.sources.proofs import proofs_of
from webhooks.sources.shopify import SHOPIFY
from webhooks.sources.source import Preset, Source
from webhooks.sources.standard import STANDARD_WEBHOOKS
from webhooks.sources.stripe import STRIPE
from webhooks.sources.symphony import SYMPHONY
from webhooks.sources.symphony_website import SYMPHONY_WEBSITE
from webhooks.sources.tickettailor import TICKETTAILOR
from webhooks.sources.universe import UNIVERSE
from workflows.settings import SourceSettings

PRESETS: Mapping[str, Preset] = {
    preset.name: preset
    for preset in (
        SYMPHONY,
        SYMPHONY_WEBSITE,
        CONSTANT_CONTACT,
        TICKETTAILOR,
        EVENTBRITE,
        UNIVERSE,
        SHOPIFY,
        STRIPE,
        CYMBAL,
        STANDARD_WEBHOOKS,
        GITHUB,
        GENERIC,
    )
}


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
