# SPDX-License-Identifier: LGPL-2.1-or-later
"""How long a caller waits, and the pauses between attempts."""

from __future__ import annotations

import math
import random
import time
from typing import Optional

# The server, told the deadline, answers at it; an answer that is on its way then is worth a moment,
# and keeps the connection.
GRACE_S = 0.25

# A day: the server is told of no longer one, and refuses it.
LONGEST_MS = 86_400_000


class Deadline:
    """A moment of the monotonic clock; infinite: none."""

    __slots__ = ("at",)

    def __init__(self, timeout: Optional[float]) -> None:
        if timeout is not None and math.isnan(timeout):
            raise ValueError("timeout is not a number")
        self.at = math.inf if timeout is None else time.monotonic() + timeout

    def left(self) -> float:
        return self.at - time.monotonic()

    def wait(self) -> float:
        """For how long to wait for an answer; -1 without an end, as lock.acquire() has it."""
        return -1 if self.at == math.inf else max(0.0, self.left() + GRACE_S)

    def milliseconds(self) -> Optional[int]:
        """What the server is told; None: its own default."""
        return None if self.at == math.inf else min(max(1, math.ceil(self.left() * 1000)), LONGEST_MS)


class Backoff:
    """Pauses that grow to a bound. The jitter keeps many clients of one server from coming at once."""

    FIRST_S = 0.1
    LONGEST_S = 5.0

    def __init__(self) -> None:
        self.attempts = 0

    def next(self) -> float:
        pause = min(self.LONGEST_S, self.FIRST_S * 2 ** min(self.attempts, 16))
        self.attempts += 1
        return pause * random.uniform(0.5, 1.0)

    def reset(self) -> None:
        self.attempts = 0
