#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""orfeasctl watch: the whole screen, on a pseudo terminal that a VT reader shows."""

import os
import re
import signal
import subprocess

import orfeas_test
from orfeas_test import ORFEASCTL, contains, equal, wait_for
from terminal import Terminal

DONE, SERVER_ERROR, USAGE = range(3)
# host_cpu_high would fire, or not, by what else the machine does
SETTINGS = {"gpu.backends": "simulated", "alerts.host_cpu_high.enabled": "false", "alerts.hot": "temp > 80"}

COLOUR = re.compile(rb"\x1b\[(?:[0-9;]*;)?3[1-6]m")


def watch(t, daemon, *arguments, **options):
    return Terminal(t, "--socket", daemon.socket, "watch", *arguments, **options)


def start_firing(t):
    daemon = t.start(settings=SETTINGS)
    daemon.call("metrics.record", {"samples": [{"name": "temp", "value": 91.5}]})
    return daemon, wait_for(lambda: daemon.call("alerts.history")["alerts"], "the alert, on disk")[0]["id"]


def quit(terminal):
    terminal.press("q")
    equal(terminal.close(), DONE)
    # the screen from before is back, and the cursor
    contains(terminal.bytes, b"\x1b[?25h")


def test_shows(t):
    daemon, alert = start_firing(t)
    terminal = watch(t, daemon)
    text = terminal.shows("live", "simulated-0", "simulated-worker-0", "HEALTH", alert, "hot", "ANOMALY", "WORKER", "CACHE", "REQUESTS", "of 16.0 GiB", "EXPECTED",
                          "█", "q ends")  # which is drawn last
    assert all(len(line) <= 80 for line in text.splitlines()), text
    contains(text.splitlines()[-1], "q ends")
    quit(terminal)


def test_resizes(t):
    daemon = t.start(settings=SETTINGS)
    terminal = watch(t, daemon)
    terminal.shows("simulated-0", "q ends")
    terminal.resize(170, 40)  # now the tables stand beside the rest
    terminal.wait(lambda text: text.split("\n")[-1].startswith("q ends") and "PROCESS" in text.split("\n")[0], "two columns")
    terminal.resize(60, 12)
    terminal.wait(lambda text: text.split("\n")[11].startswith("q ends") and "PROCESS" not in text.split("\n")[0], "one column again")
    terminal.resize(3, 1)
    terminal.shows("q e")
    quit(terminal)


def test_keys(t):
    daemon = t.start(settings=SETTINGS)
    terminal = watch(t, daemon)
    terminal.shows("simulated-0", "simulated-1", "all devices", "by memory")
    terminal.press("?")
    terminal.wait(lambda text: "acknowledges that alert" in text and "simulated-0" not in text, "the help")
    terminal.press("?")
    terminal.press("d")
    terminal.wait(lambda text: "d simulated-0" in text and "simulated-1" not in text, "one device alone")
    terminal.press("\x1b")
    terminal.shows("simulated-1", "all devices")
    terminal.press("s")
    terminal.shows("by name")
    terminal.press("p")
    terminal.shows("held", "p goes on")
    terminal.press("p")
    terminal.wait(lambda text: "held" not in text and "live" in text, "that it goes on")
    terminal.press("\x03")  # Ctrl-C
    equal(terminal.close(), DONE)


def test_acknowledges(t):
    daemon, alert = start_firing(t)
    terminal = watch(t, daemon)
    terminal.shows(alert)
    terminal.press("a")
    terminal.shows("choose an alert first")
    terminal.press("\x1b[B")  # down
    terminal.shows(f"> {alert}")
    terminal.press("a")
    terminal.shows(f"Acknowledge {alert}")
    terminal.press("n")
    terminal.shows("not acknowledged")
    equal(daemon.call("alerts.active")["alerts"][0]["acknowledged"], None)
    terminal.press("a")
    terminal.shows(f"Acknowledge {alert}")
    terminal.press("y")
    terminal.shows(f"{alert}: acknowledged")
    assert daemon.call("alerts.active")["alerts"][0]["acknowledged"] is not None
    quit(terminal)


def test_acknowledges_only_by_right(t):
    daemon, alert = start_firing(t)
    code, token, error = t.ctl(None, "token", "new", "--name", "eyes", "--role", "read", "--file", os.path.join(t.dir, "tokens"))
    equal(code, DONE, error)
    daemon.stop()
    daemon = t.start(settings={**SETTINGS, "auth.require": "true", "auth.token_file": os.path.join(t.dir, "tokens")})
    path = os.path.join(t.dir, "token")
    with open(path, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(token)
    terminal = Terminal(t, "--url", "http://{}:{}".format(*daemon.address), "--token-file", path, "watch")
    terminal.shows("live", alert)
    terminal.press("j")
    terminal.shows(f"> {alert}")
    terminal.press("a")
    terminal.shows("takes the role operate")
    quit(terminal)


def test_daemon_restarts(t):
    daemon = t.start(settings=SETTINGS)
    terminal = watch(t, daemon)
    terminal.shows("live", "simulated-0")
    daemon.kill()
    terminal.shows("STALE: as it was", "simulated-0", "no connection")
    daemon.start()
    terminal.wait(lambda text: "live" in text and "no connection" not in text, "the daemon again")
    daemon.process.send_signal(signal.SIGSTOP)
    terminal.shows("STALE", "DEADLINE_EXCEEDED")
    daemon.process.send_signal(signal.SIGCONT)
    terminal.wait(lambda text: "live" in text and "DEADLINE" not in text, "the daemon once more")
    quit(terminal)


def test_no_daemon_yet(t):
    daemon = t.daemon(settings=SETTINGS)
    terminal = watch(t, daemon)
    terminal.shows("connecting", "no connection")
    daemon.start()
    terminal.shows("live", "simulated-0")
    quit(terminal)


def test_plain(t):
    daemon, alert = start_firing(t)
    terminal = watch(t, daemon, env={"NO_COLOR": "1", "LC_ALL": "C"})
    text = terminal.shows("live", alert, "#")
    assert text.isascii(), text
    assert not COLOUR.search(terminal.bytes), terminal.bytes[-2000:]
    quit(terminal)
    terminal = watch(t, daemon)
    terminal.shows("live", alert)
    assert COLOUR.search(terminal.bytes), terminal.bytes[-2000:]
    quit(terminal)


def test_terminal_goes(t):
    daemon = t.start(settings=SETTINGS)
    terminal = watch(t, daemon)
    terminal.shows("live")
    os.close(terminal.master)
    equal(terminal.process.wait(orfeas_test.PATIENCE_S), DONE)


def test_no_terminal(t):
    daemon = t.start(settings=SETTINGS)
    code, out, error = t.ctl(daemon, "watch")
    equal((code, out), (USAGE, ""))
    contains(error, "alerts watch")
    cases = [([], {"TERM": "dumb"}, "TERM=dumb"), (["--json"], {}, "--json")]
    if "ORFEAS_SANITIZED" not in os.environ:  # ncurses leaks what it had made for a terminal that it does not know
        cases.append(([], {"TERM": "no-such"}, "TERM=no-such"))
    for arguments, env, words in cases:
        terminal = watch(t, daemon, *arguments, env=env, columns=200)
        equal(terminal.close(), USAGE)
        contains(terminal.text(), words)
    done = subprocess.run([ORFEASCTL, "--db", daemon.db, "watch"], capture_output=True, text=True, check=False)
    equal(done.returncode, USAGE)
    contains(done.stderr, "watch needs a running daemon")


if __name__ == "__main__":
    orfeas_test.main()
