"""From banks to distances or searches, tile by tile, from them to ranked hits, and to scores."""


rule compute_distances:
    input:
        split=JOBS.split_file,
        bank=JOBS.bank,
        spec=JOBS.bank_record,
        asking=JOBS.asking,
        asking_spec=lambda wildcards: JOBS.asking(wildcards, "spec.json"),
    output:
        distances="<results>/distances/{run}/tile{row}-{column}/distances.npy",
        spec="<results>/distances/{run}/tile{row}-{column}/spec.json",
        costs="<results>/distances/{run}/tile{row}-{column}/costs.csv",
    log:
        "<logs>/compute_distances/{run}/tile{row}-{column}.log",
    benchmark:
        "<benchmarks>/compute_distances/{run}/tile{row}-{column}.tsv"
    wildcard_constraints:
        run=r"(?!(fusion|two_stage)/)[a-z0-9_]+(/[a-z0-9_-]+)+",
    conda:
        "../../envs/core.yaml"
    threads: 8
    resources:
        mem_mb=grows(2000, per_input_mb=0.5),
        runtime=lambda wildcards, attempt: costs.tile_minutes(
            config,
            JOBS.run(wildcards),
            division_of(config, JOBS.run(wildcards)).tile_size,
            attempt,
        ),
        gpu=lambda wildcards: costs.n_gpus(config, JOBS.run(wildcards)),
    params:
        spec=lambda wildcards: {
            "distances": specs.distances(config, JOBS.run(wildcards)),
            "tile": tile_of(
                config, JOBS.run(wildcards), int(wildcards.row), int(wildcards.column)
            ),
        },
        code=lambda wildcards: code_of(
            "compute_distances", *specs.distance_modules(config, JOBS.run(wildcards))
        ),
    message:
        "distances {wildcards.run}, tile {wildcards.row}-{wildcards.column}"
    script:
        "../scripts/compute_distances.py"


rule choose_fusion:
    input:
        clips="<results>/index/clips.csv",
        split=JOBS.gallery_split,
        within=lambda wildcards: [
            file for run in JOBS.within(wildcards) for file in tile_files(run)
        ],
    output:
        choice="<results>/fusions/{fusion}/{split}/choice.json",
        curve="<results>/fusions/{fusion}/{split}/candidates.csv",
    log:
        "<logs>/choose_fusion/{fusion}/{split}.log",
    benchmark:
        "<benchmarks>/choose_fusion/{fusion}/{split}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000, per_input_mb=12),
        runtime=grows(60),
    params:
        spec=lambda wildcards: specs.choice(config, *JOBS.combined(wildcards)),
        code=code_of("choose_fusion"),
        divisions=lambda wildcards: part_divisions(config, *JOBS.combined(wildcards)),
    message:
        "choosing how {wildcards.fusion} is made, {wildcards.split}"
    script:
        "../scripts/choose_fusion.py"


rule fuse_distances:
    input:
        clips="<results>/index/clips.csv",
        split=JOBS.split_file,
        gallery=JOBS.gallery_split,
        choice="<results>/fusions/{fusion}/{split}/choice.json",
        asked=lambda wildcards: [
            file for run in JOBS.parts(wildcards) for file in tile_files(run)
        ],
        within=lambda wildcards: [
            file for run in JOBS.within(wildcards) for file in tile_files(run)
        ],
    output:
        distances="<results>/distances/fusion/{fusion}/{split}/tile{row}-{column}/distances.npy",
        spec="<results>/distances/fusion/{fusion}/{split}/tile{row}-{column}/spec.json",
    log:
        "<logs>/fuse_distances/{fusion}/{split}/tile{row}-{column}.log",
    benchmark:
        "<benchmarks>/fuse_distances/{fusion}/{split}/tile{row}-{column}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000, per_input_mb=12),
        runtime=grows(60),
    params:
        spec=lambda wildcards: {
            "distances": specs.distances(config, JOBS.run(wildcards)),
            "tile": tile_of(
                config, JOBS.run(wildcards), int(wildcards.row), int(wildcards.column)
            ),
        },
        code=code_of("fuse_distances"),
        divisions=lambda wildcards: part_divisions(config, *JOBS.combined(wildcards)),
    message:
        "fusing {wildcards.fusion}, {wildcards.split}, tile {wildcards.row}-{wildcards.column}"
    script:
        "../scripts/fuse_distances.py"


# One query's proposals at a time: threads that share so little wait longer than they compute.
rule choose_depth:
    input:
        clips="<results>/index/clips.csv",
        split=JOBS.gallery_split,
        banks=JOBS.part_banks,
        specs=lambda wildcards: JOBS.part_banks(wildcards, "spec.json"),
    output:
        choice="<results>/two_stage/{two_stage}/{split}/choice.json",
        curve="<results>/two_stage/{two_stage}/{split}/candidates.csv",
    log:
        "<logs>/choose_depth/{two_stage}/{split}.log",
    benchmark:
        "<benchmarks>/choose_depth/{two_stage}/{split}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000, per_input_mb=2),
        runtime=grows(120),
        gpu=lambda wildcards: JOBS.part_gpus(wildcards),
    params:
        spec=lambda wildcards: specs.choice(config, *JOBS.combined(wildcards)),
        code=lambda wildcards: JOBS.part_code(wildcards, "choose_depth"),
    message:
        "choosing how many clips are proposed by {wildcards.two_stage}, {wildcards.split}"
    script:
        "../scripts/choose_depth.py"


