"""Running pages.

A `request` is a page to run. `freshness` says whether it is stale: by its `freshness_key`, and by
the `run_record` of its last run. `run_stale` hands the stale ones to `workers`, each of which does
`run_page`, and keeps what comes back.
"""
