"""From waveforms to banks of features, and their comparison with librosa."""


rule build_feature_bank:
    input:
        waveforms=lambda wildcards: waveforms_at(
            JOBS.feature(wildcards).setting.sample_rate
        ),
        shards=JOBS.shards,
        specs=lambda wildcards: JOBS.shards(wildcards, "spec.json"),
    output:
        bank="<results>/features/{feature}/bank.npy",
        spec="<results>/features/{feature}/spec.json",
        division="<results>/features/{feature}/division.json",
    log:
        "<logs>/build_feature_bank/{feature}.log",
    benchmark:
        "<benchmarks>/build_feature_bank/{feature}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(30, per_input_mb=0.05),
    params:
        spec=lambda wildcards: specs.feature_bank(config, JOBS.feature(wildcards)),
        code=lambda wildcards: code_of(
            "build_feature_bank", JOBS.feature(wildcards).module
        ),
    message:
        "{wildcards.feature} of all clips"
    script:
        "../scripts/build_feature_bank.py"


use rule build_feature_bank as build_feature_shard with:
    input:
        waveforms=lambda wildcards: waveforms_at(
            JOBS.feature(wildcards).setting.sample_rate
        ),
    output:
        bank=temp("<results>/features/{feature}/shard{shard}/bank.npy"),
        spec=temp("<results>/features/{feature}/shard{shard}/spec.json"),
    log:
        "<logs>/build_feature_shard/{feature}/shard{shard}.log",
    benchmark:
        "<benchmarks>/build_feature_shard/{feature}/shard{shard}.tsv"
    params:
        spec=lambda wildcards: shard_of(
            config, JOBS.feature(wildcards), int(wildcards.shard)
        ),
        code=lambda wildcards: code_of(
            "build_feature_bank", JOBS.feature(wildcards).module
        ),
    message:
        "{wildcards.feature} of shard {wildcards.shard} of the clips"


rule validate_features:
    input:
        waveforms=lambda wildcards: waveforms_at(
            JOBS.feature(wildcards).setting.sample_rate
        ),
    output:
        comparison="<results>/validation/{feature}.csv",
    log:
        "<logs>/validate_features/{feature}.log",
    benchmark:
        "<benchmarks>/validate_features/{feature}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(4000),
        runtime=grows(20),
    params:
        spec=lambda wildcards: specs.validation(config, JOBS.feature(wildcards)),
        code=lambda wildcards: code_of(
            "validate_features", JOBS.feature(wildcards).module
        ),
        names=lambda wildcards: Names({"setting": JOBS.feature(wildcards).setting.name}),
    message:
        "{wildcards.feature} beside librosa's"
    script:
        "../scripts/validate_features.py"
