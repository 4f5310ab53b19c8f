import pandas as pd
import pytest

from resound.report import encoders, published, tables
from resound.report.comparison import summary_caption, summary_table

SETTING = "sr44100_nfft4096_hop1024"
SETTINGS = {SETTING: {"sample_rate": 44100, "n_fft": 4096, "hop_length": 1024}}
METRICS = ("mrr", "ndcg_retrieved", "ndcg", "binary", "proportion", "map")


def row(**changes):
    """Return a row as `retrieval_rows` makes it."""
    figures = {f"{name}@10{end}": 0.5 for name in METRICS for end in ("", "_low", "_high")}
    about = {"method": "dtw", "feature": "mfcc", "setting": SETTING, "protocol": "holdout"}
    return about | {"query_fold": "5", "n_queries": 80, "ties": 0.25} | figures | changes


def test_the_study_s_figures_are_those_it_printed():
    figures = published.retrieval_figures()
    assert figures["dtw", "mfcc", "44100,4096,1024"]["mrr@10"] == 0.4215
    assert figures["cosine", "fft", "44100,-,-"]["binary@20"] == 0.6550
    assert "ndcg@10" not in figures["dtw", "mfcc", "44100,4096,1024"]


@pytest.mark.parametrize(
    ("stft", "written"),
    [({"sample_rate": 16000}, "16000,-,-"), (SETTINGS[SETTING], "44100,4096,1024")],
)
def test_a_setting_as_the_study_writes_it(stft, written):
    assert published.study_setting(stft) == written


def test_the_study_stands_beside_its_own_protocol_without_a_note():
    frame = tables.retrieval_table([row(method="cosine")], SETTINGS, "esc50")
    assert frame["published_mrr@10"].item() == 0.3503
    assert frame["published_note"].item() == ""
    assert list(frame.columns).index("published_mrr@10") > list(frame.columns).index("ties")


def test_what_differs_from_the_study_is_said():
    about = {"method": "cosine", "protocol": "cv", "query_fold": "all"}
    frame = tables.retrieval_table([row(**about)], SETTINGS, "esc50")
    assert frame["published_note"].item() == "protocol cv, the study's holdout"
    caption = tables.retrieval_caption(frame, "esc50", 0.95)
    assert "(the study's, ours minus it)" in caption
    assert "Not as in the study: protocol cv" in caption
    assert "95% interval" in caption
    assert "25.00%" in caption


@pytest.mark.parametrize("dataset", ["esc10", "synthetic", "folder"])
def test_the_study_has_no_place_beside_other_data(dataset, tmp_path):
    frame = tables.retrieval_table([row(method="cosine"), row()], SETTINGS, dataset)
    assert not [c for c in frame if c.startswith(("published_", "difference_"))]
    caption = tables.retrieval_caption(frame, dataset, 0.95)
    tables.write(frame, tmp_path / "t.csv", tables.shown_retrieval(frame, [10]), caption)
    assert "study" not in (tmp_path / "t.md").read_text()
    assert "study" not in summary_caption(summary_table({"t": frame}, "mrr@10"), dataset, 0.95)


def test_of_a_holdout_another_fold_is_said():
    frame = tables.retrieval_table([row(method="cosine", query_fold="4")], SETTINGS, "esc50")
    assert frame["published_note"].item() == "query fold 4, the study's 5"


def test_a_row_without_a_figure_of_the_study_has_none():
    frame = tables.retrieval_table([row(), row(feature="chroma")], SETTINGS, "esc50")
    assert pd.isna(frame["published_mrr@10"][1])
    assert frame["published_note"][1] == ""
    shown = tables.shown_retrieval(frame, [10])
    assert list(shown["mrr@10"]) == [
        "0.500 [0.500, 0.500] (0.421, +0.079)",
        "0.500 [0.500, 0.500]",
    ]


def test_ours_minus_the_study_s_stands_beside_it():
    frame = tables.retrieval_table([row()], SETTINGS, "esc50")
    assert frame["difference_mrr@10"].item() == pytest.approx(0.5 - 0.4215)
    columns = list(frame.columns)
    assert columns.index("difference_mrr@10") > columns.index("published_proportion@10")


