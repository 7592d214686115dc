# SPDX-License-Identifier: LGPL-2.1-or-later
"""Client of orfeas, the flight recorder and control plane of a GPU inference service.

    import orfeas

    with orfeas.connect() as client:
        for device in client.gpu.list()["devices"]:
            print(device["name"], device["used_bytes"])

Methods, their parameters and results are those of the daemon; `orfeas.types` has their shapes, and
each status that a call can end with is an exception: `orfeas.NotFound`, `orfeas.ResourceExhausted`, …
"""

from . import errors, types
from ._batch import Pending
from ._client import Batch, Client, connect
from ._error import Error
from ._failure import ConnectionLost, UnknownStatus
from ._version import VERSION as __version__
from .cache import Cache
from .errors import *
from .stream import Stream
from .tracing import Span, trace
from .worker import Advice, Memory, Refused, Worker

__all__ = ["Advice", "Batch", "Cache", "Client", "ConnectionLost", "Error", "Memory", "Pending", "Refused", "Span", "Stream", "UnknownStatus",
           "Worker", "__version__", "connect", "trace", "types"]
__all__ += errors.__all__
