"""The configs that a command reads: config.yaml, and what is laid over it."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from resound.errors import ConfigError

DEFAULT_CONFIG = "config.yaml"


def add_configfile(parser: argparse.ArgumentParser) -> None:
    """Declare the option that names further configs."""
    parser.add_argument(
        "--configfile",
        nargs="+",
        default=[],
        metavar="FILE",
        help=f"configs that are laid over {DEFAULT_CONFIG}, as Snakemake does",
    )


def read_config(files: list[str]) -> dict[str, Any]:
    """Return configs laid one over the other, mappings key by key; raise ConfigError."""
    config: dict[str, Any] = {}
    for file in files:
        try:
            found = yaml.safe_load(Path(file).read_text())
        except (OSError, yaml.YAMLError) as error:
            raise ConfigError(
                f"{file}: cannot be read ({error}); call resound where {DEFAULT_CONFIG} is"
            ) from error
        _lay(config, found or {})
    return config


def _lay(below: dict[str, Any], above: Mapping[str, Any]) -> None:
    for key, value in above.items():
        if isinstance(value, Mapping) and isinstance(below.get(key), dict):
            _lay(below[key], value)
        else:
            below[key] = value
