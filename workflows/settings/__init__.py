"""Settings: what the environment and `stagedoor.yml` say, read once per process, checked whole, frozen, passed down."""

from workflows.settings.environment import ENVIRONMENT, config_folder
from workflows.settings.reading import examine_settings, read_settings
from workflows.settings.values import Key, PersonSettings, Secret, Settings, SourceSettings, Unset

__all__ = [
    "ENVIRONMENT",
    "Key",
    "PersonSettings",
    "Secret",
    "Settings",
    "SourceSettings",
    "Unset",
    "config_folder",
    "examine_settings",
    "read_settings",
]
