"""Running pages.

A `request` is a page to run. `freshness` says whether it must run, by its `key` and by the `record`
of its last run. `up_to_date` hands those that must to a `cluster`, whose workers do `page_run`, and
keeps what comes back.
"""
