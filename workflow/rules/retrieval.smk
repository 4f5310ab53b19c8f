"""From banks to distances or searches, tile by tile, and from them to ranked hits."""


rule compute_distances:
    input:
        split="<results>/index/splits/{split}.csv",
        bank="<results>/features/{feature}/{setting}/bank.npy",
        spec="<results>/features/{feature}/{setting}/spec.json",
    output:
        distances="<results>/distances/{distance}/{feature}/{setting}/{split}/tile{row}-{column}/distances.npy",
        spec="<results>/distances/{distance}/{feature}/{setting}/{split}/tile{row}-{column}/spec.json",
    log:
        "<logs>/compute_distances/{distance}/{feature}/{setting}/{split}/tile{row}-{column}.log",
    benchmark:
        "<benchmarks>/compute_distances/{distance}/{feature}/{setting}/{split}/tile{row}-{column}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 8
    resources:
        mem_mb=4000,
        runtime=120,
        gpu=lambda wildcards: EXPERIMENT.n_gpus(run_of(wildcards)),
    params:
        spec=lambda wildcards: EXPERIMENT.distances_tile(
            run_of(wildcards), int(wildcards.row), int(wildcards.column)
        ),
        code=lambda wildcards: code_of(
            "compute_distances", *EXPERIMENT.distance_modules(run_of(wildcards))
        ),
    message:
        "{wildcards.distance} on {wildcards.feature} at {wildcards.setting}, "
        "queries {wildcards.split}, tile {wildcards.row}-{wildcards.column}"
    script:
        "../scripts/compute_distances.py"


rule search_gallery:
    input:
        clips="<results>/index/clips.csv",
        split="<results>/index/splits/{split}.csv",
        bank="<results>/features/{feature}/{setting}/bank.npy",
        spec="<results>/features/{feature}/{setting}/spec.json",
    output:
        hits="<results>/searches/{distance}/{feature}/{setting}/{split}/tile{row}-{column}/hits.parquet",
        statistics="<results>/searches/{distance}/{feature}/{setting}/{split}/tile{row}-{column}/statistics.csv",
    log:
        "<logs>/search_gallery/{distance}/{feature}/{setting}/{split}/tile{row}-{column}.log",
    benchmark:
        "<benchmarks>/search_gallery/{distance}/{feature}/{setting}/{split}/tile{row}-{column}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 8
    resources:
        mem_mb=4000,
        runtime=120,
    params:
        spec=lambda wildcards: EXPERIMENT.search_tile(
            run_of(wildcards), int(wildcards.row), int(wildcards.column)
        ),
        code=lambda wildcards: code_of(
            "search_gallery", SEARCHES.entry(wildcards.distance).module
        ),
    message:
        "nearest by {wildcards.distance} on {wildcards.feature} at {wildcards.setting}, "
        "queries {wildcards.split}, tile {wildcards.row}-{wildcards.column}"
    script:
        "../scripts/search_gallery.py"


rule rank_gallery:
    input:
        clips="<results>/index/clips.csv",
        split="<results>/index/splits/{split}.csv",
        tiles=lambda wildcards: tile_files(Run(*wildcards)),
    output:
        ranking="<results>/rankings/{distance}/{feature}/{setting}/{split}.parquet",
    log:
        "<logs>/rank_gallery/{distance}/{feature}/{setting}/{split}.log",
    benchmark:
        "<benchmarks>/rank_gallery/{distance}/{feature}/{setting}/{split}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        spec=lambda wildcards: EXPERIMENT.gathering(Run(*wildcards)),
        code=code_of("rank_gallery"),
    message:
        "ranking by {wildcards.distance} on {wildcards.feature} at {wildcards.setting}, queries {wildcards.split}"
    script:
        "../scripts/rank_gallery.py"
