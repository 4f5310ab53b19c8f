"""What the figures of results show: the right numbers, or a word where there are none."""

import itertools
from functools import partial

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from resound.data.layout import CATEGORIES, GROUP_OF
from resound.distances.dtw_path import align
from resound.errors import ParameterError
from resound.evaluation.precision import precision_over_rank
from resound.experiment.coordinates import Panel, RunRow
from resound.plots import alignment as plots_of_two
from resound.plots import choice, clips, confusion, retrieval, style, training, tsne

SETTING = "sr44100_nfft2048_hop1024"


def figure_of(draw, **options):
    """Return what a function of a figure drew."""
    figure = Figure(figsize=(style.WIDTH, 5), layout="constrained")
    draw(figure, **options)
    return figure


def texts(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()] if axes.get_legend() else []


def overlapping(labels, renderer):
    """Return pairs of neighbouring labels whose boxes overlap."""
    boxes = [label.get_window_extent(renderer) for label in labels if label.get_text()]
    return [pair for pair in itertools.pairwise(boxes) if pair[0].overlaps(pair[1])]


# Retrieval


def retrieval_table(values, n_queries=80):
    rows = [
        {
            "method": "cosine", "feature": feature, "setting": SETTING, "query_fold": fold,
            "n_queries": n_queries,
            **{f"{m}@10{end}": value + shift for m in retrieval.METRICS
               for end, shift in (("", 0), ("_low", -0.05), ("_high", 0.05))},
        }
        for (feature, fold), value in values.items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_methods_stand_in_the_order_of_the_metric():
    table = retrieval_table({("f0", "5"): 0.2, ("mfcc", "5"): 0.6})
    table["published_mrr@10"] = [0.1, np.nan]
    rows = retrieval.metrics_rows(table, "mrr@10")
    figure = figure_of(retrieval.draw_metrics, rows=rows, k=10)
    first = figure.axes[0]
    assert [label.get_text() for label in first.get_yticklabels()] == ["mfcc", "f0"]
    ours, study = first.lines
    assert list(ours.get_xdata()) == [0.6, 0.2]
    assert study.get_xdata()[1] == 0.1
    assert [axes.get_title() for axes in figure.axes] == [f"{m}@10" for m in retrieval.METRICS]
    assert all(axes.get_xlim()[0] == 0 for axes in figure.axes)


def test_of_several_folds_all_of_them_are_drawn():
    table = retrieval_table({("mfcc", "1"): 0.9, ("mfcc", "all"): 0.5})
    assert retrieval.metrics_rows(table, "mrr@10")["mrr@10"].tolist() == [0.5]


def test_a_table_without_results_says_so():
    rows = retrieval.metrics_rows(retrieval_table({("mfcc", "5"): 0.5}, n_queries=0), "mrr@10")
    (sentence,) = figure_of(retrieval.draw_metrics, rows=rows, k=10).texts
    assert "No method" in sentence.get_text()


def ranking(relevant, n_relevant=4):
    """Return a ranking from a row of relevances for each query, in another order."""
    rows = [
        {"query": f"q{i}", "rank": rank, "relevant": bool(hit), "n_relevant": n_relevant}
        for i, row in enumerate(relevant)
        for rank, hit in enumerate(row, 1)
    ]
    return pd.DataFrame(rows).sample(frac=1, random_state=0)


def test_precision_over_rank_is_the_mean_of_all_queries():
    one = ranking([[1, 0, 1, 1], [0, 0, 1, 0]])
    np.testing.assert_allclose(precision_over_rank([one]), [0.5, 0.25, 0.5, 0.5])
    # A shorter list ends the curve of all.
    np.testing.assert_allclose(precision_over_rank([one, ranking([[1, 1]])]), [2 / 3, 0.5])


def test_the_best_curves_have_names_and_chance_is_drawn():
    runs = {
        RunRow("cosine", f"f{i}", SETTING, "fold5"): ranking([[1] * i + [0] * (8 - i)])
        for i in range(8)
    }
    curves = retrieval.curves_of(runs, n_gallery=40)
    assert curves.chance == 0.1
    figure = figure_of(retrieval.draw_precision, tables={"a table": curves})
    drawn = figure.axes[0]
    assert texts(drawn) == ["f7", "f6", "f5", "f4", "f3", "3 others", "chance"]
    assert drawn.get_title() == "a table"
    assert drawn.get_ylim() == (0, 1)


def test_seeds_of_a_method_are_one_curve():
    run = RunRow("cosine", "mel", SETTING, "fold5", "cnn", "0")
    rankings = {run: ranking([[1, 1]]), run._replace(seed="1"): ranking([[0, 0]])}
    (curve,) = retrieval.curves_of(rankings, 40).by_method.values()
    assert list(curve) == [0.5, 0.5]


def test_no_rankings_are_said():
    curves = {"t": retrieval.curves_of({}, 40)}
    assert "no ranking" in figure_of(retrieval.draw_precision, tables=curves).texts[0].get_text()


# Training


def history(n=3, **columns):
    return pd.DataFrame({"epoch": range(1, n + 1), "train_loss": np.linspace(2, 1, n), **columns})


def test_networks_have_rows_and_features_colours():
    with_accuracy = history(train_accuracy=[0.1, 0.5, 0.9], validation_loss=[3, 2, 1])
    histories = [
        (Panel("cnn", "mel"), with_accuracy),
        (Panel("cnn", "mel"), with_accuracy),
        (Panel("cnn", "stft"), with_accuracy),
        (Panel("autoencoder", "mel, code 128", by_feature=False), history()),
        (Panel("crnn", "mel"), history(0)),
    ]
    figure = figure_of(training.draw, histories=histories)
    loss, accuracy, codes, nothing = figure.axes
    assert (loss.get_title(), codes.get_title()) == ("cnn", "autoencoder")
    assert len(loss.lines) == 6, "train and validation, two seeds of mel and one of stft"
    assert len({line.get_color() for line in loss.lines}) == 2
    assert len(accuracy.lines) == 3
    assert texts(codes) == ["mel, code 128"]
    assert not nothing.axison
    (legend,) = figure.legends
    shown = [text.get_text() for text in legend.get_texts()]
    assert shown == ["mel", "stft", "train", "validation"]


def test_trainings_that_all_failed_are_said():
    histories = [(Panel("cnn", "mel"), history(0))]
    assert "No training" in figure_of(training.draw, histories=histories).texts[0].get_text()


# Confusion


def predictions(pairs):
    return pd.DataFrame(pairs, columns=["category", "predicted"])


def test_the_most_confused_pairs_are_counted_and_named():
    counts = confusion.confusion_of(
        predictions([("dog", "cat")] * 3 + [("dog", "dog")] + [("cat", "rain")] * 2)
    )
    assert list(counts.index) == list(counts.columns) == ["cat", "dog", "rain"]
    pairs = confusion.most_confused(counts)
    assert pairs.to_numpy().tolist() == [["dog", "cat", 3, 0.75], ["cat", "rain", 2, 1.0]]
    figure = figure_of(confusion.draw, counts=counts, title="cnn on mel")
    matrix, bars = (axes for axes in figure.axes if axes.get_title(loc="center"))
    shares = np.asarray(matrix.images[0].get_array())
    np.testing.assert_allclose(shares, [[0, 0, 1], [0.75, 0.25, 0], [0, 0, 0]])
    assert matrix.get_title() == "cnn on mel: 1 of 6 right"
    names = [label.get_text() for label in bars.get_yticklabels()]
    assert names == ["dog, taken for cat", "cat, taken for rain"]


@pytest.mark.parametrize("pairs", [[], [("dog", "dog")]])
def test_nothing_to_confuse_is_said(pairs):
    counts = confusion.confusion_of(predictions(pairs))
    figure = figure_of(confusion.draw, counts=counts, title="cnn on mel")
    said = [text.get_text() for axes in figure.axes for text in axes.texts]
    said += [text.get_text() for text in figure.texts]
    assert any("none: every clip" in text or "no training" in text for text in said)


def test_the_names_of_fifty_classes_do_not_overlap(tmp_path):
    rng = np.random.default_rng(0)
    true = np.repeat(CATEGORIES, 8)
    counts = confusion.confusion_of(
        predictions(list(zip(true, rng.permutation(true), strict=True)))
    )
    drawn = []

    def draw(figure):
        confusion.draw(figure, counts, title="cnn on mel")
        drawn.append(figure)

    height = confusion.height(50, confusion.MOST_PAIRS)
    style.save(draw, [tmp_path / "figure.png"], height=height)
    renderer = FigureCanvasAgg(drawn[0]).get_renderer()
    for axes in drawn[0].axes[:1]:
        assert len(axes.get_yticklabels()) == 50
        assert not overlapping(axes.get_yticklabels(), renderer)
        assert not overlapping(axes.get_xticklabels(), renderer)


# Maps


def mapped(categories, group_of):
    n = np.arange(len(categories))
    columns = {"x": n % 7 * 1.0, "y": n % 11 * 1.0, "query": n % 5 == 0, "category": categories}
    return pd.DataFrame(columns).assign(group=[group_of(name) for name in categories])


def test_a_map_has_a_panel_for_each_group_with_its_classes():
    figure = figure_of(tsne.draw, clips=mapped(np.repeat(CATEGORIES, 10), GROUP_OF.get), title="t")
    everything, animals, *_ = figure.axes
    assert len(figure.axes) == 6
    assert texts(everything) == list(dict.fromkeys(GROUP_OF.values()))
    assert animals.get_title() == "Animals"
    assert texts(animals) == sorted(name for name in CATEGORIES if GROUP_OF[name] == "Animals")
    assert everything.get_xlim() == animals.get_xlim()


def test_classes_without_groups_are_shown_ten_at_a_time():
    names = [f"sound {i:02}" for i in range(23)]
    panels = tsne.panels_of(mapped(np.repeat(names, 5), lambda _: ""))
    assert [len(classes) for classes in panels.values()] == [10, 10, 3]
    assert next(iter(panels)) == "sound 00 to sound 09"


@pytest.mark.parametrize("n_clips", [1, 2])
def test_a_map_of_hardly_any_clips_can_be_drawn(tmp_path, n_clips):
    few = mapped(["dog"] * n_clips, lambda _: "")
    draw = partial(tsne.draw, clips=few, title="t")
    style.save(draw, [tmp_path / "figure.png"], height=tsne.height(few))
    assert (tmp_path / "figure.png").stat().st_size > 0


# Clips


def index(rows):
    columns = ["id", "category", "target", "group", "src_file"]
    return pd.DataFrame(rows, columns=columns)


GROUPED = index(
    [
        ("a", "dog", 0, "Animals", "1"),
        ("b", "dog", 0, "Animals", "1"),
        ("c", "cat", 5, "Animals", "2"),
        ("d", "rain", 10, "Natural", "3"),
        ("e", "rain", 10, "Natural", "4"),
    ]
)


def test_a_clip_of_each_group_is_chosen_and_two_recordings_of_a_class():
    assert choice.one_of_each_group(GROUPED) == ["a", "d"]
    assert choice.one_of_each_group(GROUPED.assign(group="")) == ["a", "c", "d"]
    assert choice.two_recordings(GROUPED) == ["d", "e"]
    assert choice.two_recordings(GROUPED[:2]) == ["a", "b"]
    assert choice.two_recordings(GROUPED[:1]) == ["a", "a"]
    assert choice.titles(GROUPED, ["c"]) == ["cat\nc"]


def test_a_clip_that_is_not_there_is_named():
    with pytest.raises(ParameterError, match=r"figures\.dtw\.clips='1-2' .* mean '1-3'\?"):
        choice.check_clips("figures.dtw.clips", ["1-2"], ["1-3", "7-7"])


def test_features_stand_below_their_waveforms():
    rng = np.random.default_rng(0)
    features = {
        "stft": rng.random((2, 8, 5)),
        "mfcc": rng.normal(size=(2, 8, 3)),
        "f0": np.array([[[0.0]] * 4 + [[100.0]] * 4] * 2),
    }
    figure = figure_of(
        clips.draw_features, waveforms=list(rng.normal(size=(2, 800))), features=features,
        titles=["one", "two"], sample_rate=1000, hop_length=100,
    )  # fmt: skip
    panels = np.array(figure.axes).reshape(4, 2)
    assert [axes.get_ylabel() for axes in panels[:, 0]] == [
        "waveform",
        "STFT, kHz",
        "MFCC",
        "F0 in Hz",
    ]
    assert panels[1, 0].images[0].get_extent() == [0, 0.8, 0, 0.5]
    assert np.asarray(panels[1, 1].images[0].get_array()).max() == 0
    coefficients = np.concatenate([np.asarray(axes.images[0].get_array()).T for axes in panels[2]])
    np.testing.assert_allclose(coefficients.mean(axis=0), 0, atol=1e-9)
    voiced = panels[3, 0].lines[0].get_ydata()
    assert np.isnan(voiced[:4]).all()
    assert (voiced[4:] == 100).all()


def test_silent_clips_can_be_drawn(tmp_path):
    features = {"stft": np.zeros((1, 4, 5)), "mfcc": np.zeros((1, 4, 3)), "f0": np.zeros((1, 4, 1))}
    draw = partial(
        clips.draw_features, waveforms=[np.zeros(400)], features=features, titles=["quiet"],
        sample_rate=1000, hop_length=100,
    )  # fmt: skip
    style.save(draw, [tmp_path / "figure.png"], height=4)


def test_the_path_is_drawn_in_seconds_from_end_to_end():
    rng = np.random.default_rng(0)
    alignment = align(rng.normal(size=(8, 2)), rng.normal(size=(8, 2)))
    figure = figure_of(
        plots_of_two.draw_alignment,
        alignment=alignment, waveforms=list(rng.normal(size=(2, 800))),
        titles=["dog 1", "dog 2"], about="mfcc", sample_rate=1000, hop_length=100,
    )  # fmt: skip
    matrix = figure.axes[0]
    assert matrix.get_title(loc="center") == f"DTW distance by mfcc: {alignment.distance:.4g}"
    (path,) = (line for line in matrix.lines if line.get_label() == "path of least cost")
    assert (path.get_xdata()[0], path.get_ydata()[-1]) == pytest.approx((0.05, 0.75))
    np.testing.assert_array_equal(matrix.images[0].get_array(), alignment.costs)
