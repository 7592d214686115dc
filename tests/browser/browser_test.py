# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs cases written for Node, which drives Chromium, beside the daemon, which is driven from here."""

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "functional"))

import node_packages  # noqa: E402
import orfeas_test  # noqa: E402
from orfeas_test import Skip  # noqa: E402

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def cookie(t):
    with open(os.path.join(t.dir, "cookie"), encoding="utf-8") as file:
        return file.read().strip()


def kill(daemon):
    """It comes back on the port it had, where the page looks for it."""
    daemon.keep_port()
    daemon.kill()


def start(daemon):
    daemon.start()
    return orfeas_test.now_us()


class Chromium:
    """One for all cases of a file, started when the first needs it: a case has a context of its own in it."""

    def __init__(self):
        self.process = None

    def endpoint(self, packages):
        if self.process is None or self.process.poll() is not None:
            self.start(packages)
        return self.address

    def start(self, packages):
        home = tempfile.TemporaryDirectory(prefix="orf-chromium-")
        self.process = subprocess.Popen(
            ["node", os.path.join(HERE, "chromium.mjs"), "", json.dumps({"chromium": CHROMIUM, "packages": packages})],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "HOME": home.name},
        )
        self.address = self.process.stdout.readline().strip()
        assert self.address, "Chromium did not start"
        atexit.register(self.stop, self.process, home)

    @staticmethod
    def stop(process, home):
        process.stdin.close()
        process.wait(orfeas_test.PATIENCE_S)
        process.stdout.close()
        home.cleanup()


chromium = Chromium()

# What a case may ask for: (test, daemon, arguments) → its answer.
REQUESTS = {
    "call": lambda _, daemon, method, params: daemon.call(method, params),
    "kill": lambda _, daemon: kill(daemon),
    "start": lambda _, daemon: start(daemon),
    "cookie": lambda t, _: cookie(t),
    "now": lambda *_: orfeas_test.now_us(),
}


def run(t, script, case, daemon, requests=None, **more):
    """The case in its own node; its lines that are JSON ask for something, others are told on. requests: of its own, by name."""
    if CHROMIUM is None:
        raise Skip("no Chromium")
    packages = node_packages.install(HERE)
    facts = {
        "url": daemon.ready["http"],
        "chromium": CHROMIUM,
        "browser": chromium.endpoint(packages),
        "packages": packages,
        "dir": t.dir,
        "screenshots": os.environ.get("ORFEAS_SCREENSHOTS"),
        **more,
    }
    with open(os.path.join(t.dir, "node-stderr"), "w+", encoding="utf-8") as stderr:
        node = subprocess.Popen(
            ["node", os.path.join(HERE, script), case, json.dumps(facts)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True, env=t.environment(),
        )
        try:
            for line in node.stdout:
                if line.startswith('{"ask":'):
                    name, *arguments = json.loads(line)["ask"]
                    answer = requests[name](*arguments) if requests and name in requests else REQUESTS[name](t, daemon, *arguments)
                    print(json.dumps({"answer": answer}), file=node.stdin, flush=True)
                else:
                    orfeas_test.diagnose(line.rstrip("\n"))
            code = node.wait(orfeas_test.PATIENCE_S)
        finally:
            node.kill()
            node.wait()
            node.stdin.close()
            node.stdout.close()
        stderr.seek(0)
        orfeas_test.diagnose(stderr.read())
    assert code == 0, f"node ended with {code}"
