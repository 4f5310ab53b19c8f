"""From an archive or a folder of clips to decoded waveforms."""


checkpoint fetch_dataset:
    output:
        record="<results>/index/dataset.json",
    log:
        "<logs>/fetch_dataset.log",
    benchmark:
        "<benchmarks>/fetch_dataset.tsv"
    priority: 2
    conda:
        "../../envs/core.yaml"
    threads: 4
    resources:
        mem_mb=grows(1000),
        runtime=grows(120),
    params:
        spec=specs.dataset(config),
        code=code_of("fetch_dataset"),
        place=lambda wildcards: CLIPS.place,
        data_root=DATA_ROOT,
    message:
        "fetching or checking the data set in {params.data_root}"
    script:
        "../scripts/fetch_dataset.py"


rule build_index:
    input:
        record=dataset_record,
    output:
        clips="<results>/index/clips.csv",
        audit="<results>/index/audit.csv",
        files="<results>/index/files.json",
    log:
        "<logs>/build_index.log",
    benchmark:
        "<benchmarks>/build_index.tsv"
    priority: 1
    conda:
        "../../envs/core.yaml"
    threads: 4
    resources:
        mem_mb=grows(1000),
        runtime=lambda wildcards, attempt: math.ceil(
            attempt * (20 + 0.05 * CLIPS.now.size_mb)
        ),
    params:
        spec=specs.index(config),
        code=code_of("build_index"),
        clips=listed_clips,
        data_root=DATA_ROOT,
    message:
        "reading every clip once, listing what is there and what is wrong with it"
    script:
        "../scripts/build_index.py"


checkpoint split_clips:
    input:
        clips="<results>/index/clips.csv",
    output:
        split="<results>/index/splits/{split}.csv",
    log:
        "<logs>/split_clips/{split}.log",
    benchmark:
        "<benchmarks>/split_clips/{split}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 1
    resources:
        mem_mb=grows(1000),
        runtime=grows(10),
    params:
        spec=lambda wildcards: specs.split(config, PLAN.split(wildcards.split)),
        code=code_of("split_clips"),
    message:
        "dividing the clips into queries and gallery, queries {wildcards.split}"
    script:
        "../scripts/split_clips.py"


rule decode_audio:
    input:
        clips="<results>/index/clips.csv",
    output:
        waveforms="<results>/audio/sr{sample_rate}/waveforms.npy",
        spec="<results>/audio/sr{sample_rate}/spec.json",
    log:
        "<logs>/decode_audio/sr{sample_rate}.log",
    benchmark:
        "<benchmarks>/decode_audio/sr{sample_rate}.tsv"
    conda:
        "../../envs/core.yaml"
    threads: 4
    resources:
        mem_mb=grows(1000),
        runtime=grows(20, per_input_mb=60),
    params:
        spec=lambda wildcards: specs.audio(config, int(wildcards.sample_rate)),
        code=code_of("decode_audio"),
        data_root=DATA_ROOT,
    message:
        "decoding all clips at {wildcards.sample_rate} Hz"
    script:
        "../scripts/decode_audio.py"
