"""Every shipped config can be planned, the workflow is in form, and mistakes are named."""

import pytest

GRID = {
    "fetch_dataset": 1,
    "build_index": 1,
    "split_clips": 1,
    "decode_audio": 2,
    "build_feature_bank": 12,
    "validate_features": 3,
    "compute_distances": 20,
    "rank_gallery": 20,
    "score_retrieval": 20,
    "make_retrieval_table": 2,
    "make_validation_table": 1,
    "measure_matrix": 1,
    "make_matrix_spectrogram_table": 1,
    "make_significance_table": 1,
    "make_summary_table": 1,
}
# Four features by cosine and two by DTW, at one setting.
DEMO = GRID | {
    "decode_audio": 1,
    "build_feature_bank": 4,
    "validate_features": 1,
    **dict.fromkeys(("compute_distances", "rank_gallery", "score_retrieval"), 6),
}
# Of 32 classifiers and 3 autoencoders.
FIGURES = {
    "plot_matrix": 1,
    "plot_features": 1,
    "plot_dtw": 1,
    "plot_retrieval": 4,
    "plot_precision": 1,
    "plot_training": 1,
    "plot_confusion": 32,
    "map_embeddings": 35,
    "plot_tsne": 35,
}


# Their tables.
CLASSIFIED = {"make_classification_table": 1, "make_calibration_table": 1}


def learned(
    n_classifiers: int, n_banks: int, n_autoencoders: int, base: dict[str, int] = GRID
) -> dict[str, int]:
    """Return the jobs of trainings, which need so many banks beside those of `base`.

    The embeddings of a classifier are ranked by one distance, those of an autoencoder by two.
    """
    trained = dict.fromkeys(("train_classifier", "score_classification"), n_classifiers)
    runs = n_classifiers + 2 * n_autoencoders
    more = {
        **dict.fromkeys(("compute_distances", "rank_gallery", "score_retrieval"), runs),
        "build_feature_bank": n_banks,
        "make_retrieval_table": 2,
    }
    return {
        **trained,
        "train_autoencoder": n_autoencoders,
        "embed_clips": n_classifiers + n_autoencoders,
        **CLASSIFIED,
        **{rule: base[rule] + n for rule, n in more.items()},
    }


@pytest.mark.parametrize(
    ("config", "jobs"),
    [
        # The two tables of encoders are made without weights too.
        ("", GRID | learned(32, 8, 3) | {"make_retrieval_table": 6}),
        ("esc10", GRID | learned(1, 1, 1)),
        ("esc10_grid", GRID | learned(32, 8, 3)),
        # Without weights there is nothing to say of encoders, but beside the study's own figures.
        ("esc10_encoders", GRID),
        ("demo", DEMO | learned(1, 1, 1, DEMO)),
    ],
)
def test_a_shipped_config_plans_the_study_s_tables(project, config, jobs):
    options = ["--configfile", f"workflow/configs/{config}.yaml"] if config else []
    plan = project.snakemake(f"results/{config}/tables".replace("//", "/"), "--dry-run", *options)
    assert project.jobs(plan) == jobs


def test_the_study_s_own_settings_plan_its_rows_and_search_the_long_ones(project):
    options = ["--configfile", "workflow/configs/study.yaml"]
    plan = project.jobs(project.snakemake("results/study/tables", "--dry-run", *options))
    assert plan == GRID | {
        "build_feature_bank": 16,
        "compute_distances": 16,
        "search_gallery": 4,
        "make_search_table": 1,
        "make_retrieval_table": 3,
    }


def test_the_cross_validation_plans_five_trainings_a_network(project):
    options = ["--configfile", "workflow/configs/esc10_cv.yaml"]
    target = "results/esc10_cv/tables/classification.md"
    plan = project.jobs(project.snakemake(target, "--dry-run", *options))
    assert plan == {
        "fetch_dataset": 1,
        "build_index": 1,
        "decode_audio": 1,
        "build_feature_bank": 1,
        "train_classifier": 20,
        "score_classification": 20,
        "make_classification_table": 1,
    }


CHOICE = ["esc10_scratch", "esc10_recipes"]


