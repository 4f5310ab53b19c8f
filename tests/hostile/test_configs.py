"""The config, as Snakemake reads it and as resound checks it."""

import copy
import os
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from snakemake.common.configfile import load_configfile
from snakemake.exceptions import WorkflowError
from yaml import YAMLError

from resound.errors import ConfigError
from resound.experiment import shown
from resound.experiment.config import check
from resound.experiment.inventory import Inventory
from resound.experiment.plan import Plan
from tests.hostile.strategies import with_other_value

pytestmark = pytest.mark.hypothesis

ROOT = Path(__file__).resolve().parents[2]
CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())


def with_key(config, value, *path):
    """Return a copy of `config` with another value at `path`."""
    config = copy.deepcopy(config)
    block = config
    for key in path[:-1]:
        block = block[key]
    block[path[-1]] = value
    return config


def test_a_config_with_other_values_is_used_or_refused(report):
    """the shipped config with other values and keys in it"""

    def use(config):
        check(config, SCHEMA)
        plan = Plan(config)
        shown.tables(Inventory(plan, [], lambda training: None))
        _ = plan.trainings

    # The message names the config as a whole: its faults name the keys.
    @given(with_other_value(CONFIG))
    @example(with_key(CONFIG, float("inf"), "audio", "duration"))
    @example(with_key(CONFIG, float("nan"), "audio", "duration"))
    @example(with_key(CONFIG, [], "retrieval", "query_folds"))
    @example(with_key(CONFIG, {}, "stft", 5))
    @example(with_key(CONFIG, {}, "features", "../../etc/passwd"))
    def holds(config):
        report.read(lambda: use(config), "config")

    holds()
    report.write()


@pytest.mark.parametrize(
    "tag", ["object/apply:os.system", "object/new:os.system", "name:os.system"]
)
def test_a_config_cannot_run_code(tmp_path, report, tag):
    """a config with a tag of YAML that would run code"""
    proof, path = tmp_path / "proof", tmp_path / "config.yaml"
    value = "''" if tag.startswith("name") else f"['touch {proof}']"
    path.write_text(f"dataset: !!python/{tag} {value}\n")
    # Snakemake reads the file: it refuses, or makes of it what the schema refuses.
    with pytest.raises((YAMLError, WorkflowError, ConfigError)):
        check({**CONFIG, **load_configfile(os.fspath(path))}, SCHEMA)
    assert not proof.exists()
    report.write(tried=1, outcome="refused, and no code was run", details=f"`!!python/{tag}`")
