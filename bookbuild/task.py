"""A page to run and what became of it, as data that goes to another process and comes back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bookbuild.place import Place


@dataclass(frozen=True)
class Limits:
    """How long to wait, in seconds."""

    cell: int = 1800
    start: int = 120


@dataclass(frozen=True)
class Task:
    """A page to run, as data.

    Attributes
    ----------
    name : str
        What messages call it.
    notebook : str
        The source, as JSON.
    folder : str
        Where it is run, on machines that have such a folder.
    parameters : mapping
        Values for names that the page declares.
    limits : Limits
        How long a cell, and the start of the kernel, may take.
    alone : bool
        Whether no other page may run beside it, because it measures what a machine can do.
    """

    name: str
    notebook: str
    folder: str
    parameters: Mapping[str, Any]
    limits: Limits
    alone: bool = False


@dataclass(frozen=True)
class Run:
    """What became of a task, as data.

    Attributes
    ----------
    notebook : str
        The source with the outputs that there are, as JSON; empty if no kernel started.
    seconds : float
        Wall time, the start of the kernel included.
    where, error : str
        The cell and what happened there; both empty when the page ran through.
    place : Place, optional
        Where it ran, as that was before the kernel started.
    cores : int
        How many the kernel was given.
    answer : mapping
        What the kernel said last, see `bookbuild.probe`.
    """

    notebook: str = ""
    seconds: float = 0.0
    where: str = ""
    error: str = ""
    place: Place | None = None
    cores: int = 0
    answer: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether the page ran from its first cell to its last."""
        return not self.error
