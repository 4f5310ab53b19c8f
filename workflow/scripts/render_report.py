"""Write the page of the run: its tables, maps, hits and mistakes, with their sounds."""

from resound.jobs.script import job
from resound.report.page.render import write_page
from resound.report.page.results import Results

with job(snakemake) as this:
    spec, params = this.params.spec, this.params
    results = Results.of_job(this.input, spec, params.rules, params.benchmarks)
    write_page(
        this.output.page,
        results,
        spec["config"]["report"],
        data_root=params.data_root,
        n_threads=this.threads,
    )
