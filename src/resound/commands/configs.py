"""Configs that a command reads: config.yaml, and the files that are laid over it."""

import argparse
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from resound.data.outline import look
from resound.errors import ConfigError
from resound.experiment import reading
from resound.experiment.opening import open_plan
from resound.experiment.plan import Plan

DEFAULT_CONFIG = "config.yaml"
SCHEMA = "workflow/schemas/config.schema.yaml"


def add_config(parser: argparse.ArgumentParser) -> None:
    """Declare the options that change the config, as Snakemake names them."""
    parser.add_argument(
        "--configfile",
        nargs="+",
        action="extend",
        default=[],
        metavar="FILE",
        help=f"configs that are laid over {DEFAULT_CONFIG}, as Snakemake does",
    )
    parser.add_argument(
        "--config",
        nargs="+",
        action="extend",
        default=[],
        metavar="KEY=VALUE",
        help="keys of the config that are set last: --config data_root=/data/ESC-50",
    )


def read_config(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the configs laid one over the other, mappings key by key; raise ConfigError."""
    config: dict[str, Any] = {}
    for file in [DEFAULT_CONFIG, *arguments.configfile]:
        _lay(config, _read(file))
    given: dict[str, str] = {}
    for pair in arguments.config:
        key, equals, value = pair.partition("=")
        if not equals or key not in config:
            raise ConfigError(f"--config {pair}: must be KEY=VALUE with a key of {DEFAULT_CONFIG}")
        if key in given:
            raise ConfigError(f"--config {pair}: {given[key]} stands before it; give one of them")
        given[key] = pair
        _lay(config, {key: _parsed(value, f"--config {pair}")})
    return config


def read_plan(arguments: argparse.Namespace) -> Plan:
    """Return the plan of the same config, after the checks of the workflow.

    Raises
    ------
    ConfigError
        With all faults of the config.
    DataError
        With all faults of the list of its clips.
    """
    files = [DEFAULT_CONFIG, *arguments.configfile]
    return open_plan(read_config(arguments), _read(SCHEMA), files, look).plan


def making(target: Path, arguments: argparse.Namespace) -> str:
    """Return the command that makes a file of the experiment."""
    command = ["snakemake", str(target), "--cores", "all"]
    for option in ("configfile", "config"):
        given = getattr(arguments, option)
        command += [f"--{option}", *given] if given else []
    return shlex.join(command)


def _read(file: str) -> dict[str, Any]:
    if file == DEFAULT_CONFIG and not Path(file).exists():
        raise ConfigError(f"{file}: there is no such file; call resound where {file} is")
    found = _parsed(reading.text_of(file), file) or {}
    if not isinstance(found, dict):
        raise ConfigError(f"{file}: holds a {type(found).__name__}; a config has keys and values")
    return found


def _parsed(text: str, where: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{where}: is no YAML ({error})") from error


def _lay(below: dict[str, Any], above: Mapping[str, Any]) -> None:
    for key, value in above.items():
        if isinstance(value, Mapping) and isinstance(below.get(key), dict):
            _lay(below[key], value)
        else:
            below[key] = value
