"""The types of a config, one for each block of it.

Written from ``workflow/schemas/config.schema.yaml`` by ``make docs``; a test compares the two.
"""

from typing import Any, Literal, NotRequired, TypedDict


class Archive(TypedDict):
    """The keys of a block `archive`."""

    url: str
    size: int
    sha256: str


class Synthetic(TypedDict):
    """The keys of a block `synthetic`."""

    recordings: int
    takes: int
    seed: int


class Audio(TypedDict):
    """The keys of a block `audio`."""

    duration: float
    resampling: Literal["QQ", "LQ", "MQ", "HQ", "VHQ"]


class Stft(TypedDict):
    """The keys of a block `stft`."""

    sample_rate: int
    n_fft: int
    hop_length: int
    engine: NotRequired[Literal["fft", "matrix"]]


class Validation(TypedDict):
    """The keys of a block `validation`."""

    features: list[Literal["stft", "mel", "mfcc"]]
    stft: list[str]
    clips: int


class RetrievalTies(TypedDict):
    """The keys of a block `retrieval ties`."""

    orders: int
    seed: int


class RetrievalTile(TypedDict):
    """The keys of a block `retrieval tile`."""

    queries: int
    gallery: int


class RetrievalFusionsParts(TypedDict):
    """The keys of a block `retrieval fusions parts`."""

    distance: str
    feature: NotRequired[str]
    stft: NotRequired[str]
    encoding: NotRequired[str]


class RetrievalFusionsDiffusion(TypedDict):
    """The keys of a block `retrieval fusions diffusion`."""

    neighbours: list[int]
    alpha: list[float]


class RetrievalFusions(TypedDict):
    """The keys of a block `retrieval fusions`."""

    parts: list[RetrievalFusionsParts]
    weights: NotRequired[list[list[float]]]
    scaling: list[Literal["none", "local", "mutual", "ranks"]]
    neighbours: NotRequired[list[int]]
    expansion: NotRequired[list[int]]
    diffusion: NotRequired[RetrievalFusionsDiffusion]
    chosen_by: str


class RetrievalTwoStageProposes(TypedDict):
    """The keys of a block `retrieval two stage proposes`."""

    distance: str
    feature: NotRequired[str]
    stft: NotRequired[str]
    encoding: NotRequired[str]


class RetrievalTwoStageDecides(TypedDict):
    """The keys of a block `retrieval two stage decides`."""

    distance: str
    feature: NotRequired[str]
    stft: NotRequired[str]
    encoding: NotRequired[str]


class RetrievalTwoStage(TypedDict):
    """The keys of a block `retrieval two stage`."""

    proposes: RetrievalTwoStageProposes
    decides: RetrievalTwoStageDecides
    depth: list[int]
    chosen_by: str


class RetrievalTables(TypedDict):
    """The keys of a block `retrieval tables`."""

    distance: NotRequired[list[str] | str]
    features: NotRequired[list[str]]
    stft: NotRequired[list[str]]
    embeddings: NotRequired[Literal["classification", "autoencoder"]]
    encodings: NotRequired[list[str]]
    fusions: NotRequired[list[str]]
    two_stage: NotRequired[list[str]]


class Retrieval(TypedDict):
    """The keys of a block `retrieval`."""

    protocol: Literal["holdout", "cv", "leave_one_out"]
    query_folds: list[int]
    exclude_same_recording: bool
    top_k: list[int]
    ties: RetrievalTies
    tile: RetrievalTile
    distances: dict[str, dict[str, Any]]
    fusions: dict[str, RetrievalFusions]
    two_stage: dict[str, RetrievalTwoStage]
    tables: dict[str, RetrievalTables]


class MatrixSpectrogramFigure(TypedDict):
    """The keys of a block `matrix spectrogram figure`."""

    n_samples: int
    sample_rate: int
    clip: str | None


