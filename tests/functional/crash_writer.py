# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client that records until its daemon dies; the crash test and the crash bench use it."""

import http.client
import json
import threading

from orfeas_test import PATIENCE_S, now_us, request


class Writer(threading.Thread):
    """Records one sample a call, each value once, and remembers what was accepted."""

    def __init__(self, daemon, number, start):
        super().__init__()
        self.address = daemon.address
        self.series = f"writer.{number}"
        self.next = start
        self.accepted = []

    def run(self):
        connection = http.client.HTTPConnection(*self.address, timeout=PATIENCE_S)
        try:
            while True:
                self.record_one(connection)
        except (OSError, http.client.HTTPException, ValueError):
            pass  # the daemon is gone
        finally:
            connection.close()

    def record_one(self, connection):
        value = self.next
        self.next += 1
        sample = {"name": self.series, "value": value, "t_us": now_us()}
        message = json.dumps(request("metrics.record", {"samples": [sample]}))
        connection.request("POST", "/rpc", message, {"Content-Type": "application/json"})
        if "result" in json.loads(connection.getresponse().read()):
            self.accepted.append(value)
