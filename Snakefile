"""The index of the experiment: what there is to ask for, and where its parts stand."""

from snakemake.utils import min_version

min_version("9.14")


include: "workflow/rules/opening.smk"


configfile: "config.yaml"


include: "workflow/rules/common.smk"


pathvars:
    results=config["results_dir"],
    logs=f"{config['results_dir']}/logs",
    benchmarks=f"{config['results_dir']}/benchmarks",


wildcard_constraints:
    sample_rate=r"\d+",
    feature=r"[a-z0-9_]+/[a-z0-9_]+",
    shard=r"\d+",
    run=r"[a-z0-9_]+(/[a-z0-9_-]+)+",
    fusion=r"[a-z0-9_]+",
    two_stage=r"[a-z0-9_]+",
    milliseconds=r"\d+",
    condition=r"[a-z0-9_]+",
    row=r"\d+",
    column=r"\d+",
    training=r"[a-z0-9_]+(/[a-z0-9_-]+)+",
    network=r"[a-z0-9_]+",
    encoder=one_of(config["encoders"]),
    setting=r"sr\d+",
    at=r"waveform/[a-z0-9_/-]+",
    split=r"fold\d+(-\d+)*(_within)?|all",
    embedding=r"[a-z0-9_]+(/[a-z0-9_-]+)*",
    layout=one_of(searches.LAYOUTS),
    search=r"[a-z0-9-]+/[a-z]+/[A-Za-z0-9_-]+/sr[a-z0-9_]+",


include: "workflow/rules/data.smk"
include: "workflow/rules/features.smk"
include: "workflow/rules/retrieval.smk"
include: "workflow/rules/classify.smk"
include: "workflow/rules/encoders.smk"
include: "workflow/rules/parts.smk"
include: "workflow/rules/robustness.smk"
include: "workflow/rules/search.smk"
include: "workflow/rules/corpus.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/report.smk"


TABLES = collect("<results>/tables/{table}.{form}", table=ALL_TABLES, form=TABLE_FORMS)
FIGURES = collect(
    "<results>/figures/{figure}.{form}", figure=ALL_FIGURES, form=FIGURE_FORMS
)
PAGE = "<results>/report/index.html"


rule all:
    default_target: True
    input:
        TABLES,
        FIGURES,
        PAGE,
    localrule: True


# A target has its own name, `tables`, and that of its folder, so that `snakemake results/tables` asks
# for the tables themselves. Under another results_dir the shipped folder's name says what to ask for.
for target, files in {
    "tables": TABLES,
    "figures": FIGURES,
    "report": PAGE,
    "corpus": "<results>/corpus/record.json",
}.items():

    for asked in target_names(target):

        rule:
            name:
                asked
            input:
                files,
            localrule: True

    for mistaken in mistaken_names(target):

        rule:
            name:
                mistaken
            input:
                ask_for(target),
            localrule: True
