import copy
from pathlib import Path

import pytest
import yaml

from resound.errors import ConfigError
from resound.experiment.config import check

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())

ONE_VIEW = {"views": 1, "seeds": "all"}


def changed(where: str, value):
    """Return the shipped config with one key set."""
    config = copy.deepcopy(CONFIG)
    *path, last = where.split(".")
    block = config
    for key in path:
        block = block[key]
    block[last] = value
    return config


def test_the_shipped_config_has_no_fault():
    check(CONFIG, SCHEMA)


def test_a_variant_of_a_feature_may_be_asked_for():
    variant = {"feature": "mfcc", "window": "hann"}
    config = changed("features.mfcc_hann", variant)
    config["classification"]["features"] = ["mfcc_hann"]
    config["figures"]["dtw"]["feature"] = "mfcc_hann"
    check(config, SCHEMA)
    config["features"]["mfcc_hann"] = {"feature": "fft"}
    with pytest.raises(ConfigError, match="'fft' has no frames"):
        check(config, SCHEMA)


OTHER = {"weights": {"source": "a/b", "sha256": "0" * 64}, "optional": True, "threads": 1}


@pytest.mark.parametrize(
    ("where", "value", "message"),
    [
        ("datasets", "esc50", r"datasets: this key is not known; did you mean 'dataset'"),
        ("audio.duration", 0, r"audio\.duration: 0 is less than or equal to the minimum of 0"),
        ("audio.duration", "5", r"audio\.duration: '5' is not of type 'number'"),
        ("stft.44k.hop_length", 0, r"stft\.44k\.hop_length: 0 must be an integer of at least 1"),
        ("stft.44k.n_fft", 500000, r"stft\.44k\.n_fft: 500000 samples .* 220500"),
        (
            "stft.44k.engine",
            "matrx",
            r"stft\.44k\.engine: 'matrx' is not one of \['fft', 'matrix'\]",
        ),
        ("features.mfc", {}, r"features\.mfc: feature 'mfc' .* did you mean 'mfcc'"),
        ("features.mfcc.n_mfc", 3, r"features\.mfcc\.n_mfc: this option .* 'n_mfcc'"),
        ("retrieval.distances.dtw.bands", 1, r"dtw\.bands: this option .* 'band'"),
        ("retrieval.distances.euclid", {}, r"distance 'euclid' is not known"),
        ("retrieval.tables.retrieval_dtw.features", ["mfccs"], r"'mfccs' .* 'mfcc'"),
        ("retrieval.tables.retrieval_dtw.stft", ["48k"], r"stft: '48k' .* '44k'"),
        ("retrieval.tables.retrieval_dtw.distance", "dtv", r"distance: 'dtv' .* 'dtw'"),
        ("retrieval.tables.retrieval_dtw.features", [], r"features: \[\] should be non-empty"),
        ("retrieval.query_folds", [6], r"query_folds: \[6\] must lie in 1 to 5"),
        (
            "retrieval.tile.queries",
            0,
            r"retrieval\.tile\.queries: 0 must be an integer of at least 1",
        ),
        ("retrieval.tile.columns", 9, r"retrieval\.tile\.columns: this key .* queries, gallery"),
        ("retrieval.tables.retrieval_autoencoder.distance", ["dtv"], r"distance: 'dtv' .* 'dtw'"),
        (
            "retrieval.tables.retrieval_embeddings.embeddings",
            "cnn",
            r"embeddings: 'cnn' is not one",
        ),
        ("retrieval.tables.retrieval_embeddings.stft", ["net"], r"retrieval_embeddings: .* not be"),
        ("classification.losses", ["triplet"], r"losses: 'triplet' .* cross_entropy, supcon"),
        ("classification.supcon.temperature", 0, r"temperature: 0 is less than or equal"),
        ("autoencoder.code_sizes", [0], r"code_sizes\.0: 0 must be an integer of at least 1"),
        ("autoencoder.features", ["mell"], r"autoencoder\.features: 'mell' .* 'mel'"),
        ("autoencoder.warmup_epochs", 31, r"autoencoder\.warmup_epochs: 31 must not be more"),
        ("retrieval.distances.dtw.mode", "topk", r"distances\.dtw\.mode: 'topk' is not one of"),
        ("retrieval.distances.dtw.device", "gpu", r"dtw\.device: 'gpu' is not one of"),
        (
            "retrieval.distances.dtw",
            {"mode": "top_k", "device": "cuda"},
            r"dtw: .* no device: cuda",
        ),
        ("retrieval.distances.cosine.device", "cuda", r"cosine\.device: it has no code for a GPU"),
        ("retrieval.distances.cosine.mode", "top_k", r"cosine\.mode: no search finds .* dtw"),
        ("retrieval.protocol", "loo", r"retrieval\.protocol: 'loo' is not one of"),
        ("validation.features", ["f0"], r"validation\.features\.0: 'f0' is not one of"),
        ("matrix_spectrogram.hop_length", 0, r"hop_length: 0 must be an integer of at least 1"),
        ("matrix_spectrogram.window", "han", r"window: 'han' is not one of"),
        (
            "matrix_spectrogram.figure.n_samples",
            63,
            r"figure\.n_samples: 63 samples are fewer than one frame has, n_fft: 64",
        ),
        ("matrix_spectrogram.figure.n_samples", 4096, r"4096 is greater than the maximum of 2048"),
        ("matrix_spectrogram.table.n_samples", [64, 9], r"table\.n_samples: 9 samples are fewer"),
        ("matrix_spectrogram.figure.sample_rate", 10, r"matrix_spectrogram\.n_fft: 64 .* are 50$"),
        ("archive.sha256", "abc", r"archive\.sha256: 'abc' does not match"),
        ("networks.cnn.kanals", [4], r"networks\.cnn\.kanals: this option .*channels"),
        ("networks.cnn.weights", None, r"networks\.cnn\.weights: this option is not known"),
        ("networks.resnet18.weights", {"source": "a"}, r"networks\.resnet18\.weights: "),
        ("networks.vgg", {}, r"networks\.vgg: network 'vgg' is not known"),
        ("classification.networks", ["cnns"], r"classification\.networks: 'cnns' .* 'cnn'"),
        ("classification.features", ["mels"], r"classification\.features: 'mels' .* 'mel'"),
        ("classification.stft", ["nett"], r"classification\.stft: 'nett' .* 'net'"),
        ("classification.selection", "best", r"selection: 'best' is not one of"),
        ("classification.warmup_epochs", 61, r"warmup_epochs: 61 must not be more than epochs, 60"),
        ("classification.augmentation.mixup", -1, r"mixup: -1 must be at least 0"),
        ("classification.augmentation.mixing", "half", "'half' is not one of"),
        (
            "classification.ensembles",
            {"all": {"of": {"every": [{"network": "cn", "feature": "mel"}]}} | ONE_VIEW},
            r"ensembles\.all\.of\.every: 'cn' is not known",
        ),
        (
            "classification.ensembles",
            {"all": {"of": {"fold5": [{"network": "cnn", "feature": "mfcc"}]}} | ONE_VIEW},
            r"ensembles\.all\.of\.fold5: 'mfcc' is not known",
        ),
        (
            "classification.ensembles",
            {"cnn": {"of": {"every": [{"network": "cnn", "feature": "mel"}]}} | ONE_VIEW},
            r"ensembles\.cnn: a network has this name",
        ),
        ("classification.recipes", {"wide": {}}, "recipes: 'wide' is not known"),
        (
            "classification.recipes",
            {"cnn": {"warmup_epochs": 99}},
            r"recipes\.cnn\.warmup_epochs: 99 must not be more than epochs, 60",
        ),
        ("networks.cnn_wide", {"network": "cn"}, r"cnn_wide\.network: 'cn' is not known"),
        ("networks.cnn_wide", {"network": "cnn", "heads": 1}, r"cnn_wide\.heads: this option is"),
        ("networks.cnn", {"network": "crnn"}, "this network is registered itself and no variant"),
        ("classification.steps", 0, "0 is not valid under any of the given schemas"),
        ("training.steps", 500, r"finetune\.steps: 500 cannot stand with selection: validation"),
        ("encoders.beats.weights.sha256", "abc", r"encoders\.beats\.weights\.sha256: 'abc'"),
        (
            "encoders.clap.weights",
            {"source": "weights/mine"},
            r"encoders\.clap\.weights\.sha256: weights/mine is not published",
        ),
        ("encoders.clap.prompts", ["A dog."], r"encoders\.clap\.prompts\.0: 'A dog\.' does not"),
        ("encoders.beats.layerdropp", 0.1, r"beats\.layerdropp: this key of .* 'layerdrop'"),
        ("encoders.panns", OTHER, r"encoders\.panns: the keys family are missing"),
        (
            "encoders.panns",
            {**OTHER, "family": "panns"},
            r"encoders\.panns\.family: 'panns' is not known; .* transformers",
        ),
        (
            "encoders.hubert",
            {**OTHER, "family": "transformers"},
            r"encoders\.hubert\.sample_rate: tell the rate in Hz",
        ),
        (
            "encoders.hubert",
            {**OTHER, "family": "transformers", "sample_rate": 16000, "layers": 3},
            r"hubert\.layers: this key of the family transformers .* 'layer'\? .* pooling",
        ),
        (
            "zero_shot.encoders",
            ["beats"],
            r"zero_shot\.encoders: beats embeds no words and has no tags of AudioSet; there are: "
            r"clap, ast, efficientat$",
        ),
        (
            "encodings.mine",
            {"encoder": "clap", "vector": "tags"},
            r"encodings\.mine\.vector: clap has no tags of AudioSet; there are: ast, efficientat",
        ),
        ("probe.encoders", ["clapp"], r"probe\.encoders: 'clapp' .* 'clap'"),
        ("probe.neighbours", [0], r"neighbours\.0: 0 must be an integer of at least 1"),
        ("classification.cross_entropy", {"tau": 1}, r"cross_entropy\.tau: this option is not"),
        ("classification.triplet", {"margin": 1}, r"classification\.triplet: this key is not"),
        ("finetune.heads.beats", "mpl", r"finetune\.heads: 'mpl' .* 'mlp'\? .* adapter, mlp"),
        ("finetune.heads", {"beats": "adapter"}, r"finetune\.heads: clap has none"),
        (
            "finetune.heads.clap",
            "own",
            r"heads: clap has no layer of its own .* efficientat",
        ),
        ("finetune.selection", "test", r"finetune\.selection: 'test' is not one of"),
        ("finetune.warmup_epochs", 16, r"finetune\.warmup_epochs: 16 must not be more"),
        ("finetune.recipes.best", {"epochs": 3}, r"finetune\.recipes: 'best' .* 'beats'"),
        ("finetune.recipes.clap", {"seeds": [1]}, r"recipes\.clap\.seeds: this key is not known"),
        (
            "finetune.recipes.clap",
            {"epochs": 1},
            r"finetune\.recipes\.clap\.warmup_epochs: 2 must not be more than epochs, 1",
        ),
        ("finetune.masked.share", 1, r"share: 1 is greater than or equal to the maximum of 1"),
        ("encodings.mine", {"encoder": "beat", "vector": "frozen"}, r"'beat' .* 'beats'"),
        (
            "encodings.mine",
            {"encoder": "clap", "vector": "masked"},
            r"encodings\.mine\.vector: clap cannot leave parts of a clip out; there are: beats",
        ),
        ("encodings.mine", {"encoder": "clap", "vector": "mlp"}, r"vector: 'mlp' is not one of"),
        (
            "encodings.mine",
            {"encoder": "clap", "vector": "windows"},
            r"mine\.vector: clap cuts no clip .* encoders\.clap\.windows: \{seconds: 2\.0",
        ),
        (
            "encodings.mine",
            {"encoder": "clap", "vector": "frozen", "pooling": "mean"},
            r"encodings\.mine\.pooling: frozen is one vector of a clip; pool those of .*windows",
        ),
        (
            "encodings.mine",
            {"encoder": "efficientat", "vector": "windows", "pooling": "median"},
            r"encodings\.mine\.pooling: 'median' is not one of",
        ),
        (
            "retrieval.tables.retrieval_clap.encodings",
            ["clap_windows"],
            r"retrieval_clap\.encodings: clap cuts no clip .* encoders\.clap\.windows",
        ),
        ("encoders.clap.windows", {"seconds": 1}, r"clap\.windows: the keys hop are missing"),
        (
            "encoders.clap.windows",
            {"seconds": 0, "hop": 1},
            r"windows\.seconds: 0 is less than or equal to the minimum of 0",
        ),
        ("encoders.clap.windows", {"seconds": 1, "hop": 0}, r"windows\.hop: 0 is less than or"),
        (
            "encoders.clap.windows",
            {"seconds": 1, "hop": 1.5},
            r"clap\.windows\.hop: 1\.5 s must not be more than seconds, 1: what lies between",
        ),
        (
            "encoders.clap.windows",
            {"seconds": 2, "hop": 1, "hops": 1},
            r"clap\.windows\.hops: this key is not known; did you mean 'hop'",
        ),
        (
            "retrieval.tables.retrieval_clap.encodings",
            ["clap_mpl"],
            r"retrieval_clap\.encodings: 'clap_mpl' .* 'clap_mlp'",
        ),
        ("features.hann", {"feature": "mfc"}, r"features\.hann\.feature: 'mfc' .* 'mfcc'"),
        ("features.hann", {"feature": "mfcc", "widow": 1}, r"hann\.widow: this option .* 'window'"),
        ("features.mel", {"feature": "mfcc"}, r"features\.mel: .* no variant of 'mfcc'"),
        ("features.Hann", {"feature": "mfcc"}, r"features: 'Hann' does not match"),
        (
            "retrieval.ties.orders",
            -1,
            r"retrieval\.ties\.orders: -1 must be an integer of at least 0",
        ),
        ("retrieval.distances.dtw_flattened.ordr", 1, r"dtw_flattened\.ordr: .* 'order'"),
        (
            "retrieval.distances.dtw_flattened",
            {"mode": "top_k", "device": "cuda"},
            r"distances\.dtw_flattened: the search of mode: top_k has no device",
        ),
        (
            "retrieval.tables.retrieval_clap.encodings",
            ["beats_zero_shot"],
            r"retrieval_clap\.encodings: beats embeds no words and has no tags .* clap, ast, eff",
        ),
        ("results_dir", 202401, r"results_dir: 202401 is no text; --config takes digits"),
        ("wandb.mode", "on", r"wandb\.mode: 'on' is not one of"),
    ],
)
def test_a_fault_is_named_with_its_key(where, value, message):
    with pytest.raises(ConfigError, match=message):
        check(changed(where, value), SCHEMA)


def test_all_faults_are_told_at_once():
    config = changed("audio.duration", -1) | {"xtra": 1}
    with pytest.raises(ConfigError, match=r"2 faults(.|\n)*xtra(.|\n)*duration"):
        check(config, SCHEMA)


def test_missing_keys_are_told_once_and_together():
    config = {key: CONFIG[key] for key in CONFIG if key not in ("audio", "stft")}
    with pytest.raises(
        ConfigError, match=r"1 fault .*\n  top level: the keys audio, stft are missing"
    ):
        check(config, SCHEMA)
