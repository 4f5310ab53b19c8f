"""From clips to long files, their indexes, what a search finds there, and its scores."""


rule lay_clips:
    input:
        clips="<results>/index/clips.csv",
        split="<results>/index/splits/{split}.csv",
    output:
        sounds=directory("<results>/long_files/{split}/{layout}/sounds"),
        places="<results>/long_files/{split}/{layout}/places.csv",
    log:
        "<logs>/lay_clips/{split}/{layout}.log",
    benchmark:
        "<benchmarks>/lay_clips/{split}/{layout}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 4
    resources:
        mem_mb=grows(2000),
        runtime=grows(60),
    params:
        spec=lambda wildcards: searches.laid(
            config, PLAN.split(wildcards.split), wildcards.layout
        ),
        code=code_of("lay_clips"),
        data_root=DATA_ROOT,
    message:
        "the clips that answer {wildcards.split} as {wildcards.layout} files"
    script:
        "../scripts/lay_clips.py"


rule index_sounds:
    input:
        sounds=JOBS.laid_sounds,
    output:
        index=directory("<results>/long_files/{search}/index"),
    log:
        "<logs>/index_sounds/{search}.log",
    benchmark:
        "<benchmarks>/index_sounds/{search}.tsv"
    conda:
        "../../envs/search.yaml"
    threads: 4
    resources:
        mem_mb=grows(3000),
        runtime=grows(120),
    params:
        spec=lambda wildcards: searches.indexed(config, JOBS.long_search(wildcards)),
        code=lambda wildcards: code_of(
            "index_sounds", JOBS.long_search(wildcards).method.module
        ),
        weights=lambda wildcards: WeightsAt(JOBS.searched_weights(wildcards)),
    message:
        "indexing {wildcards.search}"
    script:
        "../scripts/index_sounds.py"


rule search_sounds:
    input:
        index="<results>/long_files/{search}/index",
        places=JOBS.laid_places,
        sounds=JOBS.laid_sounds,
        clips="<results>/index/clips.csv",
        split=JOBS.long_split,
    output:
        hits="<results>/long_files/{search}/hits.parquet",
    log:
        "<logs>/search_sounds/{search}.log",
    benchmark:
        "<benchmarks>/search_sounds/{search}.tsv"
    conda:
        "../../envs/search.yaml"
    threads: 4
    resources:
        mem_mb=grows(3000),
        runtime=grows(240),
    params:
        spec=lambda wildcards: searches.found(config, JOBS.long_search(wildcards)),
        code=lambda wildcards: code_of(
            "search_sounds", JOBS.long_search(wildcards).method.module
        ),
        data_root=DATA_ROOT,
    message:
        "searching {wildcards.search}"
    script:
        "../scripts/search_sounds.py"


rule score_search:
    input:
        hits="<results>/long_files/{search}/hits.parquet",
        clips="<results>/index/clips.csv",
        split=JOBS.long_split,
    output:
        scores="<results>/long_files/{search}/scores.csv",
    log:
        "<logs>/score_search/{search}.log",
    benchmark:
        "<benchmarks>/score_search/{search}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000, per_input_mb=20),
        runtime=grows(10),
    params:
        spec=lambda wildcards: searches.found(config, JOBS.long_search(wildcards)),
        code=code_of("score_search"),
    message:
        "scoring {wildcards.search}"
    script:
        "../scripts/score_search.py"
