"""From rankings to scores, and from scores to tables."""


rule score_retrieval:
    input:
        clips="<results>/index/clips.csv",
        ranking="<results>/rankings/{distance}/{source}/{split}.parquet",
        split=lambda wildcards: (
            "<results>/index/splits/{split}.csv" if ties_of(wildcards) else []
        ),
        tiles=lambda wildcards: (
            tile_files(run_of(wildcards)) if ties_of(wildcards) else []
        ),
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
        clips="<results>/index/clips.csv",
        scores=lambda wildcards: collect(
            "<results>/scores/retrieval/{run.path}.csv",
            run=present_runs(wildcards.retrieval_table),
        ),
    output:
        multiext("<results>/tables/{retrieval_table}", md=".md", tex=".tex"),
        csv=report(
            "<results>/tables/{retrieval_table}.csv",
            caption="../report/table_retrieval.rst",
            category="Tables",
            labels={"table": "{retrieval_table}"},
        ),
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
        multiext("<results>/tables/search", md=".md", tex=".tex"),
        csv=report(
            "<results>/tables/search.csv",
            caption="../report/table_search.rst",
            category="Tables",
            labels={"table": "search"},
        ),
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
        multiext("<results>/tables/validation", md=".md", tex=".tex"),
        csv=report(
            "<results>/tables/validation.csv",
            caption="../report/table_validation.rst",
            category="Tables",
            labels={"table": "validation"},
        ),
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
        spec=EXPERIMENT.validation_table(),
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
        multiext("<results>/tables/matrix_spectrogram", md=".md", tex=".tex"),
        csv=report(
            "<results>/tables/matrix_spectrogram.csv",
            caption="../report/table_matrix_spectrogram.rst",
            category="Tables",
            labels={"table": "matrix_spectrogram"},
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
        clips="<results>/index/clips.csv",
        models=lambda wildcards: collect(
            "<results>/models/{cell.path}/model.json",
            cell=present_cells(),
        ),
        scores=lambda wildcards: collect(
            "<results>/scores/classification/{cell.path}.csv",
            cell=present_cells(),
        ),
    output:
        multiext("<results>/tables/classification", md=".md", tex=".tex"),
        csv=report(
            "<results>/tables/classification.csv",
            caption="../report/table_classification.rst",
            category="Tables",
            labels={"table": "classification"},
        ),
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


rule make_significance_table:
    input:
        retrieval=lambda wildcards: collect(
            "<results>/scores/retrieval/{run.path}.csv",
            run=dict.fromkeys(
                run for runs in compared_runs().values() for run in runs
            ),
        ),
        classification=lambda wildcards: collect(
            "<results>/scores/classification/{cell.path}.csv",
            cell=tested_cells(),
        ),
    output:
        multiext("<results>/tables/significance", md=".md", tex=".tex"),
        csv=report(
            "<results>/tables/significance.csv",
            caption="../report/table_significance.rst",
            category="Tables",
            labels={"table": "significance"},
        ),
    log:
        "<logs>/make_significance_table.log",
    benchmark:
        "<benchmarks>/make_significance_table.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=grows(30),
    params:
        spec=lambda wildcards: EXPERIMENT.displays.significance_table(
            compared_runs(), tested_cells()
        ),
        code=code_of("make_significance_table"),
    message:
        "table significance"
    script:
        "../scripts/make_significance_table.py"


rule make_summary_table:
    input:
        tables=collect(
            "<results>/tables/{table}.csv", table=EXPERIMENT.displays.compared_tables()
        ),
    output:
        multiext("<results>/tables/summary", md=".md", tex=".tex"),
        csv=report(
            "<results>/tables/summary.csv",
            caption="../report/table_summary.rst",
            category="Tables",
            labels={"table": "summary"},
        ),
    log:
        "<logs>/make_summary_table.log",
    benchmark:
        "<benchmarks>/make_summary_table.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=grows(10),
    params:
        spec=EXPERIMENT.displays.summary_table(),
        code=code_of("make_summary_table"),
    message:
        "table summary"
    script:
        "../scripts/make_summary_table.py"
