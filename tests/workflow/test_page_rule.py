"""The rule that makes the page: what it shows is what the run computed, and when it runs again."""

import json
import re

import pandas as pd
import pytest

PAGE = "out/report/index.html"
OPTIONS = ("--configfile", "tiny.yaml")


@pytest.fixture(scope="module")
def rendered(finished, tmp_path_factory):
    """Return a copy of the finished project that has its page; leave it as you found it."""
    project = finished.copy_to(tmp_path_factory.mktemp("rendered") / "project")
    project.snakemake("out/report", *OPTIONS)
    return project


def stale(project, target: str = "out/report") -> dict[str, int]:
    return project.jobs(project.snakemake(target, "--dry-run", *OPTIONS))


def data_of(project) -> dict:
    text = (project.folder / PAGE).read_text()
    return json.loads(re.search(r'id="data">(.*?)</script>', text)[1])


@pytest.mark.parametrize("target", ["out/report", "out/report/", PAGE])
def test_the_page_is_made_once(rendered, target):
    assert stale(rendered, target) == {}


def test_every_method_and_classifier_is_on_it_with_its_rule(rendered):
    data = data_of(rendered)
    assert len(data["methods"]) == 11
    for kind, rule in (("methods", "rank_gallery"), ("classifiers", "train_classifier")):
        assert {source[1] for found in data[kind] for source in found["sources"]} == {rule}
    (network,) = [found for found in data["maps"] if found["about"][0] == "cnn"]
    assert [rule for _, rule in network["sources"]] == ["map_embeddings", "embed_clips"]


def test_its_counts_are_the_tables_proportions(rendered):
    tables = rendered.folder.glob("out/tables/retrieval_*.csv")
    rows = [row for table in tables for row in pd.read_csv(table).to_dict("records")]
    names = ("method", "network", "feature", "setting")
    figures = {
        tuple(row[name] for name in names if isinstance(row.get(name), str)): row["proportion@10"]
        for row in rows
    }
    for method in data_of(rendered)["methods"]:
        right = sum(count for query, hit, count in method["pairs"] if query == hit)
        share = right / (sum(method["asked"]) * method["depth"])
        assert share == pytest.approx(figures[tuple(method["about"])])


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("config.yaml", "title: Environmental sound", "title: Sound"),
        ("config.yaml", "max_mb: 25", "max_mb: 24"),
        ("src/resound/report/page/assets/page.css", "--faint", "--grey"),
        ("src/resound/report/page/hits.py", "DIGITS = 4", "DIGITS = 5"),
    ],
)
def test_it_is_made_anew_when_its_own_parts_change(rendered, file, old, new):
    kept = (rendered.folder / file).read_bytes()
    rendered.edit(file, old, new)
    try:
        assert stale(rendered) == {"render_report": 1}
    finally:
        (rendered.folder / file).write_bytes(kept)


def test_where_trainings_report_to_does_not_make_it_anew(rendered):
    kept = (rendered.folder / "tiny.yaml").read_bytes()
    rendered.edit("tiny.yaml", "mode: disabled", "mode: offline")
    try:
        assert stale(rendered) == {}
    finally:
        (rendered.folder / "tiny.yaml").write_bytes(kept)


def test_a_depth_that_no_ranking_has_is_a_fault_of_the_config(project):
    project.edit("config.yaml", "  top_k: 10 ", "  top_k: 30 ")
    output = project.snakemake("out/report", "--dry-run", *OPTIONS, check=False)
    project.match(r"report\.top_k: 30 must not be more than .* 20", output)
