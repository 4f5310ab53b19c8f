"""From waveforms to what pretrained encoders make of them, as they are and fine-tuned."""


rule encode_clips:
    input:
        waveforms=heard_by,
    output:
        bank="<results>/embeddings/{encoder}_frozen/waveform/{setting}/bank.npy",
        spec="<results>/embeddings/{encoder}_frozen/waveform/{setting}/spec.json",
    log:
        "<logs>/encode_clips/{encoder}/{setting}.log",
    benchmark:
        "<benchmarks>/encode_clips/{encoder}/{setting}.tsv"
    conda:
        "../../envs/encoders.yaml"
    threads: lambda wildcards: EXPERIMENT.encodings.threads(wildcards.encoder)
    resources:
        mem_mb=grows(6000, per_input_mb=1),
        runtime=grows(240, per_input_mb=0.1),
    params:
        spec=lambda wildcards: EXPERIMENT.encodings.frozen(wildcards.encoder),
        code=lambda wildcards: code_of(
            "encode_clips", ENCODERS.entry(wildcards.encoder).module
        ),
        weights=lambda wildcards: EXPERIMENT.encodings.weights_at(wildcards.encoder),
    message:
        "embeddings of all clips by {wildcards.encoder} as published"
    script:
        "../scripts/encode_clips.py"


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
    threads: lambda wildcards: EXPERIMENT.encodings.threads(wildcards.encoder)
    resources:
        mem_mb=grows(4000),
        runtime=grows(20),
    params:
        spec=lambda wildcards: EXPERIMENT.encodings.words(wildcards.encoder),
        code=lambda wildcards: code_of(
            "embed_classes", ENCODERS.entry(wildcards.encoder).module
        ),
        weights=lambda wildcards: EXPERIMENT.encodings.weights_at(wildcards.encoder),
    message:
        "embeddings of the classes' names by {wildcards.encoder}"
    script:
        "../scripts/embed_classes.py"


rule zero_shot:
    input:
        clips="<results>/index/clips.csv",
        bank="<results>/embeddings/{encoder}_frozen/waveform/{setting}/bank.npy",
        spec="<results>/embeddings/{encoder}_frozen/waveform/{setting}/spec.json",
        words="<results>/embeddings/{encoder}_words/bank.npy",
        words_spec="<results>/embeddings/{encoder}_words/spec.json",
    output:
        model="<results>/models/{encoder}_zero_shot/waveform/{setting}/{split}/seed{seed}/model.json",
        predictions="<results>/models/{encoder}_zero_shot/waveform/{setting}/{split}/seed{seed}/predictions.csv",
        confusion="<results>/models/{encoder}_zero_shot/waveform/{setting}/{split}/seed{seed}/confusion.csv",
        bank="<results>/embeddings/{encoder}_zero_shot/waveform/{setting}/{split}/seed{seed}/bank.npy",
        spec="<results>/embeddings/{encoder}_zero_shot/waveform/{setting}/{split}/seed{seed}/spec.json",
    log:
        "<logs>/zero_shot/{encoder}/{setting}/{split}/seed{seed}.log",
    benchmark:
        "<benchmarks>/zero_shot/{encoder}/{setting}/{split}/seed{seed}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=grows(10),
    params:
        spec=lambda wildcards: EXPERIMENT.encodings.vectors(
            encoder_cell(wildcards, ZERO_SHOT), ZERO_SHOT
        ),
        code=code_of("zero_shot"),
    message:
        "classes by their names: {wildcards.encoder}, test {wildcards.split}"
    script:
        "../scripts/zero_shot.py"


rule probe:
    input:
        clips="<results>/index/clips.csv",
        bank="<results>/embeddings/{encoder}_frozen/waveform/{setting}/bank.npy",
        spec="<results>/embeddings/{encoder}_frozen/waveform/{setting}/spec.json",
    output:
        model="<results>/models/{encoder}_{head}/waveform/{setting}/{split}/seed{seed}/model.json",
        predictions="<results>/models/{encoder}_{head}/waveform/{setting}/{split}/seed{seed}/predictions.csv",
        confusion="<results>/models/{encoder}_{head}/waveform/{setting}/{split}/seed{seed}/confusion.csv",
        choice="<results>/models/{encoder}_{head}/waveform/{setting}/{split}/seed{seed}/choice.csv",
    log:
        "<logs>/probe/{encoder}_{head}/{setting}/{split}/seed{seed}.log",
    benchmark:
        "<benchmarks>/probe/{encoder}_{head}/{setting}/{split}/seed{seed}.tsv"
    wildcard_constraints:
        head="linear|knn",
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(2000),
        runtime=grows(30),
    params:
        spec=lambda wildcards: EXPERIMENT.training(
            encoder_cell(wildcards, wildcards.head)
        ),
        code=code_of("probe"),
    message:
        "{wildcards.head} on embeddings by {wildcards.encoder}, test {wildcards.split}"
    script:
        "../scripts/probe.py"


