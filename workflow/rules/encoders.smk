"""From waveforms to what pretrained encoders make of them, as they are and fine-tuned."""


rule encode_clips:
    input:
        waveforms=JOBS.heard,
    output:
        bank="<results>/embeddings/{encoder}_frozen/waveform/{setting}/bank.npy",
        spec="<results>/embeddings/{encoder}_frozen/waveform/{setting}/spec.json",
    log:
        "<logs>/encode_clips/{encoder}/{setting}.log",
    benchmark:
        "<benchmarks>/encode_clips/{encoder}/{setting}.tsv"
    conda:
        "../../envs/encoders.yaml"
    threads: JOBS.encoder_threads
    resources:
        mem_mb=grows(6000, per_input_mb=1),
        runtime=grows(240, per_input_mb=0.1),
    params:
        spec=lambda wildcards: specs.frozen(config, JOBS.encoder(wildcards)),
        code=lambda wildcards: code_of(
            "encode_clips", *specs.encoder_modules(config, JOBS.encoder(wildcards))
        ),
        weights=lambda wildcards: WeightsAt(JOBS.encoder_weights(wildcards)),
    message:
        "embeddings of all clips by {wildcards.encoder} as published"
    script:
        "../scripts/encode_clips.py"


rule encode_windows:
    input:
        waveforms=JOBS.heard,
    output:
        bank="<results>/embeddings/{encoder}_windows/waveform/{setting}/bank.npy",
        spec="<results>/embeddings/{encoder}_windows/waveform/{setting}/spec.json",
    log:
        "<logs>/encode_windows/{encoder}/{setting}.log",
    benchmark:
        "<benchmarks>/encode_windows/{encoder}/{setting}.tsv"
    conda:
        "../../envs/encoders.yaml"
    threads: JOBS.encoder_threads
    resources:
        mem_mb=grows(6000, per_input_mb=1),
        runtime=grows(240, per_input_mb=0.2),
    params:
        spec=lambda wildcards: specs.windows(config, JOBS.encoder(wildcards)),
        code=lambda wildcards: code_of(
            "encode_windows", *specs.encoder_modules(config, JOBS.encoder(wildcards))
        ),
        weights=lambda wildcards: WeightsAt(JOBS.encoder_weights(wildcards)),
    message:
        "embeddings of windows of all clips by {wildcards.encoder} as published"
    script:
        "../scripts/encode_windows.py"


rule tag_clips:
    input:
        waveforms=JOBS.heard,
    output:
        bank="<results>/embeddings/{encoder}_tags/waveform/{setting}/bank.npy",
        spec="<results>/embeddings/{encoder}_tags/waveform/{setting}/spec.json",
    log:
        "<logs>/tag_clips/{encoder}/{setting}.log",
    benchmark:
        "<benchmarks>/tag_clips/{encoder}/{setting}.tsv"
    conda:
        "../../envs/encoders.yaml"
    threads: JOBS.encoder_threads
    resources:
        mem_mb=grows(6000, per_input_mb=1),
        runtime=grows(240, per_input_mb=0.1),
    params:
        spec=lambda wildcards: specs.tags(config, JOBS.encoder(wildcards)),
        code=lambda wildcards: code_of(
            "tag_clips", *specs.encoder_modules(config, JOBS.encoder(wildcards))
        ),
        weights=lambda wildcards: WeightsAt(JOBS.encoder_weights(wildcards)),
    message:
        "AudioSet's tags of all clips by {wildcards.encoder}"
    script:
        "../scripts/tag_clips.py"


