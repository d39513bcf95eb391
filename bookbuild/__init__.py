"""Chapters in, site out: run the book's notebooks, check what they produced, publish them.

The way of a page is ``chapters/x.ipynb`` → papermill → ``_build/executed/chapters/x.ipynb`` →
the gate → jupyter-book → ``_build/html/``, and each arrow is a verb of ``python -m bookbuild``:
``execute``, ``check``, ``html``. Chapters never import this package; it never imports TensorFlow.

To run a page, `jobs` decides what is stale by the key of `freshness`, `cluster` hands it to
workers, `runner` runs it there, and `execute` keeps what comes back, with its `note`.
"""
