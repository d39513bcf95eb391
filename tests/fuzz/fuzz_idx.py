"""Fuzz the reader of IDX files: `make fuzz`, or this file with libFuzzer's options and folders."""

import sys

import atheris

with atheris.instrument_imports(include=["gzip", "_compression", "rnn_utils"]):
    from tests.fuzz.idx_by_definition import compare

if __name__ == "__main__":
    atheris.Setup(sys.argv, compare)
    atheris.Fuzz()
