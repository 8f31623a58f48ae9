"""What struck, and how what it struck ended, printed as it happens."""

import sys
import time
from collections import Counter
from dataclasses import dataclass, field

import pytest


@dataclass
class Tally:
    """Counts of faults and of ends, by their names. `seed` is that of the random numbers."""

    capsys: pytest.CaptureFixture[str]
    seed: int
    struck: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    began: float = field(default_factory=time.monotonic)

    @property
    def runs(self) -> int:
        """How many have ended."""
        return self.ends.total()

    def note_fault(self, name: str) -> None:
        self.struck[name] += 1
        self.say(f"{self.seconds:6.0f} s: {name}")

    def note_end(self, end: str) -> None:
        self.ends[end] += 1
        self.say(f"{self.seconds:6.0f} s: run {self.runs} {end}; {self.struck.total()} faults")

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    def say(self, line: str) -> None:
        with self.capsys.disabled():
            sys.stdout.write(line + "\n")
            sys.stdout.flush()

    def __str__(self) -> str:
        lines = [f"{self.struck.total()} faults in {self.seconds:.0f} s, seed {self.seed}; {self.runs} runs"]
        for counts in (self.struck, self.ends):
            lines += [f"{count:5}  {name}" for name, count in counts.most_common()]
        return "\n".join(lines)