class MatrixSpectrogramTable(TypedDict):
    """The keys of a block `matrix spectrogram table`."""

    n_samples: list[int]
    rounds: int


class MatrixSpectrogram(TypedDict):
    """The keys of a block `matrix spectrogram`."""

    n_fft: int
    hop_length: int
    window: Literal["hann", "hamming"]
    periodic: bool
    figure: MatrixSpectrogramFigure
    table: MatrixSpectrogramTable


class Training(TypedDict):
    """The keys of a block `training`."""

    seeds: list[int]
    epochs: int
    steps: int | None
    batch_size: int
    learning_rate: float
    weight_decay: float
    warmup_epochs: float
    average: float
    label_smoothing: float
    max_bins: int
    accelerator: Literal["auto", "cpu", "gpu"]
    precision: Literal["auto", "fastest", "32-true", "bf16-mixed", "16-mixed"]
    threads: int


class ClassificationSupcon(TypedDict):
    """The keys of a block `classification supcon`."""

    temperature: float
    projection: int


class ClassificationAugmentation(TypedDict):
    """The keys of a block `classification augmentation`."""

    time_roll: float
    time_stretch: float
    crop: float
    pitch: float
    gain_db: float
    time_masks: int
    time_mask: float
    bin_masks: int
    bin_mask: float
    mixup: float
    mixing: Literal["main", "full", "between_class", "time", "frequency"]


class ClassificationRecipesAugmentation(TypedDict):
    """The keys of a block `classification recipes augmentation`."""

    time_roll: NotRequired[float]
    time_stretch: NotRequired[float]
    crop: NotRequired[float]
    pitch: NotRequired[float]
    gain_db: NotRequired[float]
    time_masks: NotRequired[int]
    time_mask: NotRequired[float]
    bin_masks: NotRequired[int]
    bin_mask: NotRequired[float]
    mixup: NotRequired[float]
    mixing: NotRequired[Literal["main", "full", "between_class", "time", "frequency"]]


class ClassificationRecipes(TypedDict):
    """The keys of a block `classification recipes`."""

    selection: NotRequired[Literal["fixed", "validation", "test"]]
    epochs: NotRequired[int]
    steps: NotRequired[int | None]
    batch_size: NotRequired[int]
    learning_rate: NotRequired[float]
    weight_decay: NotRequired[float]
    warmup_epochs: NotRequired[float]
    average: NotRequired[float]
    label_smoothing: NotRequired[float]
    max_bins: NotRequired[int]
    augmentation: NotRequired[ClassificationRecipesAugmentation]


class ClassificationEnsemblesOf(TypedDict):
    """The keys of a block `classification ensembles of`."""

    network: str
    feature: str


class ClassificationEnsembles(TypedDict):
    """The keys of a block `classification ensembles`."""

    of: dict[str, list[ClassificationEnsemblesOf]]
    views: int
    seeds: Literal["each", "all"]


class Classification(TypedDict):
    """The keys of a block `classification`."""

    seeds: NotRequired[list[int]]
    epochs: NotRequired[int]
    steps: NotRequired[int | None]
    batch_size: NotRequired[int]
    learning_rate: NotRequired[float]
    weight_decay: NotRequired[float]
    warmup_epochs: NotRequired[float]
    average: NotRequired[float]
    label_smoothing: NotRequired[float]
    max_bins: NotRequired[int]
    accelerator: NotRequired[Literal["auto", "cpu", "gpu"]]
    precision: NotRequired[Literal["auto", "fastest", "32-true", "bf16-mixed", "16-mixed"]]
    threads: NotRequired[int]
    protocol: Literal["holdout", "cv", "pairs"]
    networks: list[str]
    features: list[str]
    stft: list[str]
    losses: list[str]
    supcon: ClassificationSupcon
    selection: Literal["fixed", "validation", "test"]
    augmentation: ClassificationAugmentation
    recipes: dict[str, ClassificationRecipes]
    ensembles: dict[str, ClassificationEnsembles]
    partial: bool


