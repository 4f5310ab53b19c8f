"""What the rules ask a cluster for, and what the profiles say of them."""

import re
from pathlib import Path

import pytest
import yaml

from resound.registry import FIGURES, TABLES

ROOT = Path(__file__).resolve().parents[2]


def rules() -> dict[str, str]:
    """Return what each rule says of itself, that of the rule which it is made from included."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / "workflow/rules").glob("*.smk")):
        parts = re.split(r"(?m)^ *(?=(?:use rule|rule|checkpoint)\b[^\n]*:\n)", path.read_text())
        for part in parts[1:]:
            heading, _, block = part.partition("\n")
            name = heading.removesuffix(":").removesuffix(" with").split()
            if heading.startswith("use rule"):
                found[name[-1]] = found[name[2]] + block
            elif name == ["rule"]:  # one for each kind of the registry
                registry, form = {
                    "evaluate.smk": (TABLES, "make_{}_table"),
                    "figures.smk": (FIGURES, "plot_{}"),
                }[path.name]
                found |= {form.format(kind): block for kind in registry}
            else:
                found[name[-1]] = block
    return found


RULES = rules()
PROFILES = {path.parent.name: path for path in sorted((ROOT / "profiles").glob("*/profile.yaml"))}
DEFAULT = yaml.safe_load(PROFILES["default"].read_text())
REMOTE = [name for name in PROFILES if name != "default"]


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_declares_what_it_needs_and_asks_for_more_in_a_retry(rule):
    for declared in (
        r"threads: \S",
        r"mem_mb=grows\(",
        r"runtime=(grows\(|lambda wildcards, attempt: )",
    ):
        assert re.search(rf"^ +{declared}", RULES[rule], re.M), declared


@pytest.mark.parametrize("profile", REMOTE)
def test_a_profile_that_replaces_the_default_keeps_what_it_says_of_staleness(profile):
    profile = yaml.safe_load(PROFILES[profile].read_text())
    # One GPU is this machine's; a cluster has its own count.
    for key in DEFAULT.keys() - {"resources"}:
        assert profile[key] == DEFAULT[key], key


def test_the_groups_are_rules_of_the_workflow_and_have_a_size():
    profile = yaml.safe_load(PROFILES["slurm"].read_text())
    assert profile["groups"].keys() <= RULES.keys()
    assert set(profile["groups"].values()) == profile["group-components"].keys()


def test_a_group_asks_for_eight_cores_at_most():
    profile = yaml.safe_load(PROFILES["slurm"].read_text())
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    for rule, group in profile["groups"].items():
        threads = re.search(r"threads: (.+)", RULES[rule])[1]
        width = int(threads) if threads.isdigit() else config["training"]["threads"]
        assert width * profile["group-components"][group] <= 8, rule
