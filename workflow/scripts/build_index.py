"""List all clips with what their files hold, and all that is odd about them."""

from resound import store
from resound.data.index import build_index
from resound.data.listing import Listing, Record
from resound.jobs.script import job

with job(snakemake) as this:
    spec, data_root = this.params.spec, this.params.data_root
    # As the files are before they are read: one that is replaced meanwhile is seen by the next run.
    listing = Listing.of(data_root, spec["dataset"])
    clips, audit = build_index(data_root, n_threads=this.threads, **spec)
    names = clips["file"].str.removeprefix(f"{listing.sounds}/")
    known = dict(zip(names, clips["sha256"], strict=True))
    store.write_csv(clips, this.output.clips)
    store.write_csv(audit, this.output.audit)
    Record.of(this.params.clips, listing, known, data_root).write(this.output.files)
    print(f"{len(clips)} clips, {len(audit)} remarks in {this.output.audit}")
