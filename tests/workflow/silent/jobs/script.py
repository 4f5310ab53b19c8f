from contextlib import contextmanager


@contextmanager
def job(snakemake):
    yield snakemake
