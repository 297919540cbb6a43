"""How long the benchmarks may take."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How many rounds, and how many pieces of work in a round of each subject."""

    rounds: int
    turns: int
    texts_to_rasa: int
    accepts: int
    jobs: int
    leases: int
    screened: int


FULL = Effort(rounds=5, turns=120, texts_to_rasa=160, accepts=960, jobs=1200, leases=8000, screened=800)
QUICK = Effort(rounds=2, turns=16, texts_to_rasa=24, accepts=128, jobs=120, leases=2000, screened=60)
