"""How fast the book's engine is, beside other libraries, in one run on one machine.

``make bench`` measures and writes ``results/``. The way of a measurement is one line::

    __main__ -> a part (speed, reduction, growth) -> rounds -> worker -> results -> report

A part lists its jobs; ``rounds`` runs each in a fresh process, in alternation; ``worker`` is that
process; ``report`` turns what came back into a table (``tables``) and a figure (``figures``).
"""