class Autoencoder(TypedDict):
    """The keys of a block `autoencoder`."""

    seeds: NotRequired[list[int]]
    epochs: NotRequired[int]
    steps: NotRequired[int | None]
    batch_size: NotRequired[int]
    learning_rate: NotRequired[float]
    weight_decay: NotRequired[float]
    warmup_epochs: NotRequired[float]
    average: NotRequired[float]
    label_smoothing: NotRequired[float]
    max_bins: NotRequired[int]
    accelerator: NotRequired[Literal["auto", "cpu", "gpu"]]
    precision: NotRequired[Literal["auto", "fastest", "32-true", "bf16-mixed", "16-mixed"]]
    threads: NotRequired[int]
    code_sizes: list[int]
    channels: list[int]
    features: list[str]
    stft: list[str]


class ZeroShot(TypedDict):
    """The keys of a block `zero shot`."""

    encoders: list[str]


class Probe(TypedDict):
    """The keys of a block `probe`."""

    encoders: list[str]
    heads: list[Literal["linear", "knn"]]
    regularisation: list[float]
    neighbours: list[int]


class FinetuneAugmentation(TypedDict):
    """The keys of a block `finetune augmentation`."""

    time_roll: float
    gain_db: float
    time_masks: int
    time_mask: float
    mixup: float
    mixing: Literal["main", "full", "between_class", "time"]


class FinetuneRecipesAugmentation(TypedDict):
    """The keys of a block `finetune recipes augmentation`."""

    time_roll: NotRequired[float]
    gain_db: NotRequired[float]
    time_masks: NotRequired[int]
    time_mask: NotRequired[float]
    mixup: NotRequired[float]
    mixing: NotRequired[Literal["main", "full", "between_class", "time"]]


class FinetuneRecipes(TypedDict):
    """The keys of a block `finetune recipes`."""

    selection: NotRequired[Literal["fixed", "validation"]]
    epochs: NotRequired[int]
    steps: NotRequired[int | None]
    batch_size: NotRequired[int]
    accumulate: NotRequired[int]
    learning_rate: NotRequired[float]
    encoder_learning_rate: NotRequired[float]
    layer_decay: NotRequired[float]
    weight_decay: NotRequired[float]
    warmup_epochs: NotRequired[float]
    average: NotRequired[float]
    label_smoothing: NotRequired[float]
    gradient_clip: NotRequired[float]
    width: NotRequired[int]
    dropout: NotRequired[float]
    augmentation: NotRequired[FinetuneRecipesAugmentation]


class FinetuneMasked(TypedDict):
    """The keys of a block `finetune masked`."""

    share: float
    seed: int


class Finetune(TypedDict):
    """The keys of a block `finetune`."""

    seeds: NotRequired[list[int]]
    epochs: NotRequired[int]
    steps: NotRequired[int | None]
    batch_size: NotRequired[int]
    learning_rate: NotRequired[float]
    weight_decay: NotRequired[float]
    warmup_epochs: NotRequired[float]
    average: NotRequired[float]
    label_smoothing: NotRequired[float]
    max_bins: NotRequired[int]
    accelerator: NotRequired[Literal["auto", "cpu", "gpu"]]
    precision: NotRequired[Literal["auto", "fastest", "32-true", "bf16-mixed", "16-mixed"]]
    threads: NotRequired[int]
    encoders: list[str]
    heads: dict[str, str]
    width: int
    dropout: float
    selection: Literal["fixed", "validation"]
    accumulate: int
    encoder_learning_rate: float
    layer_decay: float
    gradient_clip: float
    augmentation: FinetuneAugmentation
    recipes: dict[str, FinetuneRecipes]
    masked: FinetuneMasked


