"""Figures, each as PNG and as SVG, and the maps that some are drawn from."""


rule map_embeddings:
    input:
        bank="<results>/embeddings/{embedding}/bank.npy",
        spec="<results>/embeddings/{embedding}/spec.json",
    output:
        map="<results>/maps/{embedding}.csv",
    log:
        "<logs>/map_embeddings/{embedding}.log",
    benchmark:
        "<benchmarks>/map_embeddings/{embedding}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(30),
    params:
        spec=lambda wildcards: EXPERIMENT.displays.map(wildcards.embedding),
        code=code_of("map_embeddings"),
    message:
        "mapping the clips by {wildcards.embedding}"
    script:
        "../scripts/map_embeddings.py"


rule plot_stft_matrix:
    input:
        waveforms=waveforms_at(EXPERIMENT.displays.matrix_figure()["audio"]),
    output:
        png=report(
            "<results>/figures/stft_matrix_real.png",
            caption="../report/stft_matrix_real.rst",
            category="Figures",
            subcategory="Features",
            labels={"figure": "the spectrogram as a matrix"},
        ),
        svg="<results>/figures/stft_matrix_real.svg",
    log:
        "<logs>/plot_stft_matrix.log",
    benchmark:
        "<benchmarks>/plot_stft_matrix.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(10),
    params:
        spec=EXPERIMENT.displays.matrix_figure(),
        code=code_of("plot_stft_matrix"),
    message:
        "the spectrogram matrix, and a clip's spectrogram by it"
    script:
        "../scripts/plot_stft_matrix.py"


rule plot_features:
    input:
        clips="<results>/index/clips.csv",
        waveforms=waveforms_at(EXPERIMENT.displays.features_figure()["audio"]),
    output:
        png=report(
            "<results>/figures/features.png",
            caption="../report/features.rst",
            category="Figures",
            subcategory="Features",
            labels={"figure": "features of some clips"},
        ),
        svg="<results>/figures/features.svg",
    log:
        "<logs>/plot_features.log",
    benchmark:
        "<benchmarks>/plot_features.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(10),
    params:
        spec=EXPERIMENT.displays.features_figure(),
        code=code_of(
            "plot_features",
            *(
                FEATURES.entry(name).module
                for name in EXPERIMENT.displays.features_figure()["banks"]
            ),
        ),
    message:
        "the features of some clips"
    script:
        "../scripts/plot_features.py"


rule plot_dtw_path:
    input:
        clips="<results>/index/clips.csv",
        waveforms=waveforms_at(EXPERIMENT.displays.dtw_figure()["bank"]["audio"]),
    output:
        png=report(
            "<results>/figures/dtw_path.png",
            caption="../report/dtw_path.rst",
            category="Figures",
            subcategory="Features",
            labels={"figure": "dynamic time warping of two clips"},
        ),
        svg="<results>/figures/dtw_path.svg",
    log:
        "<logs>/plot_dtw_path.log",
    benchmark:
        "<benchmarks>/plot_dtw_path.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(10),
    params:
        spec=EXPERIMENT.displays.dtw_figure(),
        code=code_of(
            "plot_dtw_path",
            FEATURES.entry(EXPERIMENT.displays.dtw_figure()["bank"]["feature"]).module,
        ),
    message:
        "two clips warped onto each other"
    script:
        "../scripts/plot_dtw_path.py"


rule plot_retrieval:
    input:
        table="<results>/tables/{retrieval_table}.csv",
    output:
        png=report(
            "<results>/figures/{retrieval_table}.png",
            caption="../report/retrieval.rst",
            category="Figures",
            subcategory="Retrieval",
            labels={"figure": "metrics by method", "table": "{retrieval_table}"},
        ),
        svg="<results>/figures/{retrieval_table}.svg",
    log:
        "<logs>/plot_retrieval/{retrieval_table}.log",
    benchmark:
        "<benchmarks>/plot_retrieval/{retrieval_table}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(10),
    params:
        spec=EXPERIMENT.displays.retrieval_figure(),
        code=code_of("plot_retrieval"),
    message:
        "figure {wildcards.retrieval_table}"
    script:
        "../scripts/plot_retrieval.py"