rule search_in_two_stages:
    input:
        clips="<results>/index/clips.csv",
        split=JOBS.split_file,
        choice="<results>/two_stage/{two_stage}/{split}/choice.json",
        banks=JOBS.part_banks,
        specs=lambda wildcards: JOBS.part_banks(wildcards, "spec.json"),
    output:
        distances="<results>/distances/two_stage/{two_stage}/{split}/tile{row}-{column}/distances.npy",
        spec="<results>/distances/two_stage/{two_stage}/{split}/tile{row}-{column}/spec.json",
        costs="<results>/distances/two_stage/{two_stage}/{split}/tile{row}-{column}/costs.csv",
    log:
        "<logs>/search_in_two_stages/{two_stage}/{split}/tile{row}-{column}.log",
    benchmark:
        "<benchmarks>/search_in_two_stages/{two_stage}/{split}/tile{row}-{column}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000, per_input_mb=2),
        runtime=grows(60),
        gpu=lambda wildcards: JOBS.part_gpus(wildcards),
    params:
        spec=lambda wildcards: {
            "distances": specs.distances(config, JOBS.run(wildcards)),
            "tile": tile_of(
                config, JOBS.run(wildcards), int(wildcards.row), int(wildcards.column)
            ),
        },
        code=lambda wildcards: JOBS.part_code(wildcards, "search_in_two_stages"),
    message:
        "searching by {wildcards.two_stage}, {wildcards.split}, tile {wildcards.row}-{wildcards.column}"
    script:
        "../scripts/search_in_two_stages.py"


rule search_gallery:
    input:
        clips="<results>/index/clips.csv",
        split=JOBS.split_file,
        bank=JOBS.bank,
        spec=JOBS.bank_record,
    output:
        hits="<results>/searches/{run}/tile{row}-{column}/hits.parquet",
        statistics="<results>/searches/{run}/tile{row}-{column}/statistics.csv",
    log:
        "<logs>/search_gallery/{run}/tile{row}-{column}.log",
    benchmark:
        "<benchmarks>/search_gallery/{run}/tile{row}-{column}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 8
    resources:
        mem_mb=grows(2000, per_input_mb=0.5),
        runtime=lambda wildcards, attempt: costs.tile_minutes(
            config,
            JOBS.run(wildcards),
            division_of(config, JOBS.run(wildcards)).tile_size,
            attempt,
        ),
    params:
        spec=lambda wildcards: {
            "ranking": specs.ranking(config, JOBS.run(wildcards)),
            "tile": tile_of(
                config, JOBS.run(wildcards), int(wildcards.row), int(wildcards.column)
            ),
        },
        code=lambda wildcards: code_of(
            "search_gallery", SEARCHES.entry(JOBS.run(wildcards).distance).module
        ),
        names=lambda wildcards: Names(
            {**JOBS.run(wildcards).row.about, "split": JOBS.run(wildcards).split.name}
        ),
    message:
        "nearest {wildcards.run}, tile {wildcards.row}-{wildcards.column}"
    script:
        "../scripts/search_gallery.py"


rule rank_gallery:
    input:
        clips="<results>/index/clips.csv",
        split=JOBS.split_file,
        tiles=lambda wildcards: tile_files(JOBS.run(wildcards)),
        model=JOBS.model,
    output:
        ranking="<results>/rankings/{run}.parquet",
        division="<results>/rankings/{run}.division.json",
    log:
        "<logs>/rank_gallery/{run}.log",
    benchmark:
        "<benchmarks>/rank_gallery/{run}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000, per_input_mb=1),
        runtime=grows(10, per_input_mb=0.05),
    params:
        spec=lambda wildcards: specs.ranking(config, JOBS.run(wildcards)),
        code=code_of("rank_gallery"),
        division=lambda wildcards: division_of(config, JOBS.run(wildcards)),
    message:
        "ranking {wildcards.run}"
    script:
        "../scripts/rank_gallery.py"


rule score_retrieval:
    input:
        clips="<results>/index/clips.csv",
        ranking="<results>/rankings/{run}.parquet",
        split=lambda wildcards: JOBS.tied_files(wildcards)[0],
        tiles=lambda wildcards: JOBS.tied_files(wildcards)[1],
    output:
        scores="<results>/scores/retrieval/{run}.csv",
    log:
        "<logs>/score_retrieval/{run}.log",
    benchmark:
        "<benchmarks>/score_retrieval/{run}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000, per_input_mb=20),
        runtime=grows(10),
    params:
        spec=lambda wildcards: specs.scores(config, JOBS.run(wildcards)),
        code=code_of("score_retrieval"),
        division=lambda wildcards: division_of(config, JOBS.run(wildcards)),
    message:
        "scoring {wildcards.run}"
    script:
        "../scripts/score_retrieval.py"
