# SPDX-License-Identifier: LGPL-2.1-or-later
"""PyTorch's allocator as a worker's memory; torch is imported when it is used, not before.

    import orfeas, orfeas.torch

    with orfeas.Worker("trainer", device="nvml-0", memory=orfeas.torch.TorchMemory()) as worker:
        for batch in batches:
            with worker.batch(len(batch)):
                train(batch)
"""

from __future__ import annotations

import gc
import importlib
from typing import Any, Dict, Optional

from .worker import Advice, Memory

# ours, and torch.cuda.memory_stats()'s
NAMES = {
    "allocated_bytes": "allocated_bytes.all.current",
    "reserved_bytes": "reserved_bytes.all.current",
    "active_bytes": "active_bytes.all.current",
    "inactive_split_bytes": "inactive_split_bytes.all.current",
    "ooms": "num_ooms",
    "retries": "num_alloc_retries",
    "returned_bytes": "reserved_bytes.all.freed",
}


class TorchMemory(Memory):
    """The caching allocator of one CUDA (or ROCm) device.

    Args:
        device: As torch counts or names it; None: its current one.
        cuda: What has the functions of torch.cuda that are used here; None: torch.cuda itself.
        largest_free: Also tell the largest idle block. That walks all blocks: some milliseconds where
            there are many, and it holds the allocator's lock meanwhile.
    """

    def __init__(self, device: Any = None, *, cuda: Any = None, largest_free: bool = False) -> None:
        self._cuda = cuda or importlib.import_module("torch").cuda
        self._device = device
        self._largest_free = largest_free

    def stats(self) -> Dict[str, Optional[int]]:
        """Nothing is known before the first tensor: asking would take memory of the device."""
        known = self._cuda.memory_stats(self._device) if self._cuda.is_initialized() else {}
        values = {ours: known.get(theirs) for ours, theirs in NAMES.items()}
        if self._largest_free and known:
            values["largest_free_bytes"] = self._find_largest_free()
        return values

    def reset_peak(self) -> None:
        if self._cuda.is_initialized():
            self._cuda.reset_peak_memory_stats(self._device)

    def peak_bytes(self) -> Optional[int]:
        return self._cuda.max_memory_allocated(self._device) if self._cuda.is_initialized() else None

    def trim(self, advice: Advice) -> Optional[int]:
        """Gives cached blocks back to the device; but for `light`, garbage that holds tensors goes first."""
        if not self._cuda.is_initialized():
            return 0
        before = self._cuda.memory_reserved(self._device)
        if advice.level != "light":
            gc.collect()
        if advice.level == "aggressive":
            self._cuda.ipc_collect()
        self._cuda.empty_cache()
        return max(0, before - self._cuda.memory_reserved(self._device))

    def _find_largest_free(self) -> int:
        device = self._device if isinstance(self._device, int) else self._cuda.current_device() \
            if self._device is None else self._cuda._utils._get_device_index(self._device)
        return max((block["size"] for segment in self._cuda.memory_snapshot() if segment["device"] == device
                    for block in segment["blocks"] if block["state"] == "inactive"), default=0)
