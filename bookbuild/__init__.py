"""Chapters in, site out: run the book's notebooks, check what they produced, publish them.

The way of a page is ``chapters/x.ipynb`` → papermill → ``_build/executed/chapters/x.ipynb`` →
the gate → jupyter-book → ``_build/html/``, and each arrow is a verb of the command line:
``execute``, ``check``, ``html``. Chapters never import this package; it never imports TensorFlow.

``commands`` holds a module for each of these verbs. ``running`` decides what is stale and runs it,
``checking`` is the gate, and ``site`` makes the site.
"""
