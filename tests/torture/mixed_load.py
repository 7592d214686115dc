# SPDX-License-Identifier: LGPL-2.1-or-later
"""The load under which the daemon is attacked: spans, samples, marks, load tests, acknowledgements of an alert, and the cache, all at once."""

import json

from crash_writer import Caller, Crew, SampleWriter, SpanWriter
from orfeas_test import now_us, wait_for

RULE = "tortured"
# Packing and the dropping of plain rows go on all the time; no other limit drops what is looked for.
SETTINGS = {
    "history.pack_us": 1000000, "history.raw_rows": 1000, "history.event_rows": 100000000, "history.load_rows": 1000000,
    "metrics.max_query_points": 4000000, "gpu.sample_us": 100000, "alerts.host_cpu_high.enabled": "false", f"alerts.{RULE}": "tortured.value > 0",
}
FOREVER_US = 1 << 40


class PackedSampleWriter(SampleWriter):
    """Its samples are packed and their plain rows go meanwhile, so the daemon is asked; of a time only one is told, so plain rows are counted too."""

    def __init__(self, daemon, number):
        super().__init__(daemon, number)
        self.began_us = now_us()

    def find(self):
        query = {"select": self.series(), "from_us": self.began_us - 1, "to_us": self.began_us + FOREVER_US}
        found = [value for series in self.daemon.admin("metrics.query", query, {"deadline_ms": 60000})["series"] for _, value in series["points"]]
        twice = self.daemon.sql("SELECT value FROM v_sample WHERE series=? GROUP BY value HAVING count(*) > 1", self.series())
        return found + [row[0] for row in twice]


class EventWriter(Caller):
    def text(self, number):
        return f"mark {self.number} {number}"

    def call(self, number):
        return "events.mark", {"text": self.text(number)}

    def find(self):
        prefix = self.text("")
        return [int(row[0][len(prefix):]) for row in self.daemon.sql("SELECT text FROM event WHERE text LIKE ?", prefix + "%")]


class LoadWriter(Caller):
    def call(self, number):
        return "load.record", {"name": f"run {self.number}", "kind": "spike", "started_us": now_us(), "took_us": 1000, "requests": number, "errors": 0}

    def find(self):
        return [row[0] for row in self.daemon.sql("SELECT requests FROM load_run WHERE name=?", f"run {self.number}")]


class AckWriter(Caller):
    """Of one alert, again and again: each leaves a step, and the last its note."""

    def call(self, number):
        return "alerts.acknowledge", {"id": alert_id(self.daemon), "note": str(number), "author": self.name()}

    def find(self):
        begin = self.name() + ": "
        steps = self.daemon.sql("SELECT reason FROM alert_event WHERE step='acknowledged' AND reason LIKE ?", begin + "%")
        return [int(row[0][len(begin):]) for row in steps]


class CacheWriter(Caller):
    """Overwrites one key, and reads it after each write. It is gone with the daemon: what is found may not be an older value."""

    def __init__(self, daemon, number):
        super().__init__(daemon, number)
        self.wrong = []

    def call(self, number):
        return "cache.set", {"key": f"k{self.number}", "value": str(number)}

    def note_accepted(self, numbers):
        answer = self.daemon.call("cache.get", {"key": f"k{self.number}"})
        if answer["hit"] and answer["value"] != str(numbers[0]):
            self.wrong.append(f"{self.name()}: {json.dumps(answer)} after {numbers[0]}")

    def problems(self):
        return self.wrong


KINDS = (PackedSampleWriter, PackedSampleWriter, SpanWriter, SpanWriter, EventWriter, LoadWriter, AckWriter, CacheWriter)


def alert_id(daemon):
    rows = daemon.sql("SELECT id FROM alert WHERE rule=? AND fired_us IS NOT NULL", RULE)
    return f"al-{rows[0][0]}" if rows else None


def prepare(daemon):
    """What the load needs to be there: an alert that fires. The daemon runs."""
    daemon.call("metrics.record", {"samples": [{"name": "tortured.value", "value": 1}]})
    wait_for(lambda: alert_id(daemon), "an alert in the file")


def crew(daemon):
    return Crew([kind(daemon, number) for number, kind in enumerate(KINDS)])


def durable_crew(daemon):
    """Those whose writes stay."""
    return Crew([writer for writer in crew(daemon).writers if not isinstance(writer, CacheWriter)])
