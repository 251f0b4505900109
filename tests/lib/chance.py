"""What the quick suite leaves to chance, by a seed that is printed and that TENURE_SEED repeats. LONG says that nothing
is (TENURE_LONG)."""

import math
import os
import random

from tap import diag

LONG = bool(os.environ.get("TENURE_LONG"))
SEED = int(os.environ.get("TENURE_SEED", random.SystemRandom().randrange(10**9)))
rng = random.Random(SEED)
diag(f"TENURE_SEED={SEED}")


def one_in(n, items):
    """One in N of ITEMS, by chance and in their order, at least one if there are any; all of them if LONG."""
    items = list(items)
    if LONG or not items:
        return items
    return [items[i] for i in sorted(rng.sample(range(len(items)), math.ceil(len(items) / n)))]
