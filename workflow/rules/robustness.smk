"""From waveforms to banks of disturbed clips, which ask the banks of clips as they are, and to
predictions of them by what was trained on clips as they are."""


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


use rule encode_windows as encode_disturbed_windows with:
    input:
        waveforms=JOBS.changed_waveforms,
    output:
        bank="<results>/disturbed/{condition}/embeddings/{encoder}_windows/waveform/{setting}/bank.npy",
        spec="<results>/disturbed/{condition}/embeddings/{encoder}_windows/waveform/{setting}/spec.json",
    log:
        "<logs>/encode_disturbed_windows/{condition}/{encoder}/{setting}.log",
    benchmark:
        "<benchmarks>/encode_disturbed_windows/{condition}/{encoder}/{setting}.tsv"
    params:
        spec=lambda wildcards: specs.asking(config, JOBS.changed(wildcards, WINDOWS)),
        code=lambda wildcards: code_of(
            "encode_windows", *specs.encoder_modules(config, JOBS.encoder(wildcards))
        ),
        weights=lambda wildcards: WeightsAt(JOBS.encoder_weights(wildcards)),
    message:
        "embeddings of windows of all clips disturbed by {wildcards.condition} by {wildcards.encoder}"


use rule tag_clips as tag_disturbed with:
    input:
        waveforms=JOBS.changed_waveforms,
    output:
        bank="<results>/disturbed/{condition}/embeddings/{encoder}_tags/waveform/{setting}/bank.npy",
        spec="<results>/disturbed/{condition}/embeddings/{encoder}_tags/waveform/{setting}/spec.json",
    log:
        "<logs>/tag_disturbed/{condition}/{encoder}/{setting}.log",
    benchmark:
        "<benchmarks>/tag_disturbed/{condition}/{encoder}/{setting}.tsv"
    params:
        spec=lambda wildcards: specs.asking(config, JOBS.changed(wildcards, TAGS)),
        code=lambda wildcards: code_of(
            "tag_clips", *specs.encoder_modules(config, JOBS.encoder(wildcards))
        ),
        weights=lambda wildcards: WeightsAt(JOBS.encoder_weights(wildcards)),
    message:
        "AudioSet's tags of all clips disturbed by {wildcards.condition} by {wildcards.encoder}"


use rule encode_finetuned as encode_disturbed_finetuned with:
    input:
        waveforms=JOBS.changed_waveforms,
        weights="<results>/models/{encoder}_finetuned/{at}/weights.safetensors",
        model="<results>/models/{encoder}_finetuned/{at}/model.json",
    output:
        **vector_files(FINETUNED_VECTORS, "disturbed/{condition}/"),
    log:
        "<logs>/encode_disturbed_finetuned/{condition}/{encoder}/{at}.log",
    benchmark:
        "<benchmarks>/encode_disturbed_finetuned/{condition}/{encoder}/{at}.tsv"
    params:
        spec=lambda wildcards: {
            vector: specs.asking(config, JOBS.changed(wildcards, vector))
            for vector in FINETUNED_VECTORS
        },
        code=lambda wildcards: code_of(
            "encode_finetuned",
            *specs.encoder_modules(config, JOBS.encoder(wildcards), tuned=True),
        ),
        weights=lambda wildcards: WeightsAt(JOBS.encoder_weights(wildcards)),
    message:
        "vectors of all clips disturbed by {wildcards.condition} by {wildcards.encoder} fine-tuned, {wildcards.at}"


use rule embed_clips as embed_disturbed with:
    input:
        bank=JOBS.changed_feature,
        spec=lambda wildcards: JOBS.changed_feature(wildcards, "spec.json"),
        weights="<results>/models/{training}/weights.safetensors",
        model="<results>/models/{training}/model.json",
    output:
        bank="<results>/disturbed/{condition}/embeddings/{training}/bank.npy",
        spec="<results>/disturbed/{condition}/embeddings/{training}/spec.json",
    log:
        "<logs>/embed_disturbed/{condition}/{training}.log",
    benchmark:
        "<benchmarks>/embed_disturbed/{condition}/{training}.tsv"
    params:
        spec=lambda wildcards: specs.asking(config, JOBS.changed(wildcards)),
        code=lambda wildcards: code_of("embed_clips", JOBS.training(wildcards).module),
    message:
        "embeddings of all clips disturbed by {wildcards.condition} by {wildcards.training}"


rule answer_disturbed:
    input:
        unpack(JOBS.answering),
        clips="<results>/index/clips.csv",
    output:
        predictions="<results>/disturbed/{condition}/models/{training}/predictions.csv",
    log:
        "<logs>/answer_disturbed/{condition}/{training}.log",
    benchmark:
        "<benchmarks>/answer_disturbed/{condition}/{training}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000, per_input_mb=2),
        runtime=grows(30),
    params:
        spec=lambda wildcards: specs.disturbed_training(
            config, JOBS.training(wildcards), wildcards.condition
        ),
        code=lambda wildcards: code_of(
            "answer_disturbed", *JOBS.answering_modules(wildcards)
        ),
    message:
        "classes of all clips disturbed by {wildcards.condition} by {wildcards.training}"
    script:
        "../scripts/answer_disturbed.py"
