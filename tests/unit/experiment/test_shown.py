"""Tables and figures: which are asked for, what they need and what they are told."""

import json

import pytest

from resound.errors import ParameterError
from resound.experiment import shown
from resound.registry import FIGURES, TABLES, Entry


@pytest.fixture
def stock(plan, there):
    return there(plan)


def test_tables_stand_in_the_order_of_their_places(stock):
    tables = list(shown.tables(stock))
    assert tables[0] == "retrieval_cosine"
    assert tables[-6:] == [
        "classification", "calibration", "validation", "matrix_spectrogram", "significance",
        "summary",
    ]  # fmt: skip


def test_a_table_without_rows_is_not_asked_for(plan_with, there):
    block = {"n_samples": [], "rounds": 1}
    plan = plan_with(
        matrix_spectrogram__table=block,
        validation__features=[],
        retrieval__protocol="leave_one_out",
    )
    left = set(shown.tables(there(plan)))
    assert not {"matrix_spectrogram", "validation", "classification", "search"} & left


def test_only_searched_runs_have_a_table_of_searches(plan_with, there, stock):
    assert "search" not in shown.tables(stock)
    plan = plan_with(retrieval__distances__dtw__mode="top_k")
    codes = [r for r in plan.runs_of("retrieval_autoencoder") if r.distance == "dtw"]
    assert shown.searched(plan) == plan.runs_of("retrieval_dtw") + codes
    assert list(shown.tables(there(plan)))[-3:] == ["search", "significance", "summary"]


def test_figures_are_shown_in_the_order_that_is_asked_for(plan_with, there):
    plan = plan_with(figures__show=["precision", "matrix"])
    assert list(shown.figures(there(plan))) == ["precision", "stft_matrix_real"]


def test_what_there_are_several_of_has_a_figure_each(stock):
    figures = shown.figures(stock)
    assert figures["retrieval_cosine"] == "retrieval"
    assert figures["confusion/cnn/mel/sr44100_nfft2048_hop1024"] == "confusion"
    assert figures["tsne/cnn/mel/sr44100_nfft2048_hop1024/fold5/seed0"] == "tsne"


@pytest.mark.parametrize("registry", [TABLES, FIGURES], ids=["tables", "figures"])
def test_every_registration_uses_known_words_and_is_told_plain_facts(registry, stock):
    asked = shown.tables(stock) if registry is TABLES else shown.figures(stock)
    for name, kind in asked.items():
        entry = registry.entry(kind)
        of = shown.Shown(stock.plan, stock, shown.item_of(entry, name))
        spec = shown.told(entry, of)
        assert json.loads(json.dumps(spec)) == spec
        files = [file for of_need in shown.needed(entry, of).values() for file in of_need]
        assert all(file.startswith("<results>/") for file in files)
        assert shown.modules(entry, of)[0] == entry.module


@pytest.mark.parametrize(
    ("trait", "look"), [("needs", shown.needed), ("told", shown.told)], ids=["needs", "told"]
)
def test_an_unknown_word_is_named(trait, look, stock):
    entry = Entry("module", {trait: ("scoers",)}, ())
    with pytest.raises(ParameterError, match=rf"{trait}='scoers' of a registration is not known"):
        look(entry, shown.Shown(stock.plan, stock))


def test_a_block_of_the_config_is_a_fact(stock):
    entry = Entry("module", {"told": ("intervals",)}, ())
    spec = shown.told(entry, shown.Shown(stock.plan, stock))
    assert spec == {"intervals": stock.plan.config["intervals"]}


def test_the_matrix_of_the_figure_is_that_of_the_table(stock):
    of = shown.Shown(stock.plan, stock)
    figure = shown.matrix_figure(of)
    assert figure["matrix"] == shown.told(TABLES.entry("matrix_spectrogram"), of)["matrix"]
    assert figure["audio"]["sample_rate"] == 44100
