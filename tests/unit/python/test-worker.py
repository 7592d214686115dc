#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""orfeas.Worker against a daemon that does as it is told: forgets, goes away, asks, and is slow."""

import fractions
import json
import logging
import os
import socket
import sys
import threading
import time
import types

import orfeas
import orfeas_test
from orfeas import worker as worker_module
from orfeas_test import PATIENCE_S, equal, wait_for

WORKER_METHODS = ("worker.register", "worker.report", "worker.advice", "worker.done", "worker.leave")


class FakeDaemon:
    """Answers on a Unix socket; `calls` has what was asked, refusals what each method ends with instead."""

    def __init__(self, test, lease_us=30_000_000):
        self.path = os.path.join(test.dir, "fake.sock")
        self.lease_us = lease_us
        self.calls = []
        self.refusals = {}
        self.connections = []
        self.streams = []  # (connection, stream)
        self.generation = 1
        self.lock = threading.Lock()
        self.listen()

    def listen(self):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            for line in connection.makefile("rb"):
                request = json.loads(line)
                if "id" in request:
                    self.send(connection, self.answer(connection, request))
        except OSError:
            pass

    def send(self, connection, message):
        with self.lock:
            connection.sendall(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")

    def answer(self, connection, request):
        method, params = request["method"], request.get("params", {})
        assert method in WORKER_METHODS, method
        self.calls.append((method, params, request.get("meta", {})))
        refusal = self.refusals.get(method)
        if refusal is None and method != "worker.register" and params["worker"] != f"w-{self.generation}":
            refusal = (-32005, "NOT_FOUND")
        if refusal is not None:
            code, status = refusal
            return {"id": request["id"], "error": {"code": code, "message": "no", "data": {"status": status}}}
        if method == "worker.register":
            return {"id": request["id"], "result": {"worker": f"w-{self.generation}", "lease_us": self.lease_us}}
        if method == "worker.advice":
            stream = f"s{len(self.streams) + 1}"
            self.streams.append((connection, stream))
            return {"id": request["id"], "result": {"stream": stream}}
        return {"id": request["id"], "result": {"accepted": 1}}

    def of(self, method):
        return [params for name, params, _ in list(self.calls) if name == method]

    def advise(self, **values):
        advice = {"advice": "a-1", "kind": "cleanup", "level": "normal", "batch_size": None, "reason": "a test",
                  "deadline_us": orfeas_test.now_us() + PATIENCE_S * 1_000_000, **values}
        connection, stream = self.streams[-1]
        self.send(connection, {"method": "stream.next", "params": {"stream": stream, "seq": 1, "value": advice}})

    def forget(self):
        """As one that was begun anew with an empty file."""
        self.go_away()  # first: on its connections nobody is registered anew
        self.generation += 1
        self.listen()

    def go_away(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        os.unlink(self.path)
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.connections = []

    def worker(self, name="trainer", **options):
        return orfeas.Worker(name, **{"address": "unix:" + self.path, "report_s": 0.01, **options})

    def batches(self):
        return [batch for params in self.of("worker.report") for batch in params.get("batches", [])]


def listening(daemon):
    wait_for(lambda: daemon.streams, "a stream of advice")


def test_registers_and_reports(t):
    daemon = FakeDaemon(t)
    with daemon.worker(device="simulated-0", memory=lambda: {"reserved_bytes": 7, "ooms": None}) as worker:
        assert worker.wait_until_known(PATIENCE_S)
        equal(worker.id, "w-1")
        wait_for(lambda: len(daemon.of("worker.report")) > 2, "reports")
        listening(daemon)
    equal(daemon.of("worker.register"), [{"name": "trainer", "device": "simulated-0", "capabilities": []}])
    equal(daemon.of("worker.report")[0], {"worker": "w-1", "allocator": {"reserved_bytes": 7}})
    equal(daemon.of("worker.leave"), [{"worker": "w-1"}])
    assert not any(thread.name.startswith("orfeas ") and thread.is_alive() for thread in worker._threads)


def test_a_short_lease_is_kept(t):
    daemon = FakeDaemon(t, lease_us=300_000)
    with daemon.worker(report_s=3600):
        wait_for(lambda: len(daemon.of("worker.report")) > 2, "reports within the lease")


def test_batches(t):
    class Memory(orfeas.Memory):
        resets = 0

        def reset_peak(self):
            self.resets += 1

        def peak_bytes(self):
            return 5000 + self.resets

    daemon = FakeDaemon(t)
    memory = Memory()
    with daemon.worker(memory=memory) as worker:
        with worker.batch(32, "generate") as batch:
            equal(batch.size, 32)
        with worker.batch(1) as batch:
            batch.size, batch.peak_bytes = 16, 99
        try:
            with worker.batch(64):
                raise MemoryError
        except MemoryError:
            pass
        worker.add_batch(8, duration_us=3)
    first, second, third = daemon.batches()
    assert first.pop("duration_us") >= 0 and second.pop("duration_us") >= 0
    equal((first, second, third), ({"size": 32, "operation": "generate", "peak_bytes": 5001},
                                   {"size": 16, "peak_bytes": 99}, {"size": 8, "duration_us": 3}))


def test_the_peak_of_batches_at_the_same_time_is_unknown(t):
    class Memory(orfeas.Memory):
        def peak_bytes(self):
            return 5

    daemon = FakeDaemon(t)
    with daemon.worker(memory=Memory()) as worker:
        with worker.batch(1):
            with worker.batch(2):
                pass
        with worker.batch(3):
            pass
    equal({batch["size"]: batch.get("peak_bytes") for batch in daemon.batches()}, {1: None, 2: None, 3: 5})


def test_cleanup(t):
    daemon = FakeDaemon(t)
    seen = []
    answers = iter([1000, None, ("partial", 5), orfeas.Refused("busy"), ZeroDivisionError("a fault")])

    def on_cleanup(advice):
        seen.append((advice.level, advice.reason, advice.seconds_left > 0))
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    logging.disable(logging.CRITICAL)
    try:
        with daemon.worker(on_cleanup=on_cleanup):
            listening(daemon)
            for number in range(5):
                daemon.advise(advice=f"a-{number}", level="aggressive")
                wait_for(lambda: len(daemon.of("worker.done")) > number, "an answer")
            daemon.advise(advice="late", deadline_us=1)
            daemon.advise(advice="b", kind="batch_size", level=None, batch_size=8)
            wait_for(lambda: len(daemon.of("worker.done")) == 7, "answers to what it does not do")
    finally:
        logging.disable(logging.NOTSET)
    equal(seen, [("aggressive", "a test", True)] * 5)
    equal([(done["advice"], done["outcome"], done.get("freed_bytes")) for done in daemon.of("worker.done")],
          [("a-0", "done", 1000), ("a-1", "done", None), ("a-2", "partial", 5), ("a-3", "refused", None),
           ("a-4", "refused", None), ("late", "refused", None), ("b", "refused", None)])
    equal(daemon.of("worker.register")[0]["capabilities"], ["trim"])


def test_batch_size(t):
    daemon = FakeDaemon(t)
    sizes = []
    with daemon.worker(on_batch_size=lambda advice: sizes.append(advice.batch_size)):
        listening(daemon)
        daemon.advise(kind="batch_size", level=None, batch_size=24)
        wait_for(lambda: daemon.of("worker.done"), "an answer")
    equal((sizes, daemon.of("worker.done")[0]["outcome"]), ([24], "done"))
    equal(daemon.of("worker.register")[0]["capabilities"], ["batch_size"])


def test_a_slow_cleanup_does_not_stop_the_reports(t):
    daemon = FakeDaemon(t)
    begun, go = threading.Event(), threading.Event()

    def on_cleanup(_):
        begun.set()
        assert go.wait(PATIENCE_S)
        return 1

    with daemon.worker(on_cleanup=on_cleanup):
        listening(daemon)
        daemon.advise()
        assert begun.wait(PATIENCE_S)
        before = len(daemon.of("worker.report"))
        wait_for(lambda: len(daemon.of("worker.report")) > before + 2, "reports meanwhile")
        equal(daemon.of("worker.done"), [])
        go.set()
        wait_for(lambda: daemon.of("worker.done"), "its answer")


def test_a_daemon_that_begins_anew(t):
    daemon = FakeDaemon(t)
    with daemon.worker(on_cleanup=lambda advice: 1) as worker:
        listening(daemon)
        daemon.forget()
        wait_for(lambda: worker.id == "w-2", "the new registration")
        wait_for(lambda: daemon.of("worker.advice")[-1] == {"worker": "w-2"}, "the new stream")
        wait_for(lambda: len(daemon.streams) > 1, "the new stream")
        daemon.advise(advice="again")
        wait_for(lambda: daemon.of("worker.done"), "an answer by it")
    equal(daemon.of("worker.done")[-1]["worker"], "w-2")


def test_no_daemon_at_all(t):
    """The host notices nothing, and what it did is told once one is there."""
    daemon = FakeDaemon(t)
    daemon.go_away()
    kept, worker_module.MAX_KEPT_BATCHES = worker_module.MAX_KEPT_BATCHES, 3
    try:
        with daemon.worker() as worker:
            for size in range(1, 6):
                with worker.batch(size):
                    pass
            equal((worker.id, worker.dropped_batches), (None, 2))
            assert not worker.wait_until_known(0.01)
            daemon.listen()
            wait_for(lambda: len(daemon.batches()) == 3, "the batches that were kept")
    finally:
        worker_module.MAX_KEPT_BATCHES = kept
    equal([batch["size"] for batch in daemon.batches()], [3, 4, 5])


def test_a_report_that_failed_is_sent_again_with_its_key(t):
    daemon = FakeDaemon(t)
    daemon.refusals["worker.report"] = (-32008, "RESOURCE_EXHAUSTED")
    logging.disable(logging.CRITICAL)
    try:
        with daemon.worker() as worker:
            worker.add_batch(1)
            wait_for(lambda: len(daemon.batches()) > 1, "two attempts")
            worker.add_batch(2)
            daemon.refusals.clear()
            wait_for(lambda: daemon.batches()[-1]["size"] == 2, "the next")
    finally:
        logging.disable(logging.NOTSET)
    keys = {params["batches"][0]["size"]: set() for params in daemon.of("worker.report") if "batches" in params}
    for method, params, meta in daemon.calls:
        if method == "worker.report" and "batches" in params:
            equal(len(params["batches"]), 1)
            keys[params["batches"][0]["size"]].add(meta["idempotency_key"])
    equal({size: len(of) for size, of in keys.items()}, {1: 1, 2: 1})


def test_what_the_host_gave_may_fail(t):
    class Broken(orfeas.Memory):
        def stats(self):
            raise RuntimeError("the device is gone")

        reset_peak = peak_bytes = stats

    daemon = FakeDaemon(t)
    logging.disable(logging.CRITICAL)
    try:
        with daemon.worker(memory=Broken()) as worker:
            with worker.batch(4):
                pass
            wait_for(lambda: daemon.batches(), "the batch all the same")
    finally:
        logging.disable(logging.NOTSET)
    equal(daemon.of("worker.report")[0]["allocator"], {})


def test_odd_values_of_the_host(t):
    """They are left out; the others are reported, and advice is heard on."""
    daemon = FakeDaemon(t)
    answers = iter(("many", ("done", 1, 2), ("done", float("nan")), 5))
    logging.disable(logging.CRITICAL)
    try:
        with daemon.worker(memory=lambda: {"reserved_bytes": float("nan")}, on_cleanup=lambda advice: next(answers)) as worker:
            for size in (None, "many", float("inf"), fractions.Fraction(4)):
                worker.add_batch(size, operation="e\ud800")
            wait_for(lambda: daemon.batches(), "the batch that is one")
            listening(daemon)
            for number in range(4):
                daemon.advise()
                wait_for(lambda: len(daemon.of("worker.done")) > number, "an answer")
    finally:
        logging.disable(logging.NOTSET)
    equal([(batch["size"], batch["operation"]) for batch in daemon.batches()], [(4, "e?")])
    equal([done["outcome"] for done in daemon.of("worker.done")], ["refused", "refused", "refused", "done"])


def test_advice_that_is_none(t):
    """The next one is heard all the same."""
    daemon = FakeDaemon(t)
    logging.disable(logging.CRITICAL)
    try:
        with daemon.worker(on_cleanup=lambda advice: 5):
            listening(daemon)
            for wrong in ({"deadline_us": "soon"}, {"kind": []}):
                heard = len(daemon.streams)
                daemon.advise(**wrong)
                wait_for(lambda: len(daemon.streams) > heard, "it listens again")
            daemon.advise()
            wait_for(lambda: [done["outcome"] for done in daemon.of("worker.done")] == ["done"], "an answer")
    finally:
        logging.disable(logging.NOTSET)


def test_close(t):
    """Within its time though a callback hangs, twice, and from within a callback."""
    daemon = FakeDaemon(t)
    go, closed = threading.Event(), threading.Event()

    def on_cleanup(advice):
        if advice.level == "light":
            assert go.wait(PATIENCE_S)
        else:
            second.close()
            closed.set()

    first = daemon.worker(on_cleanup=on_cleanup)
    listening(daemon)
    daemon.advise(level="light")
    begun = time.monotonic()
    first.close(timeout=0.05)
    first.close()
    assert time.monotonic() - begun < PATIENCE_S / 2
    go.set()
    count = len(daemon.streams)
    second = daemon.worker("other", on_cleanup=on_cleanup)
    wait_for(lambda: len(daemon.streams) > count, "a stream of advice")
    daemon.advise()
    assert closed.wait(PATIENCE_S)


def test_many_threads(t):
    daemon = FakeDaemon(t)

    def work():
        for _ in range(50):
            with worker.batch(2):
                worker.report_now()

    with daemon.worker() as worker:
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE_S)
    equal(len(daemon.batches()), 400)


def test_a_child_is_no_worker(t):
    daemon = FakeDaemon(t)
    with daemon.worker() as worker:
        worker.wait_until_known(PATIENCE_S)
        worker._lock.acquire()  # as it may be held by a thread that the child has not
        child = os.fork()
        if child == 0:
            with worker.batch(77):
                pass
            worker.close()
            os._exit(0)
        worker._lock.release()
        equal(os.waitpid(child, 0)[1], 0)
        assert worker.id is not None
    equal(daemon.batches(), [])


def stand_in(calls):
    """A module that is called torch and has what we use of it."""
    state = types.SimpleNamespace(initialized=False, reserved=1000)

    def empty_cache():
        calls.append("empty_cache")
        state.reserved = 400

    cuda = types.SimpleNamespace(
        is_initialized=lambda: state.initialized,
        memory_stats=lambda device=None: {
            "reserved_bytes.all.freed": 6000 - state.reserved, "allocated_bytes.all.current": 300, "reserved_bytes.all.current": state.reserved, "active_bytes.all.current": 310,
            "inactive_split_bytes.all.current": 90, "num_ooms": 1, "num_alloc_retries": 2, "allocated_bytes.all.peak": 5},
        memory_snapshot=lambda: [
            {"device": 0, "blocks": [{"state": "inactive", "size": 50}, {"state": "active_allocated", "size": 900}]},
            {"device": 1, "blocks": [{"state": "inactive", "size": 700}]}],
        reset_peak_memory_stats=lambda device=None: calls.append("reset"),
        max_memory_allocated=lambda device=None: 350,
        memory_reserved=lambda device=None: state.reserved,
        current_device=lambda: 0,
        ipc_collect=lambda: calls.append("ipc_collect"),
        empty_cache=empty_cache)
    module = types.ModuleType("torch")
    module.cuda = cuda
    return module, state


def test_torch(t):
    import orfeas.torch

    assert "torch" not in sys.modules, "it is imported before it is used"
    calls = []
    sys.modules["torch"], state = stand_in(calls)
    daemon = FakeDaemon(t)
    try:
        with daemon.worker(memory=orfeas.torch.TorchMemory(largest_free=True)) as worker:
            wait_for(lambda: daemon.of("worker.report"), "a report before the first tensor")
            equal(daemon.of("worker.report")[0]["allocator"], {})
            with worker.batch(3):
                pass
            equal(calls, [], "the device was touched")
            state.initialized = True
            with worker.batch(4):
                pass
            wait_for(lambda: len(daemon.batches()) == 2, "the batches")
            wait_for(lambda: daemon.of("worker.report")[-1]["allocator"], "a report of the allocator")
            equal(daemon.of("worker.report")[-1]["allocator"],
                  {"allocated_bytes": 300, "reserved_bytes": 1000, "active_bytes": 310, "inactive_split_bytes": 90,
                   "largest_free_bytes": 50, "ooms": 1, "retries": 2, "returned_bytes": 5000})
            listening(daemon)
            daemon.advise(level="aggressive")
            wait_for(lambda: daemon.of("worker.done"), "an answer")
    finally:
        del sys.modules["torch"]
    equal([batch.get("peak_bytes") for batch in daemon.batches()], [None, 350])
    done = daemon.of("worker.done")[0]
    equal((calls, done["freed_bytes"]), (["reset", "ipc_collect", "empty_cache"], 600))
    # what it holds when it is done, whatever it takes afterwards
    equal((done["allocator"]["reserved_bytes"], done["allocator"]["returned_bytes"]), (400, 5600))
    equal(daemon.of("worker.register")[0]["capabilities"], ["trim"])


orfeas_test.main()
