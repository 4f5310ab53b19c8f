"""From rankings to scores, and from scores to tables."""


rule score_retrieval:
    input:
        clips="<results>/index/clips.csv",
        ranking="<results>/rankings/{distance}/{source}/{split}.parquet",
    output:
        scores="<results>/scores/retrieval/{distance}/{source}/{split}.csv",
    log:
        "<logs>/score_retrieval/{distance}/{source}/{split}.log",
    benchmark:
        "<benchmarks>/score_retrieval/{distance}/{source}/{split}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000, per_input_mb=20),
        runtime=grows(10),
    params:
        spec=lambda wildcards: EXPERIMENT.scores(run_of(wildcards)),
        code=code_of("score_retrieval"),
    message:
        "scoring {wildcards.distance} on {wildcards.source}, queries {wildcards.split}"
    script:
        "../scripts/score_retrieval.py"


rule make_retrieval_table:
    input:
        scores=lambda wildcards: collect(
            "<results>/scores/retrieval/{run.path}.csv",
            run=present_runs(wildcards.retrieval_table),
        ),
    output:
        multiext("<results>/tables/{retrieval_table}", csv=".csv", md=".md", tex=".tex"),
    log:
        "<logs>/make_retrieval_table/{retrieval_table}.log",
    benchmark:
        "<benchmarks>/make_retrieval_table/{retrieval_table}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000, per_input_mb=20),
        runtime=grows(10),
    params:
        spec=lambda wildcards: EXPERIMENT.retrieval_table(
            wildcards.retrieval_table, present_runs(wildcards.retrieval_table)
        ),
        code=code_of("make_retrieval_table"),
    message:
        "table {wildcards.retrieval_table}"
    script:
        "../scripts/make_retrieval_table.py"


rule make_search_table:
    input:
        splits=collect(
            "<results>/index/splits/{split}.csv",
            split=dict.fromkeys(run.split for run in EXPERIMENT.searched_runs()),
        ),
        statistics=lambda wildcards: [
            file
            for run in EXPERIMENT.searched_runs()
            for file in tile_files(run, "statistics.csv")
        ],
    output:
        multiext("<results>/tables/search", csv=".csv", md=".md", tex=".tex"),
    log:
        "<logs>/make_search_table.log",
    benchmark:
        "<benchmarks>/make_search_table.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=grows(10),
    params:
        spec=[list(run) for run in EXPERIMENT.searched_runs()],
        code=code_of("make_search_table"),
    message:
        "table search"
    script:
        "../scripts/make_search_table.py"


rule make_validation_table:
    input:
        comparisons=[
            f"<results>/validation/{feature}/{setting}.csv"
            for feature, setting in EXPERIMENT.validations()
        ],
    output:
        multiext("<results>/tables/validation", csv=".csv", md=".md", tex=".tex"),
    log:
        "<logs>/make_validation_table.log",
    benchmark:
        "<benchmarks>/make_validation_table.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=grows(10),
    params:
        spec=EXPERIMENT.validations(),
        code=code_of("make_validation_table"),
    message:
        "table validation"
    script:
        "../scripts/make_validation_table.py"


# A rule of its own, because times differ from run to run: the table made from them does not.
rule measure_matrix:
    output:
        costs="<results>/matrix/costs.csv",
    log:
        "<logs>/measure_matrix.log",
    benchmark:
        "<benchmarks>/measure_matrix.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(10),
    params:
        spec=EXPERIMENT.matrix_costs(),
        code=code_of("measure_matrix"),
    message:
        "measuring the spectrogram as a matrix"
    script:
        "../scripts/measure_matrix.py"


rule make_matrix_table:
    input:
        costs="<results>/matrix/costs.csv",
    output:
        multiext(
            "<results>/tables/matrix_spectrogram", csv=".csv", md=".md", tex=".tex"
        ),
    log:
        "<logs>/make_matrix_table.log",
    benchmark:
        "<benchmarks>/make_matrix_table.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=grows(10),
    params:
        spec=EXPERIMENT.matrix_costs(),
        code=code_of("make_matrix_table"),
    message:
        "table matrix_spectrogram"
    script:
        "../scripts/make_matrix_table.py"


rule score_classification:
    input:
        clips="<results>/index/clips.csv",
        predictions="<results>/models/{network}/{feature}/{setting}/{split}/seed{seed}/predictions.csv",
    output:
        scores="<results>/scores/classification/{network}/{feature}/{setting}/{split}/seed{seed}.csv",
    log:
        "<logs>/score_classification/{network}/{feature}/{setting}/{split}/seed{seed}.log",
    benchmark:
        "<benchmarks>/score_classification/{network}/{feature}/{setting}/{split}/seed{seed}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000, per_input_mb=20),
        runtime=grows(10),
    params:
        spec=lambda wildcards: EXPERIMENT.training(Cell(*wildcards)),
        code=code_of("score_classification"),
    message:
        "scoring {wildcards.network} on {wildcards.feature} at {wildcards.setting}, test {wildcards.split}, seed {wildcards.seed}"
    script:
        "../scripts/score_classification.py"


rule make_classification_table:
    input:
        models=lambda wildcards: collect(
            "<results>/models/{cell.path}/model.json",
            cell=present_cells(),
        ),
        scores=lambda wildcards: collect(
            "<results>/scores/classification/{cell.path}.csv",
            cell=present_cells(),
        ),
    output:
        multiext("<results>/tables/classification", csv=".csv", md=".md", tex=".tex"),
    log:
        "<logs>/make_classification_table.log",
    benchmark:
        "<benchmarks>/make_classification_table.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000, per_input_mb=20),
        runtime=grows(10),
    params:
        spec=lambda wildcards: EXPERIMENT.classification_table(present_cells()),
        code=code_of("make_classification_table"),
    message:
        "table classification"
    script:
        "../scripts/make_classification_table.py"
