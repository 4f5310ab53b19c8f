"""From banks to distances, and from distances to ranked hits."""


rule compute_distances:
    input:
        split="<results>/index/splits/{split}.csv",
        bank="<results>/features/{feature}/{setting}/bank.npy",
        spec="<results>/features/{feature}/{setting}/spec.json",
    output:
        distances="<results>/distances/{distance}/{feature}/{setting}/{split}/distances.npy",
        spec="<results>/distances/{distance}/{feature}/{setting}/{split}/spec.json",
    log:
        "<logs>/compute_distances/{distance}/{feature}/{setting}/{split}.log",
    benchmark:
        "<benchmarks>/compute_distances/{distance}/{feature}/{setting}/{split}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 8
    resources:
        mem_mb=4000,
        runtime=120,
    params:
        spec=lambda wildcards: EXPERIMENT.distances(Run(*wildcards)),
        code=lambda wildcards: code_of(
            "compute_distances", DISTANCES.entry(wildcards.distance).module
        ),
    message:
        "{wildcards.distance} on {wildcards.feature} at {wildcards.setting}, queries {wildcards.split}"
    script:
        "../scripts/compute_distances.py"


rule rank_gallery:
    input:
        clips="<results>/index/clips.csv",
        distances="<results>/distances/{distance}/{feature}/{setting}/{split}/distances.npy",
        spec="<results>/distances/{distance}/{feature}/{setting}/{split}/spec.json",
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
        spec=lambda wildcards: EXPERIMENT.ranking(Run(*wildcards)),
        code=code_of("rank_gallery"),
    message:
        "ranking by {wildcards.distance} on {wildcards.feature} at {wildcards.setting}, queries {wildcards.split}"
    script:
        "../scripts/rank_gallery.py"
