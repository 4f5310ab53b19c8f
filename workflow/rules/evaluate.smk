"""Tables, each as CSV, Markdown and LaTeX: a rule for each kind that is registered."""


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
        spec=specs.matrix_costs(config),
        code=code_of("measure_matrix"),
    message:
        "measuring the spectrogram as a matrix"
    script:
        "../scripts/measure_matrix.py"


for kind in TABLES:

    rule:
        name:
            f"make_{kind}_table"
        input:
            unpack(JOBS.needs_of(TABLES, kind)),
        output:
            multiext("<results>/tables/{name}", md=".md", tex=".tex"),
            csv=report(
                "<results>/tables/{name}.csv",
                caption=f"../report/table_{kind}.rst",
                category="Tables",
                labels={"table": "{name}"},
            ),
        log:
            f"<logs>/make_{kind}_table/{{name}}.log",
        benchmark:
            f"<benchmarks>/make_{kind}_table/{{name}}.tsv"
        wildcard_constraints:
            name=JOBS.named_as(TABLES, kind),
        conda:
            "../../envs/core.yaml"
        threads: 1
        resources:
            mem_mb=grows(1000, per_input_mb=20),
            runtime=grows(30),
        params:
            spec=JOBS.spec_of(TABLES, kind),
            code=JOBS.code_of(TABLES, kind, "make_table"),
            kind=kind,
        message:
            "table {wildcards.name}"
        script:
            "../scripts/make_table.py"
