"""``resound weights``: the weights of an experiment's encoders."""

import argparse
from collections.abc import Iterator

from resound.commands.configs import DEFAULT_CONFIG, add_config, read_config
from resound.encoders.weights import check_path, curl_command, download_command
from resound.errors import CheckpointError, ConfigError
from resound.experiment.weights import PUBLISHED, Published, Weights, find, hub_place, weight_file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command can be told."""
    parser.add_argument(
        "--check",
        action="store_true",
        help="read the files and compare their sha256; exit with 1 when one is not as it should be",
    )
    add_config(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print what is known of every encoder's weights; return 1 when --check finds a fault."""
    config = read_config(arguments)
    encoders = config.get("encoders") or {}
    if not encoders:
        raise ConfigError(f"{DEFAULT_CONFIG} has no block encoders; docs/encoders.md shows one")
    faults = 0
    for name, block in encoders.items():
        weights = Weights.of(block["weights"])
        state, fault = _state(name, weights, bool(block.get("optional")), arguments.check)
        faults += fault
        print(f"{name}: {weights.source}")
        for key, value in [("here", state), *_facts(name, weights)]:
            print(f"  {key:9}{value}")
    return int(faults > 0 and arguments.check)


def _state(name: str, weights: Weights, optional: bool, check: bool) -> tuple[str, bool]:
    """Say whether weights are here and sound, and whether that is a fault."""
    path = find(weights)
    if path is None:
        return ("no; optional: its rows are left out", False) if optional else ("no", True)
    if not check:
        return f"yes, {path}; not checked", False
    try:
        file = check_path(path, name, weights)
    except CheckpointError as error:
        return f"DAMAGED OR ANOTHER FILE: {error}", True
    known = weights.sha256 or weights.published_as(file.name)
    return f"yes, {file}; sha256 {'is right' if known else 'is not known'}", False


def _facts(name: str, weights: Weights) -> Iterator[tuple[str, str]]:
    published = weights.published
    if published is None:
        path = find(weights)
        file = path and weight_file(path)
        if file:
            yield "file", file.name
            yield "size", f"{file.stat().st_size:,} bytes"
        yield "sha256", weights.sha256 or "not told"
        yield "licence", "unknown: not one of the published files"
        for other in (entry for entry in PUBLISHED if entry.encoder == name):
            yield "known", f"{other.file} ({other.title})"
            yield from _sources(other)
        return
    yield "file", f"{published.file} ({published.title})"
    yield "size", f"{published.size:,} bytes"
    yield "sha256", weights.sha256 or published.sha256
    yield "licence", published.licence
    yield from _sources(published)


def _sources(published: Published) -> Iterator[tuple[str, str]]:
    for source, revision in published.sources:
        hub = hub_place(source)
        page = curl_command(source) if source.endswith(published.file) else source
        yield "get", download_command(hub, revision) if hub else page
