"""Figures, each as PNG and as SVG: a rule for each kind that is registered."""


rule map_embeddings:
    input:
        bank=JOBS.mapped_bank,
        spec=lambda wildcards: JOBS.mapped_bank(wildcards, "spec.json"),
    output:
        map="<results>/maps/{embedding}.csv",
    log:
        "<logs>/map_embeddings/{embedding}.log",
    benchmark:
        "<benchmarks>/map_embeddings/{embedding}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(30),
    params:
        spec=lambda wildcards: shown.map_spec(PLAN, wildcards.embedding),
        code=code_of("map_embeddings"),
    message:
        "mapping the clips by {wildcards.embedding}"
    script:
        "../scripts/map_embeddings.py"


for kind in FIGURES:

    rule:
        name:
            f"plot_{kind}"
        input:
            unpack(JOBS.needs_of(FIGURES, kind)),
        output:
            png=report(
                "<results>/figures/{name}.png",
                caption=f"../report/figure_{kind}.rst",
                category="Figures",
                subcategory=FIGURES.entry(kind).traits["group"],
                labels={"figure": kind, "of": "{name}"},
            ),
            svg="<results>/figures/{name}.svg",
        log:
            f"<logs>/plot_{kind}/{{name}}.log",
        benchmark:
            f"<benchmarks>/plot_{kind}/{{name}}.tsv"
        wildcard_constraints:
            name=JOBS.named_as(FIGURES, kind),
        conda:
            "../../envs/core.yaml"
        threads: 1
        resources:
            mem_mb=grows(2000),
            runtime=grows(10),
        params:
            spec=JOBS.spec_of(FIGURES, kind),
            code=JOBS.code_of(FIGURES, kind, "plot_figure"),
            kind=kind,
        message:
            "figure {wildcards.name}"
        script:
            "../scripts/plot_figure.py"
