"""The error that every reader of data raises."""

from __future__ import annotations


class DataError(ValueError):
    """Data that cannot be used.

    Parameters
    ----------
    what : object
        The file or directory in question.
    expected, found : str
        What should have been there, and what was.
    remedy : str, optional
        What to do about it, a full sentence.
    """

    def __init__(self, what: object, expected: str, found: str, remedy: str = ""):
        super().__init__(what, expected, found, remedy)
        self.what, self.expected, self.found, self.remedy = what, expected, found, remedy

    def __str__(self) -> str:
        return f"{self.what}: expected {self.expected}, found {self.found}. {self.remedy}".rstrip()