def test_the_best_of_those_that_ask_one_fold_is_bold(tmp_path):
    values = {("4", "a"): 0.2, ("4", "b"): 0.3, ("5", "a"): 0.9, ("5", "b"): 0.8999}
    rows = [row(query_fold=f, feature=n, **{"mrr@10": v}) for (f, n), v in values.items()]
    frame = tables.retrieval_table(rows, SETTINGS, "esc10")
    assert tables.best_of(frame, "mrr@10", "query_fold") == [False, True, False, False]
    shown = tables.shown_retrieval(frame, [10])
    tables.write(frame, tmp_path / "t.csv", shown, "What it is.")
    markdown, latex = ((tmp_path / f"t.{form}").read_text() for form in ("md", "tex"))
    assert "| **0.300** [0.500, 0.500] |" in markdown
    assert r" \textbf{0.300} [0.500, 0.500] " in latex
    assert markdown.count("**") == latex.count("textbf") * 2 == 2


def test_the_study_s_learned_rows_stand_beside_ours():
    about = {"method": "cosine", "feature": "mel", "network": "resnet18"}
    rows = [
        row(**about),
        row(**about | {"network": "cnn"}),
        row(**about | {"network": "autoencoder_512"}),
        row(**about | {"network": "autoencoder_512", "method": "dtw"}),
    ]
    starts = dict.fromkeys(("resnet18", "cnn", "autoencoder_512"), "random")
    frame = tables.retrieval_table(rows, SETTINGS, "esc50", starts=starts)
    study = frame["published_mrr@10"]
    assert study[0] == 0.434
    assert pd.isna(study[1])
    assert list(study[2:]) == [0.0782, 0.0883]
    notes = list(frame["published_note"])
    assert notes[:3] == ["weights at the start random, the study's ImageNet", "", ""]
    assert notes[3].startswith("DTW aligns frames, the study's code frames or one sequence")
    shown = tables.shown_retrieval(frame, [10])
    assert list(shown.columns[:4]) == ["method", "network", "started_from", "feature"]
    assert list(shown["started_from"]) == ["random"] * 4
    told = tables.retrieval_caption(frame, "esc50", 0.95).splitlines()
    start, aligned = (line for line in told if line.startswith("Not as in the study"))
    assert start.endswith("weights at the start random, the study's ImageNet (resnet18).")
    assert aligned.endswith("numbers (not known) (autoencoder_512).")


def test_what_all_rows_have_in_common_is_said_once_and_of_no_row():
    frame = tables.retrieval_table(
        [row(protocol="cv"), row(feature="f0", protocol="cv"), row(feature="chroma")],
        SETTINGS,
        "esc50",
    )
    common, own, pitch = tables.difference_lines(frame)
    assert common == "Not as in the study: protocol cv, the study's holdout."
    assert own.endswith(", coefficient after coefficient (mfcc).")
    assert pitch.endswith("the study's the lag of the largest cepstral value (f0).")


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"method": "dtw", "feature": "mfcc"}, "DTW aligns frames, the study's one sequence of "
         "numbers, coefficient after coefficient"),
        ({"method": "dtw", "feature": "lfcc"}, "DTW aligns frames, the study's frames or one "
         "sequence of numbers (not known)"),
        # A number a frame is the same aligned either way.
        ({"method": "dtw", "feature": "f0"}, "f0 a pitch, the study's the lag of the largest "
         "cepstral value"),
        ({"method": "dtw", "feature": "cepstral_lag"}, ""),
        ({"method": "dtw_flattened", "feature": "mfcc_hamming"}, ""),
        ({"method": "dtw_flattened", "feature": "lfcc"}, "DTW aligns one sequence of numbers, "
          "coefficient after coefficient, the study's frames or one sequence of numbers "
          "(not known)"),
        ({"method": "cosine", "feature": "mfcc"}, ""),
    ],
)  # fmt: skip
def test_what_dtw_aligned_is_compared(changes, note):
    frame = tables.retrieval_table([row(**changes)], SETTINGS, "esc50")
    assert pd.notna(frame["published_mrr@10"].item())
    assert frame["published_note"].item() == note


