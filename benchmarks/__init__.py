"""How fast the book's engine is, beside other libraries, in one run on one machine.

``make bench`` measures and writes ``results/``. The way of a measurement is one line::

    __main__ -> jobs of a part (speed, masks, gpu, …) -> worker -> results -> report

``jobs`` lists what a part measures and runs each job in a fresh process, in turns; ``worker`` is
that process, and runs one of the ``contenders``; ``results`` is the file that a part leaves, and
what can be read off it; ``report`` makes a page of it, with the tables and ``figures``.
"""