rule plot_precision:
    input:
        splits=collect(
            "<results>/index/splits/{split}.csv",
            split=dict.fromkeys(run.split for run in EXPERIMENT.all_runs()),
        ),
        rankings=lambda wildcards: collect(
            "<results>/rankings/{run.path}.parquet",
            run=dict.fromkeys(
                run for runs in compared_runs().values() for run in runs
            ),
        ),
    output:
        png=report(
            "<results>/figures/precision.png",
            caption="../report/precision.rst",
            category="Figures",
            subcategory="Retrieval",
            labels={"figure": "precision over rank"},
        ),
        svg="<results>/figures/precision.svg",
    log:
        "<logs>/plot_precision.log",
    benchmark:
        "<benchmarks>/plot_precision.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(10),
    params:
        spec=lambda wildcards: {
            table: [list(run) for run in runs]
            for table, runs in compared_runs().items()
        },
        code=code_of("plot_precision"),
    message:
        "precision over rank"
    script:
        "../scripts/plot_precision.py"


rule plot_training:
    input:
        histories=lambda wildcards: collect(
            "<results>/models/{cell.path}/history.csv",
            cell=trained_cells(),
        ),
    output:
        png=report(
            "<results>/figures/training.png",
            caption="../report/training.rst",
            category="Figures",
            subcategory="Networks",
            labels={"figure": "training curves"},
        ),
        svg="<results>/figures/training.svg",
    log:
        "<logs>/plot_training.log",
    benchmark:
        "<benchmarks>/plot_training.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(10),
    params:
        spec=lambda wildcards: [list(cell) for cell in trained_cells()],
        code=code_of("plot_training"),
    message:
        "training curves"
    script:
        "../scripts/plot_training.py"


rule plot_confusion:
    input:
        scores=lambda wildcards: collect(
            "<results>/scores/classification/{cell.path}.csv",
            cell=cells_of(wildcards),
        ),
    output:
        png=report(
            "<results>/figures/confusion/{network}/{feature}/{setting}.png",
            caption="../report/confusion.rst",
            category="Figures",
            subcategory="Networks",
            labels={
                "figure": "confusion matrix",
                "network": "{network}",
                "feature": "{feature}",
                "setting": "{setting}",
            },
        ),
        svg="<results>/figures/confusion/{network}/{feature}/{setting}.svg",
    log:
        "<logs>/plot_confusion/{network}/{feature}/{setting}.log",
    benchmark:
        "<benchmarks>/plot_confusion/{network}/{feature}/{setting}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(10),
    params:
        spec=lambda wildcards: {"title": f"{wildcards.network} on {wildcards.feature}"},
        code=code_of("plot_confusion"),
    message:
        "what {wildcards.network} on {wildcards.feature} takes for what"
    script:
        "../scripts/plot_confusion.py"


rule plot_tsne:
    input:
        map="<results>/maps/{embedding}.csv",
        clips="<results>/index/clips.csv",
        split=lambda wildcards: f"<results>/index/splits/{EXPERIMENT.displays.maps()[wildcards.embedding].split}.csv",
    output:
        png=report(
            "<results>/figures/tsne/{embedding}.png",
            caption="../report/tsne.rst",
            category="Figures",
            subcategory="Embeddings",
            labels={"figure": "t-SNE", "embedding": "{embedding}"},
        ),
        svg="<results>/figures/tsne/{embedding}.svg",
    log:
        "<logs>/plot_tsne/{embedding}.log",
    benchmark:
        "<benchmarks>/plot_tsne/{embedding}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(10),
    params:
        spec=lambda wildcards: {"title": wildcards.embedding},
        code=code_of("plot_tsne"),
    message:
        "the map of {wildcards.embedding}"
    script:
        "../scripts/plot_tsne.py"
