"""Which row of the study's stands beside one of ours, and when ours reproduces it."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from resound.report import published, study, tables

ROOT = Path(__file__).resolve().parents[3]
SETTINGS = {
    "sr16000_nfft2048_hop512": {"sample_rate": 16000, "n_fft": 2048, "hop_length": 512},
    "sr16000_nfft2048_hop1024": {"sample_rate": 16000, "n_fft": 2048, "hop_length": 1024},
}
WRITTEN = {name: published.study_setting(stft) for name, stft in SETTINGS.items()}
METRICS = [f"{m}@{k}" for k in (10, 20) for m in ("mrr", "ndcg_retrieved", "binary", "proportion")]


def row(method="cosine", feature="mfcc", setting="sr16000_nfft2048_hop512", off=(), spread=None):
    """Return a row that has the study's figures, and is `off` in some of them."""
    key = study.counterpart(method, feature, WRITTEN[setting])
    figures = {name: published.retrieval_figures()[key][name] for name in METRICS}
    figures |= {name: figures[name] + difference for name, difference in dict(off).items()}
    about = {"method": method, "feature": feature, "setting": setting}
    if spread is not None:
        figures |= {f"{name}_std_orders": spread for name in METRICS}
    return {**about, "protocol": "holdout", "query_fold": "5", **figures}


def compared(*rows):
    table = tables.retrieval_table(rows, SETTINGS, "esc50")
    return study.reproduction([table], WRITTEN)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (("cosine", "mfcc", "16000,2048,512"), ("cosine", "mfcc", "16000,2048,512")),
        (("dtw_flattened", "mfcc", "16000,2048,1024"), ("dtw", "mfcc", "16000,2048,512")),
        (("dtw_flattened", "mfcc_hamming", "44100,4096,2048"), ("dtw", "mfcc", "44100,4096,1024")),
        (("dtw_flattened", "lfcc", "44100,4096,1024"), ("dtw", "lfcc", "44100,4096,1024")),
        (("dtw", "cepstral_lag", "16000,2048,512"), ("dtw", "f0", "16000,2048,512")),
        (("cosine", "cepstral_rate", "44100,4096,1024"), ("cosine", "f1", "44100,4096,1024")),
        # Of other methods the hop is what it says.
        (("cosine", "mfcc", "16000,2048,1024"), ("cosine", "mfcc", "16000,2048,1024")),
    ],
)
def test_the_study_s_row_of_ours(ours, theirs):
    assert study.counterpart(*ours) == theirs


def test_every_row_of_features_in_study_yaml_has_one_of_the_study_and_each_but_once():
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    ours = yaml.safe_load((ROOT / "workflow/configs/study.yaml").read_text())
    stft = config["stft"] | ours["stft"]
    found = []
    for name, changed in ours["retrieval"]["tables"].items():
        block = config["retrieval"]["tables"].get(name, {}) | changed
        found += [
            study.counterpart(
                block["distance"],
                feature,
                published.study_setting(
                    {"sample_rate": stft[s]["sample_rate"]} if feature == "fft" else stft[s]
                ),
            )
            for feature in block["features"]
            for s in block["stft"]
        ]
    features = {"fft", "stft", "mfcc", "lfcc", "f0", "f1"}
    there = [key for key in published.retrieval_figures() if key[1] in features and key[2]]
    assert sorted(found) == sorted(there)
    assert len(found) == 20


def test_what_the_study_measured_otherwise_is_said():
    f0 = row("cosine", "cepstral_lag")
    named = {**f0, "feature": "f0"}
    table = tables.retrieval_table([f0, named], SETTINGS, "esc50")
    assert len(set(table["published_mrr@10"])) == 1
    assert list(table["published_note"]) == [
        "",
        "f0 a pitch, the study's the lag of the largest cepstral value",
    ]


def test_a_row_within_the_bound_in_all_metrics_is_reproduced():
    near, far = compared(row(off={"mrr@20": 0.003}), row(off={"binary@10": -0.0075})).to_dict(
        "records"
    )
    assert (near["reproduced"], near["rule"], near["metric"]) == (True, study.WITHIN, "mrr@20")
    assert near["largest"] == pytest.approx(0.003)
    assert (far["reproduced"], far["rule"], far["metric"]) == (False, "", "binary@10")
    assert far["study"] == "cosine mfcc 16000,2048,512"


def test_orders_of_ties_excuse_three_deviations_and_no_more():
    off = {"mrr@10": 0.02, "binary@20": 0.01}
    within, beyond, untied = compared(
        *(row("cosine", "cepstral_lag", off=off, spread=s) for s in (0.007, 0.006, 0.0))
    ).to_dict("records")
    assert (within["reproduced"], within["rule"]) == (True, study.BY_TIES)
    assert within["deviations"] == pytest.approx(0.02 / 0.007)
    assert not beyond["reproduced"]
    assert not untied["reproduced"]
    assert pd.isna(untied["deviations"])


def test_a_slip_of_the_study_is_left_out_and_named():
    off = {"ndcg_retrieved@20": 0.05}
    (found,) = compared(row("dtw", "cepstral_rate", off=off, spread=0.001)).to_dict("records")
    assert (found["reproduced"], found["left_out"]) == (True, "ndcg_retrieved@20")
    (found,) = compared(row("dtw", "cepstral_lag", off=off, spread=0.001)).to_dict("records")
    assert (found["reproduced"], found["left_out"]) == (False, "")


def test_what_is_reproduced_is_counted_and_listed():
    rows = compared(
        row(off={"mrr@20": 0.001}),
        row(off={"binary@10": -0.0075}),
        row("dtw", "cepstral_rate", off={"mrr@10": 0.02, "ndcg_retrieved@20": 0.1}, spread=0.01),
    )
    text = study.reproduction_text(rows)
    assert text.startswith(
        "Of 3 rows of the study's 2 are reproduced: 1 within 0.003 in all metrics, 1 within 3 "
        "standard deviations over random orders of tied clips. In 1 of them a slip"
    )
    lines = text.splitlines()[4:]
    assert [("within" in line, " no " in line) for line in lines] == [
        (True, False), (False, True), (True, False)
    ]  # fmt: skip
    assert "0.0075 (binary@10)" in lines[1]
    assert "| 2.0 " in lines[2]
    assert lines[2].endswith("| ndcg_retrieved@20 |")


def test_rows_without_a_figure_of_the_study_are_not_compared():
    other = row() | {"feature": "chroma"}
    assert len(compared(other, row())) == 1


def test_a_spread_that_is_rounding_counts_as_no_ties():
    """Means over orders of a row without ties differ in their last bits."""
    found = compared(row(off={"mrr@10": 0.02}, spread=1e-17))
    assert not found["reproduced"].item()
    assert pd.isna(found["deviations"].item())
    assert "inf" not in study.reproduction_text(found)