@pytest.mark.parametrize(
    ("network", "vector", "note"),
    [
        ("clap_embedding", "embedding", ""),
        ("clap_embedding", "frozen", "vector frozen, the study's embedding"),
        ("beats_mlp", "hidden", ""),
        ("beats_mlp_soft", "probabilities", "vector probabilities, the study's hidden"),
        ("clap_frozen", "frozen", None),
    ],
)
def test_which_vector_of_an_encoder_is_compared_is_said(network, vector, note):
    about = {"method": "cosine", "feature": "waveform", "network": network, "missing": ""}
    frame = tables.retrieval_table(
        [row(**about), row(**about | {"network": "clap_mlp"})],
        SETTINGS,
        "esc50",
        starts=dict.fromkeys((network, "clap_mlp"), "0" * 64),
        vectors={network: vector, "clap_mlp": "hidden"},
    )
    assert pd.isna(frame["published_mrr@10"][0]) == (note is None)
    assert list(frame["published_note"]) == [note or "", ""]
    assert list(tables.shown_retrieval(frame, [10])["vector"]) == [vector, "hidden"]


def test_every_row_that_the_study_has_of_an_encoder_says_which_vector_it_was():
    studied = {m for m, feature, _ in published.retrieval_figures() if feature == "waveform"}
    assert studied == set(published.VECTORS)
    assert set(published.READINGS.values()) <= studied


def test_every_network_of_the_study_says_what_it_started_from():
    networks = {network for network, feature in published.accuracy_figures() if feature == "mel"}
    assert networks == set(published.STARTS)


def test_the_study_s_validation_and_times_are_those_it_printed():
    figures = published.validation_figures()
    assert (figures["mel"]["frames"], figures["mel"]["dims"]) == (216, 40)
    assert figures["mel"]["mean_difference"] == 0.0076
    assert figures["mel"]["max_difference"] == 0.1088
    assert figures["mel"]["std_difference"] == 0.0124
    named = {"stft", "mel", *(f"mfcc_{i}" for i in range(13))}
    assert {name: row["correlation"] for name, row in figures.items()} == dict.fromkeys(named, 1)
    assert published.kernel_minutes() == {"without_kernel": 240, "with_kernel": 14}


def test_what_only_the_whole_gallery_tells_is_shown_too():
    shown = tables.shown_retrieval(tables.retrieval_table([row()], SETTINGS, "esc50"), [10])
    assert list(shown.columns[-6:]) == [
        "mrr@10", "ndcg_retrieved@10", "ndcg@10", "binary@10", "proportion@10", "map@10"
    ]  # fmt: skip


def test_what_is_missing_is_said_and_the_seeds_spread_shown():
    about = {"method": "cosine", "feature": "mel", "missing": ""}
    spread = {f"{name}@10_std_seeds": 0.125 for name in METRICS}
    gone = {"n_queries": 0, "query_fold": "5", "protocol": "holdout", "setting": SETTING}
    rows = [
        row(**about | spread | {"network": "cnn"}),
        about | gone | {"network": "resnet18", "missing": "fold5 seed 0"},
    ]
    starts = {"cnn": "random", "resnet18": "random"}
    frame = tables.retrieval_table(rows, SETTINGS, "esc50", starts=starts)
    shown = tables.shown_retrieval(frame, [10])
    assert list(shown["mrr@10"]) == ["0.500 ± 0.125 [0.500, 0.500]", "missing (0.434)"]
    caption = tables.retrieval_caption(frame, "esc50", 0.95)
    assert "± is the standard deviation over seeds" in caption
    assert "Missing because the network was not trained" in caption
    assert "resnet18 on mel, fold5 seed 0." in caption


def met(family, rows, *, absent=False, trained_on=None, **more):
    return {"family": family, "rows": rows, "absent": absent, "trained_on": trained_on, **more}


