"""The index of the experiment: what there is to ask for, and where its parts stand."""

from snakemake.utils import min_version

min_version("9.14")


configfile: "config.yaml"


pathvars:
    results=config["results_dir"],
    logs=f"{config['results_dir']}/logs",
    benchmarks=f"{config['results_dir']}/benchmarks",


include: "workflow/rules/common.smk"


wildcard_constraints:
    sample_rate=r"\d+",
    feature=r"[a-z0-9_]+",
    setting=r"sr\d+(_nfft\d+_hop\d+)?",
    distance=r"[a-z0-9_]+",
    network=r"[a-z0-9_]+",
    seed=r"\d+",
    split=r"fold\d+(-\d+)*|all",
    retrieval_table=r"retrieval_[a-z0-9_]+",


include: "workflow/rules/data.smk"
include: "workflow/rules/features.smk"
include: "workflow/rules/retrieval.smk"
include: "workflow/rules/classify.smk"
include: "workflow/rules/evaluate.smk"


rule all:
    default_target: True
    input:
        collect(
            "<results>/tables/{table}.{form}",
            table=EXPERIMENT.tables(),
            form=TABLE_FORMS,
        ),
    localrule: True


# Targets named after the folder, so that `snakemake results/tables` asks for the tables themselves.
rule tables:
    name:
        f"{config['results_dir']}/tables"
    input:
        rules.all.input,
    localrule: True


rule tables_folder:
    name:
        f"{config['results_dir']}/tables/"
    input:
        rules.all.input,
    localrule: True
