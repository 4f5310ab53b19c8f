"""The page that shows a run, and lets one hear it."""

PAGE_MEL = PLAN.feature("mel", config["report"]["stft"])


rule render_report:
    input:
        clips="<results>/index/clips.csv",
        tables=collect("<results>/tables/{table}.csv", table=ALL_TABLES),
        captions=collect("<results>/tables/{table}.md", table=ALL_TABLES),
        figures=collect(
            "<results>/figures/{figure}.png", figure=shown.figures_on_page(THERE)
        ),
        rankings=lambda wildcards: collect(
            "<results>/rankings/{run.path}.parquet", run=THERE.shown_runs
        ),
        predictions=lambda wildcards: collect(
            "<results>/models/{of.path}/predictions.csv", of=THERE.shown_classifiers
        ),
        maps=lambda wildcards: collect("<results>/maps/{map}.csv", map=THERE.maps),
        embeddings=lambda wildcards: collect(
            "<results>/{run.bank.folder}/bank.npy", run=THERE.maps.values()
        ),
        embedding_specs=lambda wildcards: collect(
            "<results>/{run.bank.folder}/spec.json", run=THERE.maps.values()
        ),
        tags=collect("<results>/{of.folder}/bank.npy", of=THERE.tags),
        tags_specs=collect("<results>/{of.folder}/spec.json", of=THERE.tags),
        mel=f"<results>/{PAGE_MEL.folder}/bank.npy",
        mel_spec=f"<results>/{PAGE_MEL.folder}/spec.json",
        waveforms=waveforms_at(PAGE_MEL.setting.sample_rate),
        assets=sorted(
            Path(workflow.basedir, "src/resound/report/page/assets").iterdir()
        ),
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
        spec=lambda wildcards: shown.page(THERE),
        code=code_of("render_report"),
        rules=lambda wildcards, input: makers_of(input),
        data_root=str(DATA_ROOT),
        benchmarks=f"{config['results_dir']}/benchmarks",
    message:
        "the page of the run"
    script:
        "../scripts/render_report.py"
