"""What the comparisons with the naive evaluators share: rounds that are asked once a program, the proof that a mistake in the
evaluator would be seen, and the page that shows the figures."""
import os
import sys

import compare
import tap

sys.path.insert(0, str(tap.ROOT / "tools"))
import sigma_table  # noqa: E402


class Rounds:
    """`make(seed)` is a round with difference(got, evaluator); `ask(program, round)` what Kizuki says of it."""

    def __init__(self, n, seed, make, ask):
        self.n, self.make, self.ask = n, make, ask
        self.seed = int(os.environ.get("KIZUKI_SEED", seed))
        self.own_seed = "KIZUKI_SEED" in os.environ
        self.done = []

    def all(self):
        """Each round with what Kizuki says, once for all tests of a file."""
        while len(self.done) < self.n:
            r = self.make(self.seed + len(self.done))
            self.done.append((r, self.ask(tap.KIZUKI, r)))
        return self.done

    def unseen(self, mistakes, of):
        """Mistakes an evaluator could have: in place of the first text the second. What follows shows it and is tried first: the
        number of a round, or the round and the name of one correlation. Those that no round shows."""
        found = []
        for old, new, *first in mistakes:
            evaluator = compare.broken(old, new, of)
            places = [place if isinstance(place, tuple) else (place,) for place in first]
            order = [(*self.all()[i], *name) for i, *name in places if i < self.n and not (name and self.own_seed)]
            if not any(r.difference(got, evaluator, *name)[1] for r, got, *name in order + self.all()):
                found.append(f"{old}  ->  {new}")
        print(f"# {len(mistakes)} mistakes tried")
        return found

    def check_page(self, made):
        """docs/sigma.md shows these figures; with another seed there are others."""
        page = sigma_table.column()
        stale = [] if self.own_seed else [k for k in made if page.get(k) != made[k]]
        assert not stale, f"docs/sigma.md is stale ({', '.join(sorted(stale))}); run tools/sigma_table.py --write"
