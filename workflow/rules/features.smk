"""From waveforms to banks of features, and their comparison with librosa."""

if EXPERIMENT.feature_shards == 1:

    rule build_feature_bank:
        input:
            waveforms=waveforms_of,
        output:
            bank="<results>/features/{feature}/{setting}/bank.npy",
            spec="<results>/features/{feature}/{setting}/spec.json",
        log:
            "<logs>/build_feature_bank/{feature}/{setting}.log",
        benchmark:
            "<benchmarks>/build_feature_bank/{feature}/{setting}.tsv"
        conda:
            "../../envs/core.yaml"
        threads: 1
        resources:
            mem_mb=grows(2000),
            runtime=grows(30, per_input_mb=0.05),
        params:
            spec=lambda wildcards: EXPERIMENT.bank(wildcards.feature, wildcards.setting),
            code=lambda wildcards: code_of(
                "build_feature_bank", EXPERIMENT.feature_module(wildcards.feature)
            ),
        message:
            "{wildcards.feature} of all clips at {wildcards.setting}"
        script:
            "../scripts/build_feature_bank.py"

else:

    rule build_feature_shard:
        input:
            waveforms=waveforms_of,
        output:
            bank=temp("<results>/features/{feature}/{setting}/shard{shard}/bank.npy"),
            spec=temp("<results>/features/{feature}/{setting}/shard{shard}/spec.json"),
        log:
            "<logs>/build_feature_shard/{feature}/{setting}/shard{shard}.log",
        benchmark:
            "<benchmarks>/build_feature_shard/{feature}/{setting}/shard{shard}.tsv"
        conda:
            "../../envs/core.yaml"
        threads: 1
        resources:
            mem_mb=grows(2000),
            runtime=grows(30, per_input_mb=0.05),
        params:
            spec=lambda wildcards: EXPERIMENT.shard(
                wildcards.feature, wildcards.setting, int(wildcards.shard)
            ),
            code=lambda wildcards: code_of(
                "build_feature_shard", EXPERIMENT.feature_module(wildcards.feature)
            ),
        message:
            "{wildcards.feature} of shard {wildcards.shard} of the clips at {wildcards.setting}"
        script:
            "../scripts/build_feature_shard.py"

    rule gather_feature_bank:
        input:
            shards=collect(
                "<results>/features/{{feature}}/{{setting}}/shard{shard}/bank.npy",
                shard=range(EXPERIMENT.feature_shards),
            ),
            specs=collect(
                "<results>/features/{{feature}}/{{setting}}/shard{shard}/spec.json",
                shard=range(EXPERIMENT.feature_shards),
            ),
        output:
            bank="<results>/features/{feature}/{setting}/bank.npy",
            spec="<results>/features/{feature}/{setting}/spec.json",
        log:
            "<logs>/gather_feature_bank/{feature}/{setting}.log",
        benchmark:
            "<benchmarks>/gather_feature_bank/{feature}/{setting}.tsv"
        conda:
            "../../envs/core.yaml"
        threads: 1
        resources:
            mem_mb=grows(1000, per_input_mb=0.5),
            runtime=grows(10, per_input_mb=0.01),
        params:
            spec=lambda wildcards: EXPERIMENT.gathered_bank(
                wildcards.feature, wildcards.setting
            ),
            code=code_of("gather_feature_bank"),
        message:
            "{wildcards.feature} of all shards at {wildcards.setting}"
        script:
            "../scripts/gather_feature_bank.py"


rule validate_features:
    input:
        waveforms=waveforms_of,
    output:
        comparison="<results>/validation/{feature}/{setting}.csv",
    log:
        "<logs>/validate_features/{feature}/{setting}.log",
    benchmark:
        "<benchmarks>/validate_features/{feature}/{setting}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(4000),
        runtime=grows(20),
    params:
        spec=lambda wildcards: EXPERIMENT.validation(
            wildcards.feature, wildcards.setting
        ),
        code=lambda wildcards: code_of(
            "validate_features", EXPERIMENT.feature_module(wildcards.feature)
        ),
    message:
        "{wildcards.feature} at {wildcards.setting} beside librosa's"
    script:
        "../scripts/validate_features.py"
