"""List all clips with what their files hold, and all that is odd about them."""

from resound import store
from resound.data.index import build_index
from resound.jobs import job

with job(snakemake) as this:
    clips, audit = build_index(this.params.data_root, n_threads=this.threads, **this.params.spec)
    store.write_csv(clips, this.output.clips)
    store.write_csv(audit, this.output.audit)
    print(f"{len(clips)} clips, {len(audit)} remarks in {this.output.audit}")
