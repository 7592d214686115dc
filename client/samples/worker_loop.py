# SPDX-License-Identifier: LGPL-2.1-or-later
"""A PyTorch worker with orfeas: its allocator and batches are reported, it gives memory back when it is asked to, its
batches are as large as the daemon advises, and one that runs out of memory is run again in smaller parts.

    from worker_loop import Loop

    with Loop("embedder", torch.cuda, lambda texts: model(texts), device="pci-0000:01:00.0") as loop:
        for result in loop.run(texts):
            ...

Of `torch.cuda` it uses memory_stats, memory_reserved, max_memory_allocated, reset_peak_memory_stats, is_initialized,
empty_cache, ipc_collect and OutOfMemoryError; whatever has these will do.
"""

import orfeas
from orfeas.torch import TorchMemory

# Batches between two questions how large one may be: the answer moves slowly.
ASK_EVERY = 50


class Loop:
    """run() is for one thread; `size` is that of the next batch."""

    def __init__(self, name, cuda, model, *, device=None, size=8, address=None):
        self._cuda = cuda
        self._model = model
        self.size = size
        self._client = orfeas.connect(address)
        self._worker = orfeas.Worker(name, device=device, memory=TorchMemory(cuda=cuda), on_batch_size=self._follow, client=self._client)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._worker.close()
        self._client.close()

    def run(self, items, operation="infer"):
        """The results of all items, in their order."""
        done = batches = 0
        while done < len(items):
            if batches % ASK_EVERY == ASK_EVERY - 1:
                self.size = self.ask() or self.size
            batches += 1  # those too that run out of memory, or the same answer would be asked for again and again
            part = items[done : done + self.size]
            try:
                with self._worker.batch(len(part), operation):
                    results = self._model(part)
            except self._cuda.OutOfMemoryError:
                self._shrink(len(part))
                continue
            yield from results
            done += len(part)

    def ask(self):
        """How many items fit, by what the daemon has seen; None: it does not know."""
        try:
            return self._client.gpu.batch_size(worker=self._worker.id or "", timeout=1)["recommended"]
        except orfeas.Error:  # it is away, or has seen too little
            return None

    def _shrink(self, size):
        if size == 1:
            raise MemoryError("one item alone is too much")
        self._cuda.empty_cache()
        self.size = max(1, min(size // 2, self.ask() or size))

    def _follow(self, advice):
        """On the worker's thread: a number is all that changes."""
        self.size = advice.batch_size
