"""From banks to trained networks, their predictions, their scores and their embeddings."""


rule fetch_weights:
    output:
        weights="<results>/weights/{network}.weights",
    log:
        "<logs>/fetch_weights/{network}.log",
    benchmark:
        "<benchmarks>/fetch_weights/{network}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(500),
        runtime=grows(30),
    params:
        spec=lambda wildcards: specs.starting_weights(config, wildcards.network),
        code=code_of("fetch_weights"),
    message:
        "fetching the weights that {wildcards.network} starts from"
    script:
        "../scripts/fetch_weights.py"


rule train_classifier:
    input:
        clips="<results>/index/clips.csv",
        bank=JOBS.trained_bank,
        spec=JOBS.trained_record,
        waveforms=lambda wildcards: waveforms_at(
            JOBS.training(wildcards).feature.setting.sample_rate
        ),
        weights=JOBS.weights,
    output:
        weights="<results>/models/{training}/weights.safetensors",
        model="<results>/models/{training}/model.json",
        history="<results>/models/{training}/history.csv",
        predictions="<results>/models/{training}/predictions.csv",
        confusion="<results>/models/{training}/confusion.csv",
        choosing="<results>/models/{training}/choosing.csv",
    log:
        "<logs>/train_classifier/{training}.log",
    benchmark:
        "<benchmarks>/train_classifier/{training}.tsv"
    wildcard_constraints:
        training=JOBS.trained_as(Classifier),
    conda:
        "../../envs/train.yaml"
    threads: JOBS.threads
    resources:
        mem_mb=grows(4000, per_input_mb=1),
        runtime=grows(240, per_input_mb=0.1),
        gpu=costs.n_training_gpus(config, Classifier.block),
    params:
        spec=lambda wildcards: specs.training(config, JOBS.training(wildcards)),
        code=lambda wildcards: code_of(
            "train_classifier", *JOBS.training(wildcards).modules
        ),
        tracking=TRACKING,
        names=lambda wildcards: Names(JOBS.training(wildcards).row._asdict()),
    message:
        "training {wildcards.training}"
    script:
        "../scripts/train_classifier.py"


rule train_autoencoder:
    input:
        clips="<results>/index/clips.csv",
        bank=JOBS.trained_bank,
        spec=JOBS.trained_record,
    output:
        weights="<results>/models/{training}/weights.safetensors",
        model="<results>/models/{training}/model.json",
        history="<results>/models/{training}/history.csv",
    log:
        "<logs>/train_autoencoder/{training}.log",
    benchmark:
        "<benchmarks>/train_autoencoder/{training}.tsv"
    wildcard_constraints:
        training=JOBS.trained_as(Autoencoder),
    conda:
        "../../envs/train.yaml"
    threads: JOBS.threads
    resources:
        mem_mb=grows(4000, per_input_mb=1),
        runtime=grows(240, per_input_mb=0.1),
        gpu=costs.n_training_gpus(config, Autoencoder.block),
    params:
        spec=lambda wildcards: specs.training(config, JOBS.training(wildcards)),
        code=lambda wildcards: code_of(
            "train_autoencoder", *JOBS.training(wildcards).modules
        ),
        tracking=TRACKING,
        names=lambda wildcards: Names(JOBS.training(wildcards).row._asdict()),
    message:
        "training {wildcards.training}"
    script:
        "../scripts/train_autoencoder.py"


rule embed_clips:
    input:
        bank=JOBS.trained_bank,
        spec=JOBS.trained_record,
        weights="<results>/models/{training}/weights.safetensors",
        model="<results>/models/{training}/model.json",
    output:
        bank="<results>/embeddings/{training}/bank.npy",
        spec="<results>/embeddings/{training}/spec.json",
    log:
        "<logs>/embed_clips/{training}.log",
    benchmark:
        "<benchmarks>/embed_clips/{training}.tsv"
    wildcard_constraints:
        training=JOBS.trained_as(Classifier, Autoencoder),
    conda:
        "../../envs/train.yaml"
    threads: JOBS.threads
    resources:
        mem_mb=grows(3000, per_input_mb=2),
        runtime=grows(20, per_input_mb=0.05),
    params:
        spec=lambda wildcards: specs.embedding(config, JOBS.training(wildcards)),
        code=lambda wildcards: code_of("embed_clips", JOBS.training(wildcards).module),
    message:
        "embeddings of all clips by {wildcards.training}"
    script:
        "../scripts/embed_clips.py"


rule answer_together:
    input:
        clips="<results>/index/clips.csv",
        banks=JOBS.member_banks,
        weights=lambda wildcards: JOBS.member_files(wildcards, "weights.safetensors"),
        models=lambda wildcards: JOBS.member_files(wildcards, "model.json"),
    output:
        model="<results>/models/{training}/model.json",
        predictions="<results>/models/{training}/predictions.csv",
        confusion="<results>/models/{training}/confusion.csv",
    log:
        "<logs>/answer_together/{training}.log",
    benchmark:
        "<benchmarks>/answer_together/{training}.tsv"
    wildcard_constraints:
        training=JOBS.trained_as(Ensemble),
    conda:
        "../../envs/train.yaml"
    threads: costs.n_threads(config, Classifier.block)
    resources:
        mem_mb=grows(3000, per_input_mb=2),
        runtime=grows(60, per_input_mb=0.1),
    params:
        spec=lambda wildcards: specs.training(config, JOBS.training(wildcards)),
        code=lambda wildcards: code_of(
            "answer_together", *JOBS.training(wildcards).modules
        ),
    message:
        "mean of the answers of {wildcards.training}"
    script:
        "../scripts/answer_together.py"


rule score_classification:
    input:
        clips="<results>/index/clips.csv",
        predictions="<results>/models/{training}/predictions.csv",
    output:
        scores="<results>/scores/classification/{training}.csv",
    log:
        "<logs>/score_classification/{training}.log",
    benchmark:
        "<benchmarks>/score_classification/{training}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000, per_input_mb=20),
        runtime=grows(10),
    params:
        spec=lambda wildcards: specs.training(config, JOBS.training(wildcards)),
        code=code_of("score_classification"),
    message:
        "scoring {wildcards.training}"
    script:
        "../scripts/score_classification.py"
