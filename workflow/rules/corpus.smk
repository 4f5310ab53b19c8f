"""From a folder of sounds to its index: what is new is divided, read in shards, and joined.

The index and its shards below results/corpus stay from call to call, and are no outputs: Snakemake
would delete them before a job that adds to them.
"""

STATE = f"{config['results_dir']}/corpus"


rule fit_method:
    output:
        method="<results>/corpus/method.json",
    log:
        "<logs>/fit_method.log",
    benchmark:
        "<benchmarks>/fit_method.tsv"
    conda:
        "../../envs/search.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(30),
    params:
        spec=lambda wildcards: searches.corpus(PLAN),
        code=lambda wildcards: JOBS.corpus_code("fit_method"),
        weights=lambda wildcards: WeightsAt(JOBS.corpus_weights()),
    message:
        "how the method of the corpus centres and scales"
    script:
        "../scripts/fit_method.py"


rule divide_corpus:
    input:
        method="<results>/corpus/method.json",
    output:
        sounds="<results>/corpus/sounds.csv",
    log:
        "<logs>/divide_corpus.log",
    benchmark:
        "<benchmarks>/divide_corpus.tsv"
    conda:
        "../../envs/search.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(60),
    params:
        spec=lambda wildcards: searches.corpus(PLAN),
        code=code_of("divide_corpus"),
        vectors=lambda wildcards: JOBS.corpus_code("index_shard"),
        sounds=lambda wildcards: corpus_sounds().name,
        weights=lambda wildcards: WeightsAt(JOBS.corpus_weights()),
        division=lambda wildcards: Shards(corpus_shards()),
        state=lambda wildcards: STATE,
    message:
        "what is new in the corpus"
    script:
        "../scripts/divide_corpus.py"


rule index_shard:
    input:
        method="<results>/corpus/method.json",
        sounds="<results>/corpus/sounds.csv",
    output:
        report="<results>/corpus/reports/shard{shard}.json",
    log:
        "<logs>/index_shard/shard{shard}.log",
    benchmark:
        "<benchmarks>/index_shard/shard{shard}.tsv"
    conda:
        "../../envs/search.yaml"
    threads: 4
    resources:
        mem_mb=grows(3000),
        runtime=lambda wildcards, attempt: JOBS.shard_minutes(
            corpus_sounds().size, corpus_shards(), attempt
        ),
    params:
        spec=lambda wildcards: searches.corpus(PLAN),
        code=lambda wildcards: JOBS.corpus_code("index_shard"),
        weights=lambda wildcards: WeightsAt(JOBS.corpus_weights()),
        state=lambda wildcards: STATE,
    message:
        "shard {wildcards.shard} of what is new in the corpus"
    script:
        "../scripts/index_shard.py"


rule join_shards:
    input:
        reports=lambda wildcards: collect(
            "<results>/corpus/reports/shard{shard}.json", shard=range(corpus_shards())
        ),
    output:
        record="<results>/corpus/record.json",
    log:
        "<logs>/join_shards.log",
    benchmark:
        "<benchmarks>/join_shards.tsv"
    conda:
        "../../envs/search.yaml"
    threads: 4
    resources:
        mem_mb=grows(8000),
        runtime=grows(240),
    params:
        spec=lambda wildcards: searches.corpus(PLAN),
        code=code_of("join_shards"),
        sounds=lambda wildcards: corpus_sounds().name,
        division=lambda wildcards: Shards(corpus_shards()),
        state=lambda wildcards: STATE,
    message:
        "the index of the corpus"
    script:
        "../scripts/join_shards.py"