rule embed_classes:
    input:
        clips="<results>/index/clips.csv",
    output:
        bank="<results>/embeddings/{encoder}_words/bank.npy",
        spec="<results>/embeddings/{encoder}_words/spec.json",
    log:
        "<logs>/embed_classes/{encoder}.log",
    benchmark:
        "<benchmarks>/embed_classes/{encoder}.tsv"
    conda:
        "../../envs/encoders.yaml"
    threads: JOBS.encoder_threads
    resources:
        mem_mb=grows(4000),
        runtime=grows(20),
    params:
        spec=lambda wildcards: specs.words(config, JOBS.encoder(wildcards)),
        code=lambda wildcards: code_of(
            "embed_classes", *specs.encoder_modules(config, JOBS.encoder(wildcards))
        ),
        weights=lambda wildcards: WeightsAt(JOBS.encoder_weights(wildcards)),
    message:
        "embeddings of the classes' names by {wildcards.encoder}"
    script:
        "../scripts/embed_classes.py"


rule zero_shot:
    input:
        clips="<results>/index/clips.csv",
        bank=JOBS.frozen_bank,
        spec=lambda wildcards: JOBS.frozen_bank(wildcards, "spec.json"),
        words=JOBS.words,
        words_spec=lambda wildcards: JOBS.words(wildcards, "spec.json"),
    output:
        model="<results>/models/{training}/model.json",
        predictions="<results>/models/{training}/predictions.csv",
        confusion="<results>/models/{training}/confusion.csv",
        bank="<results>/embeddings/{training}/bank.npy",
        spec="<results>/embeddings/{training}/spec.json",
    log:
        "<logs>/zero_shot/{training}.log",
    benchmark:
        "<benchmarks>/zero_shot/{training}.tsv"
    wildcard_constraints:
        training=JOBS.named_by(WORDS),
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=grows(10),
    params:
        spec=lambda wildcards: specs.vector(config, JOBS.training(wildcards), ZERO_SHOT),
        code=code_of("zero_shot"),
    message:
        "classes by their names: {wildcards.training}"
    script:
        "../scripts/zero_shot.py"


rule zero_shot_by_tags:
    input:
        clips="<results>/index/clips.csv",
        tags=JOBS.tags,
        tags_spec=lambda wildcards: JOBS.tags(wildcards, "spec.json"),
    output:
        model="<results>/models/{training}/model.json",
        predictions="<results>/models/{training}/predictions.csv",
        confusion="<results>/models/{training}/confusion.csv",
        bank="<results>/embeddings/{training}/bank.npy",
        spec="<results>/embeddings/{training}/spec.json",
    log:
        "<logs>/zero_shot_by_tags/{training}.log",
    benchmark:
        "<benchmarks>/zero_shot_by_tags/{training}.tsv"
    wildcard_constraints:
        training=JOBS.named_by(TAGS),
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=grows(10),
    params:
        spec=lambda wildcards: specs.vector(config, JOBS.training(wildcards), ZERO_SHOT),
        code=code_of("zero_shot_by_tags"),
    message:
        "classes by AudioSet's tags: {wildcards.training}"
    script:
        "../scripts/zero_shot_by_tags.py"


rule probe:
    input:
        clips="<results>/index/clips.csv",
        bank=JOBS.frozen_bank,
        spec=lambda wildcards: JOBS.frozen_bank(wildcards, "spec.json"),
    output:
        model="<results>/models/{training}/model.json",
        predictions="<results>/models/{training}/predictions.csv",
        confusion="<results>/models/{training}/confusion.csv",
        choosing="<results>/models/{training}/choosing.csv",
        choice="<results>/models/{training}/choice.csv",
    log:
        "<logs>/probe/{training}.log",
    benchmark:
        "<benchmarks>/probe/{training}.tsv"
    wildcard_constraints:
        training=JOBS.learned_as(LINEAR, KNN),
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(30),
    params:
        spec=lambda wildcards: specs.training(config, JOBS.training(wildcards)),
        code=code_of("probe"),
    message:
        "probing {wildcards.training}"
    script:
        "../scripts/probe.py"