def test_what_an_encoder_was_trained_on_is_said_or_that_nobody_says_it():
    told = {
        "hubert": met("transformers", ["hubert_frozen"], trained_on="LibriSpeech"),
        "mine": met("onnx", ["mine_frozen"]),
        "other_beats": met("beats", ["other_beats_frozen"]),
    }
    said, unsaid, of_family = encoders.notes(told, "esc50")
    assert said == "hubert was trained on LibriSpeech."
    assert unsaid.startswith("mine may have met any clip of this table, queries included: nobody")
    assert "encoders.mine.trained_on" in unsaid
    assert of_family.startswith("BEATs may know the classes")
    assert list(encoders.notes(told, "synthetic")) == [said]


def test_the_study_s_rows_of_encoders_stand_beside_ours_and_what_they_met_is_told():
    about = {"method": "cosine", "feature": "waveform", "missing": ""}
    names = ["beats_mlp", "beats_mlp_hard", "beats_mask_mlp"]
    settings = {"sr16000": {"sample_rate": 16000}}
    rows = [row(**about | {"network": name, "setting": "sr16000"}) for name in names]
    frame = tables.retrieval_table(rows, settings, "esc50")
    assert list(frame["published_mrr@10"]) == [0.9215, 0.9215, 0.8192]
    told = {
        "clap": met("clap", ["clap_zero", "clap_mlp"], source="laion/x", absent=True),
        "beats": met("beats", names),
    }
    left_out, seen = encoders.notes(told, "esc50")
    assert left_out.startswith(
        "These rows are missing because the weights laion/x are not here: clap_zero, clap_mlp."
    )
    assert "encoders.clap.weights" in left_out
    assert "AudioSet" in seen
    assert len(list(encoders.notes(told, "synthetic"))) == 1
    gone = {"n_queries": 0, "query_fold": "5", "protocol": "holdout", "setting": "sr16000"}
    rows.append(about | gone | {"network": "clap_mlp", "missing": "fold5 seed 0"})
    frame = tables.retrieval_table(rows, settings, "esc50")
    absent = encoders.absent_rows(told)
    caption = tables.retrieval_caption(frame, "esc50", 0.95, absent=absent, notes=[left_out])
    assert "Missing because the network was not trained" not in caption
    assert caption.endswith(left_out)


def test_costs_of_matrices_are_shown_in_units():
    seconds = {f"seconds_{step}": 0.01234 for step in ("build", "sparse", "operator", "fft")}
    sizes = {"nonzeros": 27776, "sparse_bytes": 335108, "dense_bytes": 777740544000}
    about = {"n_samples": 256, "shape": "(448, 256)", "max_difference": 1.754e-7}
    shown = tables.shown_matrix(pd.DataFrame([about | sizes | seconds]))
    assert shown.to_dict("records") == [
        {
            "n_samples": 256,
            "shape": "(448, 256)",
            "nonzeros": 27776,
            "sparse memory": "335 kB",
            "dense memory": "778 GB",
            "build (ms)": "12.3",
            "sparse (ms)": "12.3",
            "operator (ms)": "12.3",
            "fft (ms)": "12.3",
            "max_difference": "1.8e-07",
        }
    ]
    caption = tables.matrix_caption(n_fft=64, hop_length=32, window="hann", periodic=False)
    assert "n_fft 64, hop 32, symmetric hann window" in caption


def test_a_table_is_written_in_three_forms(tmp_path):
    frame = tables.retrieval_table([row()], SETTINGS, "esc50")
    shown = tables.shown_retrieval(frame, [10])
    tables.write(frame, tmp_path / "t.csv", shown, "What it is.\nMore_of 5% it.")
    assert pd.read_csv(tmp_path / "t.csv")["n_queries"].item() == 80
    markdown = (tmp_path / "t.md").read_text()
    assert markdown.startswith("What it is.\nMore_of 5% it.\n\n| method")
    latex = (tmp_path / "t.tex").read_text()
    assert latex.startswith("% What it is.\n% More_of 5% it.\n\\begin{tabular}")
    assert "ndcg\\_retrieved@10" in latex
