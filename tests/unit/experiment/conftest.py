"""The shipped config, and what changes of it ask for."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from resound.experiment.inventory import Inventory
from resound.experiment.plan import Plan, used_encoders
from resound.experiment.weights import absent_encoders

SHIPPED = yaml.safe_load((Path(__file__).resolve().parents[3] / "config.yaml").read_text())


def changed_config(changes: dict[str, Any]) -> dict[str, Any]:
    """Return the shipped config with some keys set, each named as ``retrieval.protocol``."""
    config = copy.deepcopy(SHIPPED)
    for where, value in changes.items():
        *path, last = where.split(".")
        block = config
        for key in path:
            block = block[key]
        block[last] = value
    return config


@pytest.fixture
def plan_with() -> Callable[..., Plan]:
    """Return a function that plans the shipped config with some keys set."""

    def planned(**changes: Any) -> Plan:
        named = {where.replace("__", "."): value for where, value in changes.items()}
        return Plan(changed_config(named))

    return planned


@pytest.fixture
def plan(plan_with) -> Plan:
    """Return the shipped plan."""
    return plan_with()


@pytest.fixture
def there(tmp_path, monkeypatch) -> Callable[..., Inventory]:
    """Return a function that takes stock of a plan on a machine without weights or results."""
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.chdir(tmp_path)

    def stock(plan: Plan, outcome_of=lambda training: None) -> Inventory:
        absent = absent_encoders(plan.config, used_encoders(plan.config))
        return Inventory(plan, absent, outcome_of)

    return stock
