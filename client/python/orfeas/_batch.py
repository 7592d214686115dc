# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls that travel as one message."""

from __future__ import annotations

from typing import Any, Dict, Generic, List, Optional, Tuple, TypeVar

from . import errors
from ._caller import Caller, unwrap
from ._error import Error

Result = TypeVar("Result")


class Pending(Generic[Result]):
    """A call of a batch."""

    def __init__(self, method: str) -> None:
        self.method = method
        self._answer: Any = None
        self._error: Optional[Error] = errors.FailedPrecondition("the batch was not sent yet", method=method)

    def result(self) -> Result:
        """What the call answered; raises how it failed. There once the batch was sent."""
        if self._error is not None:
            raise self._error
        result: Result = self._answer
        return result

    def _settle(self, answer: Any) -> None:
        try:
            self._answer, self._error = unwrap(answer, self.method), None
        except Error as error:
            self._error = error


class BatchCaller:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._requests: List[Tuple[Dict[str, Any], bool, Pending[Any]]] = []

    def add(self, method: str, params: Any = None, *, idempotency_key: Optional[str] = None) -> Pending[Any]:
        request, repeat = self._caller.request(method, params, idempotency_key)
        pending: Pending[Any] = Pending(method)
        self._requests.append((request, repeat, pending))
        return pending

    def send(self, timeout: Optional[float]) -> None:
        requests, self._requests = self._requests, []
        if not requests:
            return
        answers = self._caller.exchange_batch([request for request, _, _ in requests],
                                              all(repeat for _, repeat, _ in requests), timeout)
        if not isinstance(answers, list):  # the batch itself was refused
            unwrap(answers, None)
            raise errors.Internal("one answer came to a batch")
        by_id = {answer.get("id"): answer for answer in answers if isinstance(answer, dict) and isinstance(answer.get("id"), int)}
        for request, _, pending in requests:
            pending._settle(by_id.get(request["id"]))
