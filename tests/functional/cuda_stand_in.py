# SPDX-License-Identifier: LGPL-2.1-or-later
"""Stands in for torch.cuda where there is no GPU: a caching allocator of so many bytes, by the functions that orfeas.torch uses."""


class OutOfMemoryError(RuntimeError):
    """As torch.cuda's."""


class CudaStandIn:
    """What a batch allocates is freed when it ends and stays reserved, until empty_cache()."""

    OutOfMemoryError = OutOfMemoryError

    def __init__(self, total_bytes):
        self.total_bytes = total_bytes
        self.allocated = self.reserved = self.peak = self.freed = self.ooms = 0
        self.n_emptied = 0

    def use(self, size):
        """A kernel that needs so much at once."""
        if self.allocated + size > self.total_bytes:
            self.ooms += 1
            raise OutOfMemoryError(f"{size} bytes")
        self.allocated += size
        self.reserved = max(self.reserved, self.allocated)
        self.peak = max(self.peak, self.allocated)
        self.allocated -= size

    # ---- torch.cuda's

    def is_initialized(self):
        return True

    def memory_stats(self, _device=None):
        return {"allocated_bytes.all.current": self.allocated, "reserved_bytes.all.current": self.reserved,
                "active_bytes.all.current": self.allocated, "inactive_split_bytes.all.current": 0,
                "num_ooms": self.ooms, "num_alloc_retries": 0, "reserved_bytes.all.freed": self.freed}

    def memory_reserved(self, _device=None):
        return self.reserved

    def max_memory_allocated(self, _device=None):
        return self.peak

    def reset_peak_memory_stats(self, _device=None):
        self.peak = self.allocated

    def empty_cache(self):
        self.n_emptied += 1
        self.freed += self.reserved - self.allocated
        self.reserved = self.allocated

    def ipc_collect(self):
        pass
