# SPDX-License-Identifier: LGPL-2.1-or-later
"""What all errors of this package have in common."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional

# No server of ours asks for more, and a wait has an end that fits a clock.
MAX_RETRY_MS = 3_600_000


class Error(Exception):
    """A call that ended without a result; its subclass says how (`orfeas.NotFound`, …)."""

    status: str = "UNKNOWN"
    """The status by name, as gRPC has it."""
    code: int = -32002
    """The JSON-RPC code."""

    # all but the message has a default: copy and pickle make exceptions anew from `args` alone
    def __init__(
        self, message: str = "", *, data: Optional[Mapping[str, Any]] = None, method: Optional[str] = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.method = method
        """The method that was called."""
        self.data: Dict[str, Any] = dict(data or {})
        """All that the server told beside code and message."""

    @property
    def field(self) -> Optional[str]:
        """The parameter that was wrong, as a path: `samples[3].name`."""
        return self._text("field")

    @property
    def allowed(self) -> Optional[str]:
        """What `field` may be."""
        return self._text("allowed")

    @property
    def retry_after_ms(self) -> Optional[int]:
        """When trying again may help."""
        value = self.data.get("retry_after_ms")
        return min(max(value, 0), MAX_RETRY_MS) if isinstance(value, int) else None

    def _text(self, name: str) -> Optional[str]:
        """Whatever somebody else's server makes of it: who handles an error must not fail by it."""
        value = self.data.get(name)
        return value if isinstance(value, str) else None

    def __str__(self) -> str:
        where = f"{self.method}: " if self.method else ""
        text = f"{where}{self.status}: {self.message}"
        if self.field and self.field not in self.message:
            text += f" (field {self.field})"
        return text
