# SPDX-License-Identifier: LGPL-2.1-or-later
"""Receivers of alerts: a webhook of our own that can misbehave, and Debian's Alertmanager."""

import http.server
import json
import os
import shutil
import subprocess
import threading
import time

import orfeas_test
from orfeas_test import PATIENCE_S
from receivers import Process, free_port


class Webhook:
    """Takes messages and keeps them. `behave(request number, handler)` may answer instead: True, then."""

    def __init__(self, port=0):
        self.messages = []
        self.times = []  # when each came, monotonic
        self.headers = []
        self.n_requests = 0
        self.behave = None
        self.lock = threading.Lock()
        webhook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with webhook.lock:
                    webhook.n_requests += 1
                    number = webhook.n_requests
                if webhook.behave and webhook.behave(number, self):
                    return
                with webhook.lock:
                    webhook.headers.append(dict(self.headers))
                    webhook.messages.append(json.loads(body))
                    webhook.times.append(time.monotonic())
                self.answer(200)

            def answer(self, status, **headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), str(value))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def get(self):
        with self.lock:
            return list(self.messages)

    def ids(self):
        """What was told, in the order of arrival, each as often as it came."""
        return [one["annotations"]["notification_id"] for message in self.get() for one in message["alerts"]]

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Alertmanager(Process):
    """hook: where it sends what it makes of the alerts."""

    def __init__(self, t, hook):
        if shutil.which("amtool") is None:
            raise orfeas_test.Skip("no amtool")
        port = free_port()
        config = os.path.join(t.dir, "alertmanager.yml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(
                "route: {receiver: hook, group_by: [alertname], group_wait: 200ms, group_interval: 500ms, repeat_interval: 1h}\n"
                f"receivers: [{{name: hook, webhook_configs: [{{url: '{hook.url}'}}]}}]\n")
        self.root = f"http://127.0.0.1:{port}"
        super().__init__(t, "prometheus-alertmanager", [
            f"--config.file={config}", f"--storage.path={t.dir}/am", f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address="], "/-/ready")

    def amtool(self, *arguments):
        done = subprocess.run(["amtool", f"--alertmanager.url={self.root}", "--output=json", *arguments],
                              capture_output=True, text=True, timeout=PATIENCE_S, env={**os.environ, "HOME": self.t.dir})
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def active(self):
        """labels, as amtool shows them, of what fires: without alertname's order"""
        return sorted(tuple(sorted(one["labels"].items())) for one in self.amtool("alert", "query"))
