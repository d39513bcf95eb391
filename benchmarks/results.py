"""The file that a run of a part leaves: what was measured, where and when."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.rounds import Measurement


@dataclass(frozen=True)
class Results:
    """One part, measured in one run on one machine."""

    part: str
    date: str
    machine: dict[str, str]
    busy_percent: float  # of the processor in use by others, just before the run
    digits: str  # which set they are from
    recipe: dict[str, Any]  # of the run; in "growth", the one that sizes are varied from
    rounds: int
    left_out: dict[str, str]  # label of a peer to the reason
    measurements: list[Measurement]

    @classmethod
    def read(cls, path: Path) -> Results:
        """Read what `write` wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def write(self, path: Path) -> None:
        """Write as JSON, one measurement a line."""
        head = {name: value for name, value in asdict(self).items() if name != "measurements"}
        opening = json.dumps(head, indent=1).removesuffix("\n}")
        lines = ",\n".join(f"  {json.dumps(each)}" for each in self.measurements)
        text = f'{opening},\n "measurements": [\n{lines}\n ]\n}}\n'
        path.write_text(text, encoding="utf-8")

    def of(self, measure: str, **arguments: Any) -> list[Measurement]:
        """Return the measurements of a kind that succeeded, with the arguments given."""
        wanted = {"measure": measure, **arguments}
        return [
            each
            for each in self.measurements
            if "error" not in each and wanted.items() <= each.items()
        ]

    @property
    def failures(self) -> list[Measurement]:
        """The measurements that failed; each has its reason under "error"."""
        return [each for each in self.measurements if "error" in each]
