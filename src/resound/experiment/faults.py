"""Faults that several blocks of a config may have: unknown names and options, a long warm-up."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from resound.errors import unknown
from resound.registry import Registry


def name_faults(
    where: str, names: Iterable[str], known: Mapping[str, Any] | Registry
) -> Iterator[str]:
    """Yield a fault for each name that is not known, with the one that may be meant."""
    for name in names:
        if name not in known:
            yield f"{where}: {name!r} {unknown(name, known)}"


def option_faults(
    where: str, blocks: Mapping[str, Mapping[str, Any]], registry: Registry
) -> Iterator[str]:
    """Yield a fault for each block that no entry of a registry has, and for each unknown option."""
    for name, options in blocks.items():
        if name not in registry:
            yield f"{where}.{name}: {registry.kind} {name!r} {unknown(name, registry)}"
            continue
        known = registry.options(name)
        for option in options:
            if option not in known:
                yield f"{where}.{name}.{option}: this option {unknown(option, known)}"


def length_faults(where: str, recipe: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with how long a training lasts: its warm-up, or a choice of epochs."""
    if recipe["steps"] is not None:
        if recipe.get("selection") == "validation":
            yield (
                f"{where}.steps: {recipe['steps']} cannot stand with selection: validation, which "
                "chooses among epochs; give epochs and steps: null, or selection: fixed"
            )
    elif recipe["warmup_epochs"] > recipe["epochs"]:
        yield (
            f"{where}.warmup_epochs: {recipe['warmup_epochs']} must not be more than "
            f"epochs, {recipe['epochs']}"
        )
