"""The opening of an experiment: from its config to its plan, and to what of that can be shown."""

import functools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from resound.experiment.config import check, open_config
from resound.experiment.config_types import Config
from resound.experiment.coordinates import (
    FINETUNED,
    KNN,
    LINEAR,
    Classifier,
    HeadTraining,
    Split,
    Training,
)
from resound.experiment.facts import STUDY, Look, check_splits, settle
from resound.experiment.inventory import Inventory, outcome_at
from resound.experiment.plan import CLASSIFICATION, Plan, own_recipe, used_encoders
from resound.experiment.weights import absent_encoders, check_weights

VALIDATION = "validation"


class Opened(NamedTuple):
    """An experiment that can begin.

    Attributes
    ----------
    plan : Plan
        All that is asked for.
    absent : list of str
        The encoders in use whose weights are not on this machine.
    told : list of str
        Lines for the person who starts it: what its clips are, and what follows from that.
    """

    plan: Plan
    absent: list[str]
    told: list[str]


def open_plan(
    config: dict[str, Any], schema: Mapping[str, Any], files: Iterable[str | Path], look: Look
) -> Opened:
    """Check a config and what is known of its clips, and plan what it asks for.

    Parameters
    ----------
    config : dict
        All blocks, as they were read; its paths are brought to one spelling, and its protocol to
        one that its clips allow.
    schema : mapping
        The form of a config.
    files : iterable of path
        The YAML files that it was read from.
    look : callable
        Tells what is known of the clips: `resound.data.outline.look`.

    Raises
    ------
    ConfigError
        When something is wrong with it or does not fit the clips, two trainings have one path, or
        weights are absent.
    DataError
        When something is wrong with the list of clips.
    """
    checked = open_config(config, schema, files)
    facts = look(checked)
    asked = checked["retrieval"]["protocol"]
    told = list(settle(config, facts))
    if checked["retrieval"]["protocol"] != asked:
        check(checked, schema)
    absent = absent_encoders(checked, used_encoders(checked))
    check_weights(checked, absent)
    left_out = [] if checked["dataset"] == STUDY else absent
    if left_out:
        told.append(
            f"Left out, as their weights are not here: {', '.join(left_out)}; `resound weights` "
            "tells where to get them."
        )
    plan = Plan(checked, facts, left_out)
    check_splits(facts, _used_splits(plan), _choosing_splits(plan))
    return Opened(plan, absent, told)


def open_experiment(
    config: dict[str, Any], schema: Mapping[str, Any], files: Iterable[str | Path], look: Look
) -> tuple[Inventory, list[str]]:
    """Open a plan as `open_plan` does, take stock of it, and return what is to be told of it."""
    plan, absent, told = open_plan(config, schema, files, look)
    models = Path(plan.config["results_dir"], "models")
    return Inventory(plan, absent, functools.partial(outcome_at, models)), told


def _used_splits(plan: Plan) -> dict[Split, str]:
    """Return every split in use, with the key that asks for it."""
    used = [part.split for part in (*plan.runs.values(), *plan.trainings.values())]
    blocks = {split: "retrieval" if split in plan.splits else CLASSIFICATION for split in used}
    return {split: f"{block}.protocol" for split, block in blocks.items()}


def _choosing_splits(plan: Plan) -> dict[Split, str]:
    """Return the splits of the trainings that choose something by a fold of their own."""
    found = ((of.split, _chooses(plan.config, of)) for of in plan.trainings.values())
    return {split: key for split, key in found if key}


def _selection(config: Config, of: Classifier) -> str:
    """Return how the epoch of a network is chosen."""
    selection: str = own_recipe(config, of.block, of.network)["selection"]
    return selection


def _chooses(config: Config, of: Training) -> str:
    """Return the key of the config by which a training chooses by a fold; empty if it does not."""
    if isinstance(of, HeadTraining) and of.kind in (LINEAR, KNN):
        return "probe.encoders"
    if isinstance(of, HeadTraining) and of.kind == FINETUNED:
        chosen = own_recipe(config, "finetune", of.encoder.name)["selection"]
        return "finetune.selection" if chosen == VALIDATION else ""
    if isinstance(of, Classifier) and _selection(config, of) == VALIDATION:
        return "classification.selection"
    return ""
