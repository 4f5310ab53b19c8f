"""Checks of the keys of a config that are paths, or names that another program must take."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from resound.files import one_spelling

# Keys that are paths.
PLACES = ("data_root", "results_dir")
# Between these Snakemake's patterns have their wildcards and variables.
OF_PATTERNS = "{}<>"
# What wandb takes for the name of a project; the name of an entity is part of an address too.
NOT_IN_NAMES = "/\\#?%:"
LONGEST_NAME = 128


def place_faults(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield the faults of the keys that are paths."""
    for key in PLACES:
        named = config[key]
        if os.path.expandvars(named) != named:
            yield f"{key}: {named!r} names a variable, which is not replaced; write its value"
    named = config["results_dir"]
    place = one_spelling(named)
    wild = sorted({letter for letter in place if letter in OF_PATTERNS})
    if wild:
        yield (
            f"results_dir: {place!r} has {' '.join(wild)} in it, which Snakemake takes for "
            "wildcards; name another folder"
        )
    if not place.isprintable():
        yield f"results_dir: {place!r} has characters that cannot be seen; name another folder"
    if place == one_spelling(config["data_root"]):
        yield f"results_dir: {named!r} is data_root too, and both have a folder audio; name another"
    if Path(place).is_file():
        yield f"results_dir: {named!r} is a file; name a folder"


def tracking_faults(wandb: Mapping[str, Any]) -> Iterator[str]:
    """Yield the faults of the names under which Weights & Biases shows trainings."""
    for key in ("project", "entity"):
        name = wandb[key] or ""
        wrong = [letter for letter in NOT_IN_NAMES if letter in name]
        if wrong:
            yield f"wandb.{key}: {name!r} has {' '.join(wrong)} in it, which wandb takes in no name"
        if len(name) > LONGEST_NAME:
            yield f"wandb.{key}: {name!r} has {len(name)} letters; wandb takes {LONGEST_NAME}"
        if name and not name.strip():
            yield f"wandb.{key}: {name!r} is no name"
