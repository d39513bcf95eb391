"""The record of a run, which lies in the metadata of the executed notebook."""

from dataclasses import asdict, dataclass
from typing import Any

from nbformat import NotebookNode

from bookbuild.running.freshness_key import Key

HOME = "bookbuild"


@dataclass(frozen=True)
class RunRecord:
    """How a page was run.

    Attributes
    ----------
    key : Key
        What decided the outcome.
    parameters : dict
        The values that were injected.
    seed : str
        The seed, as far as the page declares one.
    finished : str
        Date and time, ISO 8601, UTC.
    seconds : float
        Wall time, the start of the kernel included.
    peak_memory : int
        The most that the kernel held, in bytes.
    cores : int
        How many the kernel was given.
    provenance : dict of str
        Versions and device, as the kernel had them.
    data : dict
        For each thing asked for, the name and the SHA-256 of the data set that it gave.
    commit : str
        What git calls the sources, empty without git.
    """

    key: Key
    parameters: dict[str, Any]
    seed: str
    finished: str
    seconds: float
    peak_memory: int
    cores: int
    provenance: dict[str, str]
    data: dict[str, list[str]]
    commit: str

    @property
    def mode(self) -> str:
        """Whether the run was quick or full."""
        return "quick" if self.parameters.get("quick") is True else "full"

    @property
    def day(self) -> str:
        """The date of the run."""
        return self.finished.partition("T")[0]

    @property
    def machine(self) -> str:
        """The device by name: the GPU where the page used one, else the processor."""
        return self.key["device"]["gpu" if self.device == "gpu" else "processor"]

    @property
    def departure(self) -> str:
        """How the run differs from the one that the book describes; nothing if it does not."""
        if self.parameters:
            values = ", ".join(f"{name}={value!r}" for name, value in self.parameters.items())
            return f"was run with {values}"
        if (self.data.get("auto") or [""])[0] == "mnist-5k":
            return "was run on the small data set"
        return ""

    @property
    def device(self) -> str:
        """The kind of device that the numbers hold for: "gpu" or "cpu"."""
        return "gpu" if self.provenance.get("device", "").startswith("GPU") else "cpu"


def attach(record: RunRecord, notebook: NotebookNode) -> None:
    """Put a record into a notebook."""
    notebook.metadata[HOME] = asdict(record)


def record_of(notebook: NotebookNode) -> RunRecord | None:
    """Return the record in a notebook, None where there is none that this version understands."""
    try:
        return RunRecord(**notebook.metadata[HOME])
    except (KeyError, TypeError):
        return None
