# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the ways of making calls have in common."""

from __future__ import annotations

import os
import ssl
import threading
from typing import Optional

from ._address import Address, Credentials


class Transport:
    """`_lock` is its own, of the process `_pid`: a fork's child begins with another."""

    def __init__(self, address: Address, credentials: Credentials, context: Optional[ssl.SSLContext],
                 max_answer_bytes: int) -> None:
        self.address = address
        self._credentials = credentials
        self._context = context
        self._max_answer_bytes = max_answer_bytes
        self._lock = threading.Lock()
        self._closed = False
        self._pid = os.getpid()