rule finetune:
    input:
        clips="<results>/index/clips.csv",
        waveforms=heard_by,
    output:
        weights="<results>/models/{encoder}_finetuned/waveform/{setting}/{split}/seed{seed}/weights.safetensors",
        model="<results>/models/{encoder}_finetuned/waveform/{setting}/{split}/seed{seed}/model.json",
        history="<results>/models/{encoder}_finetuned/waveform/{setting}/{split}/seed{seed}/history.csv",
        predictions="<results>/models/{encoder}_finetuned/waveform/{setting}/{split}/seed{seed}/predictions.csv",
        confusion="<results>/models/{encoder}_finetuned/waveform/{setting}/{split}/seed{seed}/confusion.csv",
    log:
        "<logs>/finetune/{encoder}/{setting}/{split}/seed{seed}.log",
    benchmark:
        "<benchmarks>/finetune/{encoder}/{setting}/{split}/seed{seed}.tsv"
    conda:
        "../../envs/encoders.yaml"
    threads: lambda wildcards: EXPERIMENT.encodings.threads(wildcards.encoder)
    resources:
        mem_mb=grows(16000, per_input_mb=1),
        runtime=grows(1440, per_input_mb=0.1),
        gpu=EXPERIMENT.n_training_gpus("finetune"),
    params:
        spec=lambda wildcards: EXPERIMENT.training(encoder_cell(wildcards, FINETUNED)),
        code=lambda wildcards: code_of(
            "finetune", ENCODERS.entry(wildcards.encoder).module
        ),
        tracking=EXPERIMENT.tracking(),
        weights=lambda wildcards: EXPERIMENT.encodings.weights_at(wildcards.encoder),
    message:
        "fine-tuning {wildcards.encoder}, test {wildcards.split}, seed {wildcards.seed}"
    script:
        "../scripts/finetune.py"


rule encode_finetuned:
    input:
        waveforms=heard_by,
        weights="<results>/models/{encoder}_finetuned/waveform/{setting}/{split}/seed{seed}/weights.safetensors",
        model="<results>/models/{encoder}_finetuned/waveform/{setting}/{split}/seed{seed}/model.json",
    output:
        **vector_files(FINETUNED_VECTORS),
    log:
        "<logs>/encode_finetuned/{encoder}/{setting}/{split}/seed{seed}.log",
    benchmark:
        "<benchmarks>/encode_finetuned/{encoder}/{setting}/{split}/seed{seed}.tsv"
    conda:
        "../../envs/encoders.yaml"
    threads: lambda wildcards: EXPERIMENT.encodings.threads(wildcards.encoder)
    resources:
        mem_mb=grows(6000, per_input_mb=1),
        runtime=grows(240, per_input_mb=0.1),
    params:
        spec=lambda wildcards: {
            vector: EXPERIMENT.encodings.vectors(
                encoder_cell(wildcards, FINETUNED), vector
            )
            for vector in FINETUNED_VECTORS
        },
        code=lambda wildcards: code_of(
            "encode_finetuned", ENCODERS.entry(wildcards.encoder).module
        ),
        weights=lambda wildcards: EXPERIMENT.encodings.weights_at(wildcards.encoder),
    message:
        "vectors of all clips by {wildcards.encoder} fine-tuned, test {wildcards.split}, seed {wildcards.seed}"
    script:
        "../scripts/encode_finetuned.py"


rule encode_masked:
    input:
        waveforms=heard_by,
        weights="<results>/models/{encoder}_finetuned/waveform/{setting}/{split}/seed{seed}/weights.safetensors",
        model="<results>/models/{encoder}_finetuned/waveform/{setting}/{split}/seed{seed}/model.json",
    output:
        bank="<results>/embeddings/{encoder}_masked/waveform/{setting}/{split}/seed{seed}/bank.npy",
        spec="<results>/embeddings/{encoder}_masked/waveform/{setting}/{split}/seed{seed}/spec.json",
    log:
        "<logs>/encode_masked/{encoder}/{setting}/{split}/seed{seed}.log",
    benchmark:
        "<benchmarks>/encode_masked/{encoder}/{setting}/{split}/seed{seed}.tsv"
    conda:
        "../../envs/encoders.yaml"
    threads: lambda wildcards: EXPERIMENT.encodings.threads(wildcards.encoder)
    resources:
        mem_mb=grows(6000, per_input_mb=1),
        runtime=grows(240, per_input_mb=0.1),
    params:
        spec=lambda wildcards: EXPERIMENT.encodings.masked(
            encoder_cell(wildcards, FINETUNED)
        ),
        code=lambda wildcards: code_of(
            "encode_masked", ENCODERS.entry(wildcards.encoder).module
        ),
        weights=lambda wildcards: EXPERIMENT.encodings.weights_at(wildcards.encoder),
    message:
        "hidden vectors of a part of all clips by {wildcards.encoder} fine-tuned, test {wildcards.split}, seed {wildcards.seed}"
    script:
        "../scripts/encode_masked.py"
