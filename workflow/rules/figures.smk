"""Figures, each as PNG and as SVG."""


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
        mem_mb=grows(2000),
        runtime=grows(10),
    params:
        spec=EXPERIMENT.matrix_figure(),
        code=code_of("plot_stft_matrix"),
    message:
        "the spectrogram matrix, and a clip's spectrogram by it"
    script:
        "../scripts/plot_stft_matrix.py"