rule finetune:
    input:
        clips="<results>/index/clips.csv",
        waveforms=JOBS.heard,
    output:
        weights="<results>/models/{training}/weights.safetensors",
        model="<results>/models/{training}/model.json",
        history="<results>/models/{training}/history.csv",
        predictions="<results>/models/{training}/predictions.csv",
        confusion="<results>/models/{training}/confusion.csv",
        choosing="<results>/models/{training}/choosing.csv",
    log:
        "<logs>/finetune/{training}.log",
    benchmark:
        "<benchmarks>/finetune/{training}.tsv"
    wildcard_constraints:
        training=JOBS.learned_as(FINETUNED),
    conda:
        "../../envs/encoders.yaml"
    threads: JOBS.encoder_threads
    resources:
        mem_mb=grows(16000, per_input_mb=1),
        runtime=grows(1440, per_input_mb=0.1),
        gpu=costs.n_training_gpus(config, "finetune"),
    params:
        spec=lambda wildcards: specs.training(config, JOBS.training(wildcards)),
        code=lambda wildcards: code_of(
            "finetune",
            *specs.encoder_modules(config, JOBS.encoder(wildcards), tuned=True),
        ),
        tracking=TRACKING,
        names=lambda wildcards: Names(JOBS.training(wildcards).row._asdict()),
        weights=lambda wildcards: WeightsAt(JOBS.encoder_weights(wildcards)),
    message:
        "fine-tuning {wildcards.training}"
    script:
        "../scripts/finetune.py"


rule encode_finetuned:
    input:
        waveforms=JOBS.heard,
        weights="<results>/models/{encoder}_finetuned/{at}/weights.safetensors",
        model="<results>/models/{encoder}_finetuned/{at}/model.json",
    output:
        **vector_files(FINETUNED_VECTORS),
    log:
        "<logs>/encode_finetuned/{encoder}/{at}.log",
    benchmark:
        "<benchmarks>/encode_finetuned/{encoder}/{at}.tsv"
    conda:
        "../../envs/encoders.yaml"
    threads: JOBS.encoder_threads
    resources:
        mem_mb=grows(6000, per_input_mb=1),
        runtime=grows(240, per_input_mb=0.1),
    params:
        spec=lambda wildcards: {
            vector: specs.vector(config, JOBS.tuned(wildcards), vector)
            for vector in FINETUNED_VECTORS
        },
        code=lambda wildcards: code_of(
            "encode_finetuned",
            *specs.encoder_modules(config, JOBS.encoder(wildcards), tuned=True),
        ),
        weights=lambda wildcards: WeightsAt(JOBS.encoder_weights(wildcards)),
    message:
        "vectors of all clips by {wildcards.encoder} fine-tuned, {wildcards.at}"
    script:
        "../scripts/encode_finetuned.py"


rule encode_masked:
    input:
        waveforms=JOBS.heard,
        weights="<results>/models/{encoder}_finetuned/{at}/weights.safetensors",
        model="<results>/models/{encoder}_finetuned/{at}/model.json",
    output:
        bank="<results>/embeddings/{encoder}_masked/{at}/bank.npy",
        spec="<results>/embeddings/{encoder}_masked/{at}/spec.json",
    log:
        "<logs>/encode_masked/{encoder}/{at}.log",
    benchmark:
        "<benchmarks>/encode_masked/{encoder}/{at}.tsv"
    conda:
        "../../envs/encoders.yaml"
    threads: JOBS.encoder_threads
    resources:
        mem_mb=grows(6000, per_input_mb=1),
        runtime=grows(240, per_input_mb=0.1),
    params:
        spec=lambda wildcards: specs.vector(config, JOBS.tuned(wildcards), MASKED),
        code=lambda wildcards: code_of(
            "encode_masked",
            *specs.encoder_modules(config, JOBS.encoder(wildcards), tuned=True),
        ),
        weights=lambda wildcards: WeightsAt(JOBS.encoder_weights(wildcards)),
    message:
        "hidden vectors of a part of all clips by {wildcards.encoder} fine-tuned, {wildcards.at}"
    script:
        "../scripts/encode_masked.py"