@pytest.mark.parametrize(
    ("configs", "target", "trainings", "banks", "together"),
    [
        (CHOICE, "results/esc10_recipes/tables/recipes.md", 60, 2, 0),
        (CHOICE[:1], "results/esc10_scratch/tables/classification.md", 90, 2, 20),
        (["esc50_scratch"], "results/esc50_scratch/tables/classification.md", 1, 1, 1),
    ],
)
def test_trainings_from_scratch_are_chosen_by_pairs_of_folds_and_then_tested(
    project, configs, target, trainings, banks, together
):
    files = [f"workflow/configs/{name}.yaml" for name in configs]
    plan = project.snakemake(target, "--dry-run", "--configfile", *files)
    jobs = project.jobs(plan)
    assert jobs["train_classifier"] == trainings
    assert jobs["score_classification"] == trainings + together
    assert jobs["build_feature_bank"] == banks
    assert jobs.get("answer_together", 0) == together
    assert "train_autoencoder" not in jobs


def test_all_is_tables_figures_and_the_page(project):
    plan = project.snakemake("--dry-run")
    jobs = {rule: n for rule, n in project.jobs(plan).items() if rule != "all"}
    # Without weights, the tables and figures of encoders say that there is nothing to tell.
    tables = {"make_retrieval_table": 6, "plot_retrieval": 6}
    assert jobs == GRID | learned(32, 8, 3) | FIGURES | tables | {"render_report": 1}


def test_snakemake_lint_is_clean(project):
    assert "Congratulations" in project.snakemake("--lint")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "query_folds: [5]",
            "query_fold: [5]",
            r"retrieval\.query_fold: .* did you mean 'query_folds'",
        ),
        (
            "features: [mfcc, lfcc",
            "features: [mfc, lfcc",
            r"features: 'mfc' .* did you mean 'mfcc'",
        ),
        ("hop_length: 1024,", "hop_length: 0,", r"stft\.44k\.hop_length: 0 must be .* at least 1"),
        ("duration: 5.0", "duration: 0.05", r"stft\.44k\.n_fft: 4096 samples are more than a clip"),
        ("dataset: esc50", "dataset: esc51", r"dataset: 'esc51' is not one of"),
        ("crnn, resnet18]", "crnn, resnet]", r"networks: 'resnet' .* did you mean 'resnet18'"),
        (
            "    feature: mfcc\n",
            "    feature: fft\n",
            r"figures\.dtw\.feature: 'fft' has no frames",
        ),
        (
            "    stft: 44k\n",
            "    stft: 44\n",
            r"figures\.features\.stft: 44 is no text; quote it: '44'",
        ),
    ],
)
def test_a_mistake_in_the_config_is_named(project, old, new, message):
    project.edit("config.yaml", old, new)
    output = project.snakemake("results/tables", "--dry-run", check=False)
    project.match(message, output)
    assert "Traceback" not in output


def test_without_data_and_network_it_says_how_to_place_them(project):
    project.edit("config.yaml", "https://github.com/karolpiczak", "http://127.0.0.1:9")
    output = project.snakemake("results/tables", check=False)
    project.match(r"127\.0\.0\.1:9.*cannot be downloaded", output)
    project.match(r"--config data_root=<folder>", output)
    assert "Traceback" not in output
    assert not (project.folder / "data/ESC-50").exists()
    assert not (project.folder / "results/index/dataset.json").exists()


def test_a_data_folder_that_went_away_is_missed(restored):
    folder = restored.folder / "data"
    folder.rename(folder.with_name("elsewhere"))
    try:
        restored.match("data/audio is not there any more", restored.run("--dry-run", check=False))
    finally:
        folder.with_name("elsewhere").rename(folder)


def test_an_unreadable_clip_stops_the_run_with_its_name(project):
    project.run("out/index/dataset.json", "--until", "fetch_dataset")
    clip = min((project.folder / "data/audio").iterdir())
    clip.write_bytes(b"")
    output = project.run(check=False)
    project.match(clip.name + ".*empty", output)
    assert "Traceback" not in output
    assert not (project.folder / "out/index/clips.csv").exists()
    project.edit("config.yaml", "on_bad_audio: error", "on_bad_audio: skip")
    project.snakemake("out/index/clips.csv", "--configfile", "tiny.yaml")
    assert clip.stem not in (project.folder / "out/index/clips.csv").read_text()
    assert clip.name in (project.folder / "out/index/audit.csv").read_text()
