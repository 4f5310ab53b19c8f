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
        mem_mb=2000,
        runtime=30,
    params:
        spec=lambda wildcards: EXPERIMENT.map(wildcards.embedding),
        code=code_of("map_embeddings"),
    message:
        "mapping the clips by {wildcards.embedding}"
    script:
        "../scripts/map_embeddings.py"


rule plot_stft_matrix:
    input:
        waveforms=waveforms_at(EXPERIMENT.matrix_figure()["audio"]),
    output:
        png=report(
            "<results>/figures/stft_matrix_real.png",
            caption="../report/stft_matrix_real.rst",
            category="Figures",
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
        mem_mb=2000,
        runtime=10,
    params:
        spec=EXPERIMENT.matrix_figure(),
        code=code_of("plot_stft_matrix"),
    message:
        "the spectrogram matrix, and a clip's spectrogram by it"
    script:
        "../scripts/plot_stft_matrix.py"
