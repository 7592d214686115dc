# SPDX-License-Identifier: LGPL-2.1-or-later
"""Series as a GPU service's exporters report them, one point a second; the same each time."""

import math
import random


def step(kind, t, rand, state):
    """The next value of a kind: utilisation, stepwise memory, temperature, power, a counter, latency, hit rate, liveness, bytes, ratio."""
    if kind == 0:
        state[0] = min(100, max(0, state[0] + rand.gauss(0, 6)))
    elif kind == 1 and rand.random() < 0.02:
        state[1] = max(1000, min(80000, state[1] + rand.choice([-512, -256, 256, 512, 1024])))
    elif kind == 4:
        state[1] += rand.randint(0, 40)
    elif kind == 8:
        state[1] += rand.randint(0, 4096) * 1024
    return (lambda: round(state[0]), lambda: state[1], lambda: round(55 + 10 * math.sin(t / 900) + rand.gauss(0, 0.6)),
            lambda: round(250 + 80 * math.sin(t / 300) + rand.gauss(0, 9), 2), lambda: state[1],
            lambda: round(rand.lognormvariate(4.5, 0.4), 3),
            lambda: round(0.85 + 0.05 * math.sin(t / 3600) + rand.gauss(0, 0.01), 4),
            lambda: int(rand.random() > 0.001), lambda: state[1], lambda: round(rand.uniform(0, 1), 3))[kind]()


def make_values(i, rows, rand):
    """Those of series i, of kind i % 10."""
    state = [rand.uniform(20, 60), 0]
    for t in range(rows):
        yield float(step(i % 10, t, rand, state))
