"""Neither tiles nor the way in which hits are found change a ranking or a table by one byte."""

import pandas as pd

PLACE = "f0/sr16000_nfft2048_hop512/fold5"
RANKING = f"out/rankings/dtw/{PLACE}.parquet"
TABLE = "out/tables/retrieval_dtw.csv"
CODED = "out/tables/retrieval_autoencoder.csv"
SEARCHED_IN_TWO_TILES = {
    "search_gallery": 6,
    "rank_gallery": 3,
    "score_retrieval": 3,
    "make_retrieval_table": 2,
    "make_search_table": 1,
}


def test_tiles_give_the_same_ranking_and_a_damaged_one_is_refused(copied):
    copied.edit("config.yaml", "queries: 400", "queries: 12")
    copied.edit("config.yaml", "gallery: 1600", "gallery: 50")
    whole = (copied.folder / RANKING).read_bytes()
    (copied.folder / RANKING).unlink()  # what is made keeps its tiles
    tiles = copied.folder / "out/distances/dtw" / PLACE
    tile = tiles / "tile0-1/distances.npy"

    def run(check=True):
        return copied.snakemake(RANKING, "--configfile", "tiny.yaml", check=check)

    run()
    assert len(list(tiles.glob("tile*/distances.npy"))) == 4
    assert (copied.folder / RANKING).read_bytes() == whole
    tile.write_bytes(tile.read_bytes()[::-1])
    copied.match(r"tile0-1/distances\.npy: its bytes are not those that were written", run(False))
    tile.unlink()
    assert copied.jobs(run()) == {"compute_distances": 1, "rank_gallery": 1}
    assert (copied.folder / RANKING).read_bytes() == whole


def test_a_search_gives_the_same_rankings_and_table_and_says_what_it_left_out(copied):
    tables = [copied.folder / table for table in (TABLE, CODED)]
    files = [*tables, *copied.folder.glob("out/rankings/dtw/**/*.parquet")]
    full = [file.read_bytes() for file in files]
    assert len(full) == 5
    copied.edit("config.yaml", "gallery: 1600", "gallery: 50")
    copied.edit("config.yaml", "mode: full", "mode: top_k")
    for ranking in files[2:]:
        ranking.unlink()
    targets = (TABLE, CODED, "out/tables/search.csv", "--configfile", "tiny.yaml")
    assert copied.jobs(copied.snakemake(*targets)) == SEARCHED_IN_TWO_TILES
    assert [file.read_bytes() for file in files] == full
    search = pd.read_csv(copied.folder / "out/tables/search.csv")
    assert list(search["feature"]) == ["mfcc", "f0", "mel"]
    assert search["network"].dropna().tolist() == ["autoencoder_128"]
    assert (search["pairs"] == 20 * 80).all()
    assert search["share_of_cells"].between(0, 1).all()
    module = copied.folder / "src/resound/distances/dtw_search.py"
    module.write_text(module.read_text() + "\nADDED = 1\n")
    assert copied.jobs(copied.snakemake(*targets, "--dry-run")) == SEARCHED_IN_TWO_TILES
