#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A made-up studio that turns pictures into models, for orfeasd to watch: `script/server --demo` runs it.

Four workers hold memory of the daemon's simulated device (orfeas-demo-worker); one of them begins to leak two minutes after it began, and is
started again when it has run out of memory. Requests go through four services as spans, a queue and what else a service counts are metrics.
Half a minute after the start the queue is long for a while. What happened in the hour before is made up, too, so that there is a usual to be
held against."""

import argparse
import random
import signal
import subprocess
import threading
import time

import orfeas

PAST_S = 6000
PICTURES_PER_S = 3
# (since the start, for how long) the queue is long, and again in each such period
RUSH_S, RUSH_FOR_S, RUSH_EACH_S = 35, 15, 600
# A worker that has had no memory for so long is started again.
HOPELESS_S = 20
MAX_SAMPLES = 10000

LEAKY = "mesher"
# Batches, one a second, before it does.
LEAK_AFTER = 120
WORKERS = {
    "llm": ("--weights-mib", "1536", "--idle-mib", "768", "--max-batch", "24", "--item-kib", "8192", "--period-ms", "250"),
    "embedder": ("--law", "quadratic", "--weights-mib", "384", "--max-batch", "24", "--period-ms", "200", "--cache-keys", "2000", "--seed", "2"),
    "painter": ("--law", "padded", "--weights-mib", "512", "--max-batch", "16", "--item-kib", "8192", "--period-ms", "400", "--seed", "4"),
    LEAKY: ("--weights-mib", "384", "--max-batch", "8", "--leak-kib", "20480", "--leak-after", str(LEAK_AFTER), "--limit-mib", "4096", "--period-ms", "1000", "--seed", "3"),
}

# service, operation, ms at least, ms more on average, which is a child of the one before it in the same row
CHAIN = (
    (("gateway", "POST /v1/models", 4, 3),),
    (("queue", "wait", 1, 8),),
    (("mesher", "infer mesh", 90, 40), ("storage", "get picture", 3, 4)),
    (("painter", "paint texture", 50, 25), ("storage", "put model", 6, 6)),
)


def now_us():
    return time.time_ns() // 1000


class Requests:
    """Spans of requests that ended just now."""

    def __init__(self, client, rng):
        self.client = client
        self.rng = rng

    def make(self, slow):
        """(spans, how long it took in µs, whether it failed). slow: how much longer the GPU takes than usual."""
        rng, trace = self.rng, f"{self.rng.getrandbits(128) | 1:032x}"
        root, parts, at = self._span(trace, None, CHAIN[0][0], 0), [], 0
        failed = rng.random() < 0.002 * slow
        for row in CHAIN[1:]:
            parent, start, length = root["span_id"], at, 0
            for depth, part in enumerate(row):
                service, _, least, more = part
                took = int((least + rng.expovariate(1 / more)) * 1000 * (slow if service in ("queue", "mesher") else 1))
                took = min(took, length // 2) if depth else took
                span = self._span(trace, parent, part, took)
                span["start_us"] = start + (length - took) // 2 if depth else start
                parent, start, length = span["span_id"], span["start_us"], took
                parts.append(span)
                at += 0 if depth else took
        root["duration_us"] = at + int(rng.uniform(1000, 4000))
        root["start_us"] = 0
        if failed:
            for span in (root, parts[1]):
                span.update(outcome="error", message="the mesh has holes")
        begin = now_us() - root["duration_us"]
        for span in (root, *parts):
            span["start_us"] += begin
        return [root, *parts], root["duration_us"], failed

    def _span(self, trace, parent, part, took_us):
        span = {"trace_id": trace, "span_id": f"{self.rng.getrandbits(64) | 1:016x}", "service": part[0], "operation": part[1], "duration_us": took_us,
                "kind": "internal" if parent else "server", "outcome": "ok", "attributes": {"model": self.rng.choice(("chair", "lamp", "figure"))}}
        return {**span, "parent_id": parent} if parent else span


class Studio:
    def __init__(self, client, start_worker):
        self.client = client
        self.start_worker = start_worker
        self.rng = random.Random(7)
        self.requests = Requests(client, self.rng)
        self.queue = 8.0
        self.models = self.bytes = 0
        self.failed_percent = 0.2  # of late
        self.workers = {}
        self.leaks_at = None
        self.hopeless_since = None
        self.began = time.monotonic()

    def is_rush(self, age_s):
        return (age_s - RUSH_S) % RUSH_EACH_S < RUSH_FOR_S and age_s >= RUSH_S

    def step_queue(self, rush):
        """A queue that keeps near 8, and is four or five times as long in a rush."""
        self.queue += 0.2 * ((38 if rush else 8) - self.queue) + self.rng.gauss(0, 0.7)
        self.queue = max(self.queue, 0)
        return round(self.queue, 2)

    def record(self, samples):
        for i in range(0, len(samples), MAX_SAMPLES):
            self.client.metrics.record(samples=samples[i:i + MAX_SAMPLES])

    def make_past(self):
        for name, kind, unit, text in (("studio.queue_depth", "gauge", "1", "Pictures that wait"), ("studio.models", "counter", "1", "Models that were made"),
                                       ("studio.written_bytes", "counter", "By", "Models, as files"), ("response_time_ms", "gauge", "ms", "Of a request"),
                                       ("error_rate_percent", "gauge", "%", "Requests that failed")):
            self.client.metrics.define(name=name, kind=kind, unit=unit, help=text)
        begin = now_us() - PAST_S * 1_000_000
        past = [(i, self.tell(self.make(False), False)) for i in range(PAST_S)]
        self.record([{"name": name, "value": value, "t_us": begin + i * 1_000_000} for i, values in past for name, value in values.items()])

    def start_workers(self):
        for name in WORKERS:
            self.workers[name] = self.start_worker(name)
        self.leaks_at = time.monotonic() + LEAK_AFTER
        self.client.events.mark(text="studio 2.4.1", kind="deploy")

    def make(self, rush):
        """A second's requests."""
        n = max(int(self.rng.gauss(PICTURES_PER_S, 1)), 1)
        return [self.requests.make(self.rng.uniform(3, 5) if rush else 1) for _ in range(n)]

    def tell(self, made, rush):
        """The gauges that a service records of a second's requests."""
        self.failed_percent += 0.005 * (100 * sum(failed for _, _, failed in made) / len(made) - self.failed_percent)
        return {"studio.queue_depth": self.step_queue(rush), "error_rate_percent": round(self.failed_percent, 3),
                "response_time_ms": round(sum(took for _, took, _ in made) / len(made) / 1000, 2)}

    def serve(self, rush):
        made = self.make(rush)
        self.client.traces.record(spans=[span for spans, _, _ in made for span in spans])
        self.models += len(made)
        self.bytes += sum(int(self.rng.uniform(2e6, 9e6)) for _ in made)
        values = {**self.tell(made, rush), "studio.models": self.models, "studio.written_bytes": self.bytes}
        self.record([{"name": name, "value": value} for name, value in values.items()])

    def care(self):
        """Who runs out of memory for long is started again; so is one that ended."""
        for name, process in self.workers.items():
            if process.poll() is not None:
                self.workers[name] = self.start_worker(name)
        mine = [one for one in self.client.worker.list()["workers"] if one["pid"] == self.workers[LEAKY].pid]
        if not mine or not mine[0]["ooms"]:
            self.hopeless_since = None
            return
        self.hopeless_since = self.hopeless_since or time.monotonic()
        if time.monotonic() - self.hopeless_since > HOPELESS_S:
            self.client.events.mark(text=f"{LEAKY} had no memory for {HOPELESS_S} s, and is started again", kind="note")
            self.workers[LEAKY].terminate()
            self.workers[LEAKY].wait()
            self.leaks_at = time.monotonic() + LEAK_AFTER

    def mark_deploy(self):
        """What leaks came with a deploy, as it does."""
        if self.leaks_at and time.monotonic() > self.leaks_at:
            self.leaks_at = None
            self.client.events.mark(text=f"{LEAKY} 1.8", kind="deploy")

    def run(self, ended):
        self.make_past()
        self.start_workers()
        while not ended.wait(1):
            try:
                self.serve(self.is_rush(time.monotonic() - self.began))
                self.mark_deploy()
                self.care()
            except orfeas.Error as error:  # the daemon may be away for a while
                print(f"studio: {error}", flush=True)

    def end(self):
        for process in self.workers.values():
            process.terminate()
        for process in self.workers.values():
            process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--socket", required=True, help="the daemon's Unix socket")
    parser.add_argument("--otlp", required=True, help="where workers send their spans: http://127.0.0.1:5000")
    parser.add_argument("--ledger", required=True, help="the folder that is the daemon's ORFEAS_SIMULATED_LEDGER")
    parser.add_argument("--worker", required=True, help="the program orfeas-demo-worker")
    given = parser.parse_args()

    def start_worker(name):
        common = (given.worker, "--name", name, "--socket", given.socket, "--otlp", given.otlp, "--simulated", given.ledger)
        return subprocess.Popen([*common, *WORKERS[name]], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with orfeas.connect("unix:" + given.socket) as client:
        studio = Studio(client, start_worker)
        try:
            studio.run(ended)
        finally:
            studio.end()


if __name__ == "__main__":
    main()
