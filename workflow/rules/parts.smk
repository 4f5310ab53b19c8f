"""From waveforms to banks of parts of clips, which ask the banks of whole clips."""


rule cut_queries:
    input:
        waveforms="<results>/audio/sr{sample_rate}/waveforms.npy",
        whole="<results>/audio/sr{sample_rate}/spec.json",
    output:
        waveforms="<results>/parts/{milliseconds}ms/audio/sr{sample_rate}/waveforms.npy",
        spec="<results>/parts/{milliseconds}ms/audio/sr{sample_rate}/spec.json",
    log:
        "<logs>/cut_queries/{milliseconds}ms/sr{sample_rate}.log",
    benchmark:
        "<benchmarks>/cut_queries/{milliseconds}ms/sr{sample_rate}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=grows(20, per_input_mb=0.01),
    params:
        spec=lambda wildcards: specs.part_audio(
            config, int(wildcards.sample_rate), int(wildcards.milliseconds) / 1000
        ),
        code=code_of("cut_queries"),
    message:
        "the first {wildcards.milliseconds} ms that sound of all clips at {wildcards.sample_rate} Hz"
    script:
        "../scripts/cut_queries.py"


use rule build_feature_bank as build_query_bank with:
    input:
        waveforms=JOBS.changed_waveforms,
    output:
        bank="<results>/parts/{milliseconds}ms/features/{feature}/bank.npy",
        spec="<results>/parts/{milliseconds}ms/features/{feature}/spec.json",
    log:
        "<logs>/build_query_bank/{milliseconds}ms/{feature}.log",
    benchmark:
        "<benchmarks>/build_query_bank/{milliseconds}ms/{feature}.tsv"
    params:
        spec=lambda wildcards: specs.asking(config, JOBS.changed(wildcards)),
        code=lambda wildcards: code_of(
            "build_feature_bank", JOBS.feature(wildcards).module
        ),
    message:
        "{wildcards.feature} of {wildcards.milliseconds} ms of all clips"


use rule encode_clips as encode_queries with:
    input:
        waveforms=JOBS.changed_waveforms,
    output:
        bank="<results>/parts/{milliseconds}ms/embeddings/{encoder}_frozen/waveform/{setting}/bank.npy",
        spec="<results>/parts/{milliseconds}ms/embeddings/{encoder}_frozen/waveform/{setting}/spec.json",
    log:
        "<logs>/encode_queries/{milliseconds}ms/{encoder}/{setting}.log",
    benchmark:
        "<benchmarks>/encode_queries/{milliseconds}ms/{encoder}/{setting}.tsv"
    params:
        spec=lambda wildcards: specs.asking(config, JOBS.changed(wildcards)),
        code=lambda wildcards: code_of(
            "encode_clips", *specs.encoder_modules(config, JOBS.encoder(wildcards))
        ),
        weights=lambda wildcards: WeightsAt(JOBS.encoder_weights(wildcards)),
    message:
        "embeddings of {wildcards.milliseconds} ms of all clips by {wildcards.encoder}"