class Encodings(TypedDict):
    """The keys of a block `encodings`."""

    encoder: str
    vector: Literal[
        "frozen",
        "windows",
        "tags",
        "zero_shot",
        "embedding",
        "hidden",
        "probabilities",
        "classes",
        "masked",
    ]
    pooling: NotRequired[Literal["mean", "max", "summary"]]
    normalise: NotRequired[list[Literal["centre", "standardise", "whiten", "unit"]]]


class PartialQueries(TypedDict):
    """The keys of a block `partial queries`."""

    seconds: list[float]


class RobustnessConditions(TypedDict):
    """The keys of a block `robustness conditions`."""

    noise: NotRequired[float]
    gain: NotRequired[float]
    lowpass: NotRequired[float]
    highpass: NotRequired[float]
    clip: NotRequired[float]
    mp3: NotRequired[float]
    vorbis: NotRequired[float]
    speed: NotRequired[float]
    pitch: NotRequired[float]
    shift: NotRequired[float]


class Robustness(TypedDict):
    """The keys of a block `robustness`."""

    silent_tails: bool
    conditions: dict[str, RobustnessConditions]


class LongFiles(TypedDict):
    """The keys of a block `long files`."""

    methods: list[str]
    stft: str
    files: int
    sample_rate: int
    window: float
    hop: float
    refine: bool
    seed: int


class Corpus(TypedDict):
    """The keys of a block `corpus`."""

    folder: str | None
    method: str
    stft: str
    window: float
    hop: float
    shards: int


class Wandb(TypedDict):
    """The keys of a block `wandb`."""

    mode: Literal["offline", "online", "disabled"]
    project: str
    entity: str | None


class Intervals(TypedDict):
    """The keys of a block `intervals`."""

    level: float


class Comparison(TypedDict):
    """The keys of a block `comparison`."""

    metric: Literal["mrr", "ndcg", "ndcg_retrieved", "binary", "proportion", "map"]
    pairs: Literal["best", "all"]
    samples: int
    seed: int


class FiguresFeatures(TypedDict):
    """The keys of a block `figures features`."""

    stft: str
    clips: list[str] | None


class FiguresDtw(TypedDict):
    """The keys of a block `figures dtw`."""

    feature: str
    stft: str
    clips: list[str] | None


class FiguresTsne(TypedDict):
    """The keys of a block `figures tsne`."""

    features: list[str]
    perplexity: float
    seed: int


class Figures(TypedDict):
    """The keys of a block `figures`."""

    show: list[str]
    features: FiguresFeatures
    dtw: FiguresDtw
    tsne: FiguresTsne


class Report(TypedDict):
    """The keys of a block `report`."""

    title: str
    stft: str
    audio: Literal["embed", "link"]
    kbps: float
    max_mb: float
    top_k: int
    queries_per_class: int
    mistakes: int


class Provenance(TypedDict):
    """The keys of a block `provenance`."""

    strict: bool


class Config(TypedDict):
    """A whole config."""

    dataset: Literal["esc50", "esc10", "synthetic", "folder"]
    data_root: str
    results_dir: str
    on_bad_audio: Literal["error", "skip"]
    on_split_recording: Literal["error", "exclude", "keep"]
    on_near_names: Literal["keep", "error"]
    make_folds: int | None
    archive: Archive
    synthetic: Synthetic
    audio: Audio
    stft: dict[str, Stft]
    features: dict[str, dict[str, Any]]
    feature_shards: int
    validation: Validation
    retrieval: Retrieval
    matrix_spectrogram: MatrixSpectrogram
    training: Training
    networks: dict[str, dict[str, Any]]
    classification: Classification
    autoencoder: Autoencoder
    encoders: dict[str, dict[str, Any]]
    zero_shot: ZeroShot
    probe: Probe
    finetune: Finetune
    encodings: dict[str, Encodings]
    partial_queries: PartialQueries
    robustness: Robustness
    long_files: LongFiles
    corpus: Corpus
    wandb: Wandb
    intervals: Intervals
    comparison: Comparison
    figures: Figures
    report: Report
    provenance: Provenance
