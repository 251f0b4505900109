"""What the quick suite leaves to chance: LONG says that nothing is (TENURE_LONG), rng draws, by a seed that is printed
and that TENURE_SEED repeats."""

import os
import random

from tap import diag

LONG = bool(os.environ.get("TENURE_LONG"))
SEED = int(os.environ.get("TENURE_SEED", random.SystemRandom().randrange(10**9)))
rng = random.Random(SEED)
diag(f"TENURE_SEED={SEED}")
