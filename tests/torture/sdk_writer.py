# SPDX-License-Identifier: LGPL-2.1-or-later
"""OpenTelemetry's SDK (for JavaScript, with its exporter by OTLP/HTTP) as one of the mixed load's writers: what its exporter had a 200 for is there, once."""

import json
import os
import subprocess

import node_packages
import orfeas_torture
from crash_writer import Writer

PACKAGES = os.path.join(orfeas_torture.HERE, "..", "functional", "otlp")
PROGRAM = os.path.join(orfeas_torture.HERE, "sdk-spans.mjs")
NEXT = 1 << 53  # it numbers its spans itself


class SdkSpanWriter(Writer):
    """A process of its own, which outlives the daemon; Skip where npm cannot be had."""

    def __init__(self, daemon, number):
        self.process = None  # the property below asks
        super().__init__(daemon, number)
        self.next = NEXT
        self.service = f"sdk {number}"
        self.failures = 0
        self.process = subprocess.Popen(["node", PROGRAM, node_packages.install(PACKAGES), self.service], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    @property
    def stopping(self):
        return False

    @stopping.setter
    def stopping(self, value):
        if value:
            self.say("stop")

    def say(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def run(self):
        """Until it finds that the daemon is gone, or is stopped."""
        host, port = self.daemon.address
        self.say(f"go http://{host}:{port}")
        for line in self.process.stdout:
            word, _, rest = line.rstrip("\n").partition(" ")
            if word == "accepted":
                self.accepted.update(int(number) for number in rest.split())
                continue
            self.failures += word == "failed"
            return

    def find(self):
        return [json.loads(row[0])["n"] for row in self.daemon.sql("SELECT attributes FROM v_span WHERE service = ?", self.service)]

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
