"""From waveforms to banks of disturbed clips, which ask the banks of clips as they are."""


rule disturb_clips:
    input:
        waveforms="<results>/audio/sr{sample_rate}/waveforms.npy",
        clean="<results>/audio/sr{sample_rate}/spec.json",
    output:
        waveforms="<results>/disturbed/{condition}/audio/sr{sample_rate}/waveforms.npy",
        spec="<results>/disturbed/{condition}/audio/sr{sample_rate}/spec.json",
    log:
        "<logs>/disturb_clips/{condition}/sr{sample_rate}.log",
    benchmark:
        "<benchmarks>/disturb_clips/{condition}/sr{sample_rate}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=grows(30, per_input_mb=0.1),
    params:
        spec=lambda wildcards: specs.disturbed_audio(
            config, int(wildcards.sample_rate), wildcards.condition
        ),
        code=code_of("disturb_clips"),
    message:
        "all clips disturbed by {wildcards.condition} at {wildcards.sample_rate} Hz"
    script:
        "../scripts/disturb_clips.py"


use rule build_feature_bank as build_disturbed_bank with:
    input:
        waveforms=JOBS.changed_waveforms,
    output:
        bank="<results>/disturbed/{condition}/features/{feature}/bank.npy",
        spec="<results>/disturbed/{condition}/features/{feature}/spec.json",
    log:
        "<logs>/build_disturbed_bank/{condition}/{feature}.log",
    benchmark:
        "<benchmarks>/build_disturbed_bank/{condition}/{feature}.tsv"
    params:
        spec=lambda wildcards: specs.asking(config, JOBS.changed(wildcards)),
        code=lambda wildcards: code_of(
            "build_feature_bank", JOBS.feature(wildcards).module
        ),
    message:
        "{wildcards.feature} of all clips disturbed by {wildcards.condition}"


use rule encode_clips as encode_disturbed with:
    input:
        waveforms=JOBS.changed_waveforms,
    output:
        bank="<results>/disturbed/{condition}/embeddings/{encoder}_frozen/waveform/{setting}/bank.npy",
        spec="<results>/disturbed/{condition}/embeddings/{encoder}_frozen/waveform/{setting}/spec.json",
    log:
        "<logs>/encode_disturbed/{condition}/{encoder}/{setting}.log",
    benchmark:
        "<benchmarks>/encode_disturbed/{condition}/{encoder}/{setting}.tsv"
    params:
        spec=lambda wildcards: specs.asking(config, JOBS.changed(wildcards)),
        code=lambda wildcards: code_of(
            "encode_clips", *specs.encoder_modules(config, JOBS.encoder(wildcards))
        ),
        weights=lambda wildcards: WeightsAt(JOBS.encoder_weights(wildcards)),
    message:
        "embeddings of all clips disturbed by {wildcards.condition} by {wildcards.encoder}"
