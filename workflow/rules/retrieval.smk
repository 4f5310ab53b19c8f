"""From banks to distances or searches, tile by tile, and from them to ranked hits."""


rule compute_distances:
    input:
        split="<results>/index/splits/{split}.csv",
        bank=bank_of,
        spec=bank_spec_of,
    output:
        distances="<results>/distances/{distance}/{source}/{split}/tile{row}-{column}/distances.npy",
        spec="<results>/distances/{distance}/{source}/{split}/tile{row}-{column}/spec.json",
    log:
        "<logs>/compute_distances/{distance}/{source}/{split}/tile{row}-{column}.log",
    benchmark:
        "<benchmarks>/compute_distances/{distance}/{source}/{split}/tile{row}-{column}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 8
    resources:
        mem_mb=grows(2000, per_input_mb=0.5),
        runtime=tile_runtime,
        gpu=lambda wildcards: EXPERIMENT.n_gpus(run_of(wildcards)),
    params:
        spec=lambda wildcards: EXPERIMENT.distances_tile(
            run_of(wildcards), int(wildcards.row), int(wildcards.column)
        ),
        code=lambda wildcards: code_of(
            "compute_distances", *EXPERIMENT.distance_modules(run_of(wildcards))
        ),
    message:
        "{wildcards.distance} on {wildcards.source}, "
        "queries {wildcards.split}, tile {wildcards.row}-{wildcards.column}"
    script:
        "../scripts/compute_distances.py"


rule search_gallery:
    input:
        clips="<results>/index/clips.csv",
        split="<results>/index/splits/{split}.csv",
        bank=bank_of,
        spec=bank_spec_of,
    output:
        hits="<results>/searches/{distance}/{source}/{split}/tile{row}-{column}/hits.parquet",
        statistics="<results>/searches/{distance}/{source}/{split}/tile{row}-{column}/statistics.csv",
    log:
        "<logs>/search_gallery/{distance}/{source}/{split}/tile{row}-{column}.log",
    benchmark:
        "<benchmarks>/search_gallery/{distance}/{source}/{split}/tile{row}-{column}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 8
    resources:
        mem_mb=grows(2000, per_input_mb=0.5),
        runtime=tile_runtime,
    params:
        spec=lambda wildcards: EXPERIMENT.search_tile(
            run_of(wildcards), int(wildcards.row), int(wildcards.column)
        ),
        code=lambda wildcards: code_of(
            "search_gallery", SEARCHES.entry(wildcards.distance).module
        ),
    message:
        "nearest by {wildcards.distance} on {wildcards.source}, "
        "queries {wildcards.split}, tile {wildcards.row}-{wildcards.column}"
    script:
        "../scripts/search_gallery.py"


rule rank_gallery:
    input:
        clips="<results>/index/clips.csv",
        split="<results>/index/splits/{split}.csv",
        tiles=lambda wildcards: tile_files(run_of(wildcards)),
        model=model_of,
    output:
        ranking="<results>/rankings/{distance}/{source}/{split}.parquet",
    log:
        "<logs>/rank_gallery/{distance}/{source}/{split}.log",
    benchmark:
        "<benchmarks>/rank_gallery/{distance}/{source}/{split}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000, per_input_mb=1),
        runtime=grows(10, per_input_mb=0.05),
    params:
        spec=lambda wildcards: EXPERIMENT.gathering(run_of(wildcards)),
        code=code_of("rank_gallery"),
    message:
        "ranking by {wildcards.distance} on {wildcards.source}, queries {wildcards.split}"
    script:
        "../scripts/rank_gallery.py"
