"""The page that shows a run, and lets one hear it."""


rule render_report:
    input:
        clips="<results>/index/clips.csv",
        tables=collect("<results>/tables/{table}.csv", table=EXPERIMENT.tables()),
        captions=collect("<results>/tables/{table}.md", table=EXPERIMENT.tables()),
        rankings=lambda wildcards: collect(
            "<results>/rankings/{run.path}.parquet", run=shown_runs()
        ),
        predictions=lambda wildcards: collect(
            "<results>/models/{cell.path}/predictions.csv", cell=shown_cells()
        ),
        maps=lambda wildcards: collect("<results>/maps/{map}.csv", map=shown_maps()),
        embeddings=lambda wildcards: collect(
            "<results>/embeddings/{map}/bank.npy", map=shown_maps()
        ),
        embedding_specs=lambda wildcards: collect(
            "<results>/embeddings/{map}/spec.json", map=shown_maps()
        ),
        mel=f"<results>/features/mel/{EXPERIMENT.displays.page_setting}/bank.npy",
        mel_spec=f"<results>/features/mel/{EXPERIMENT.displays.page_setting}/spec.json",
        waveforms=waveforms_at(EXPERIMENT.settings[EXPERIMENT.displays.page_setting]),
        assets=PAGE_ASSETS,
    output:
        page="<results>/report/index.html",
    log:
        "<logs>/render_report.log",
    benchmark:
        "<benchmarks>/render_report.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 4
    resources:
        mem_mb=grows(4000),
        runtime=grows(30),
    params:
        spec=lambda wildcards: EXPERIMENT.displays.page(
            shown_runs(), shown_cells(), shown_maps().values()
        ),
        code=code_of("render_report"),
        rules=lambda wildcards, input: makers_of(input),
        data_root=str(DATA_ROOT),
        benchmarks=f"{config['results_dir']}/benchmarks",
    message:
        "the page of the run"
    script:
        "../scripts/render_report.py"
