"""The opening of an experiment: from its config to its plan, and to what of that can be shown."""

import functools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from resound.experiment.config import open_config
from resound.experiment.inventory import Inventory, outcome_at
from resound.experiment.plan import Plan, used_encoders
from resound.experiment.weights import absent_encoders, check_weights


def open_experiment(
    config: dict[str, Any], schema: Mapping[str, Any], files: Iterable[str | Path]
) -> Inventory:
    """Check a config and take stock of what it asks for.

    Parameters
    ----------
    config : dict
        All blocks, as they were read; its paths are brought to one spelling.
    schema : mapping
        The form of a config.
    files : iterable of path
        The YAML files that it was read from.

    Raises
    ------
    ConfigError
        When something is wrong with it, two trainings have one path, or weights are absent.
    """
    checked = open_config(config, schema, files)
    plan = Plan(checked)
    absent = absent_encoders(checked, used_encoders(checked))
    check_weights(checked, absent)
    _ = plan.trainings
    models = Path(checked["results_dir"], "models")
    return Inventory(plan, absent, functools.partial(outcome_at, models))
