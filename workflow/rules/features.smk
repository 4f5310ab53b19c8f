"""From waveforms to banks of features, and their comparison with librosa."""


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
    threads: 2
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        spec=lambda wildcards: EXPERIMENT.bank(wildcards.feature, wildcards.setting),
        code=lambda wildcards: code_of(
            "build_feature_bank", FEATURES.entry(wildcards.feature).module
        ),
    message:
        "{wildcards.feature} of all clips at {wildcards.setting}"
    script:
        "../scripts/build_feature_bank.py"


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
        mem_mb=4000,
        runtime=20,
    params:
        spec=lambda wildcards: EXPERIMENT.validation(
            wildcards.feature, wildcards.setting
        ),
        code=lambda wildcards: code_of(
            "validate_features", FEATURES.entry(wildcards.feature).module
        ),
    message:
        "{wildcards.feature} at {wildcards.setting} beside librosa's"
    script:
        "../scripts/validate_features.py"
