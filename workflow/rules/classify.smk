"""From banks to trained networks, their predictions and their embeddings."""


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
        spec=lambda wildcards: EXPERIMENT.weights(wildcards.network),
        code=code_of("fetch_weights"),
    message:
        "fetching the weights that {wildcards.network} starts from"
    script:
        "../scripts/fetch_weights.py"


rule train_classifier:
    input:
        clips="<results>/index/clips.csv",
        bank="<results>/features/{feature}/{setting}/bank.npy",
        spec="<results>/features/{feature}/{setting}/spec.json",
        waveforms=waveforms_of,
        weights=weights_of,
    output:
        weights="<results>/models/{network}/{feature}/{setting}/{split}/seed{seed}/weights.safetensors",
        model="<results>/models/{network}/{feature}/{setting}/{split}/seed{seed}/model.json",
        history="<results>/models/{network}/{feature}/{setting}/{split}/seed{seed}/history.csv",
        predictions="<results>/models/{network}/{feature}/{setting}/{split}/seed{seed}/predictions.csv",
        confusion="<results>/models/{network}/{feature}/{setting}/{split}/seed{seed}/confusion.csv",
    log:
        "<logs>/train_classifier/{network}/{feature}/{setting}/{split}/seed{seed}.log",
    benchmark:
        "<benchmarks>/train_classifier/{network}/{feature}/{setting}/{split}/seed{seed}.tsv"
    wildcard_constraints:
        network=f"({'|'.join(NETWORKS)})(_({'|'.join(LOSSES[1:])}))?",
    conda:
        "../../envs/train.yaml"
    threads: config["classification"]["threads"]
    resources:
        mem_mb=grows(4000, per_input_mb=1),
        runtime=grows(240, per_input_mb=0.1),
        gpu=EXPERIMENT.n_training_gpus("classification"),
    params:
        spec=lambda wildcards: EXPERIMENT.training(Cell(*wildcards)),
        code=lambda wildcards: code_of(
            "train_classifier",
            EXPERIMENT.network_module(Cell(*wildcards)),
            EXPERIMENT.feature_module(wildcards.feature),
        ),
        tracking=EXPERIMENT.tracking(),
    message:
        "training {wildcards.network} on {wildcards.feature} at {wildcards.setting}, test {wildcards.split}, seed {wildcards.seed}"
    script:
        "../scripts/train_classifier.py"


rule train_autoencoder:
    input:
        clips="<results>/index/clips.csv",
        bank="<results>/features/{feature}/{setting}/bank.npy",
        spec="<results>/features/{feature}/{setting}/spec.json",
    output:
        weights="<results>/models/autoencoder_{code_size}/{feature}/{setting}/{split}/seed{seed}/weights.safetensors",
        model="<results>/models/autoencoder_{code_size}/{feature}/{setting}/{split}/seed{seed}/model.json",
        history="<results>/models/autoencoder_{code_size}/{feature}/{setting}/{split}/seed{seed}/history.csv",
    log:
        "<logs>/train_autoencoder/{code_size}/{feature}/{setting}/{split}/seed{seed}.log",
    benchmark:
        "<benchmarks>/train_autoencoder/{code_size}/{feature}/{setting}/{split}/seed{seed}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: config["autoencoder"]["threads"]
    resources:
        mem_mb=grows(4000, per_input_mb=1),
        runtime=grows(240, per_input_mb=0.1),
        gpu=EXPERIMENT.n_training_gpus("autoencoder"),
    params:
        spec=lambda wildcards: EXPERIMENT.training(
            Cell(f"autoencoder_{wildcards.code_size}", *wildcards[1:])
        ),
        code=code_of("train_autoencoder", AUTOENCODERS.entry("autoencoder").module),
        tracking=EXPERIMENT.tracking(),
    message:
        "training an autoencoder of code size {wildcards.code_size} on {wildcards.feature} at {wildcards.setting}, gallery of {wildcards.split}, seed {wildcards.seed}"
    script:
        "../scripts/train_autoencoder.py"


rule embed_clips:
    input:
        bank="<results>/features/{feature}/{setting}/bank.npy",
        spec="<results>/features/{feature}/{setting}/spec.json",
        weights="<results>/models/{network}/{feature}/{setting}/{split}/seed{seed}/weights.safetensors",
        model="<results>/models/{network}/{feature}/{setting}/{split}/seed{seed}/model.json",
    output:
        bank="<results>/embeddings/{network}/{feature}/{setting}/{split}/seed{seed}/bank.npy",
        spec="<results>/embeddings/{network}/{feature}/{setting}/{split}/seed{seed}/spec.json",
    log:
        "<logs>/embed_clips/{network}/{feature}/{setting}/{split}/seed{seed}.log",
    benchmark:
        "<benchmarks>/embed_clips/{network}/{feature}/{setting}/{split}/seed{seed}.tsv"
    wildcard_constraints:
        feature="|".join({**dict.fromkeys(FEATURES), **config["features"]}),
    conda:
        "../../envs/train.yaml"
    threads: lambda wildcards: EXPERIMENT.training(Cell(*wildcards))["threads"]
    resources:
        mem_mb=grows(3000, per_input_mb=2),
        runtime=grows(20, per_input_mb=0.05),
    params:
        spec=lambda wildcards: EXPERIMENT.embeddings(Cell(*wildcards)),
        code=lambda wildcards: code_of(
            "embed_clips", EXPERIMENT.network_module(Cell(*wildcards))
        ),
    message:
        "embeddings of all clips by {wildcards.network} on {wildcards.feature} at {wildcards.setting}, test {wildcards.split}, seed {wildcards.seed}"
    script:
        "../scripts/embed_clips.py"
