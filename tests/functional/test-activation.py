#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What systemd does with the daemon: listening sockets that it passes on, readiness and watchdog that it is told."""

import fcntl
import os
import socket
import sys
import threading

import orfeas_test
from orfeas_test import contains, equal, wait_for

# Between fork and exec: the descriptors from 3 on, and the environment that says so.
PASS = """
import os, sys
fds = [int(fd) for fd in sys.argv[1].split(",")]
for place, fd in enumerate(fds):
    os.dup2(fd, 3 + place)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(fds)))
os.execv(sys.argv[2], sys.argv[2:])
"""


def tcp_socket():
    one = socket.create_server(("127.0.0.1", 0))
    return one, "127.0.0.1:%d" % one.getsockname()[1]


def unix_socket(path):
    one = socket.socket(socket.AF_UNIX)
    one.bind(path)
    one.listen()
    return one


def activated(t, sockets, **more):
    fds = [fcntl.fcntl(one.fileno(), fcntl.F_DUPFD, 100) for one in sockets]  # above those that dup2() takes
    daemon = t.daemon(wrapper=(sys.executable, "-c", PASS, ",".join(map(str, fds))), **more)
    daemon.pass_fds = fds
    return daemon


def test_passed_on(t):
    http, address = tcp_socket()
    sockets = [http, unix_socket(os.path.join(t.dir, "orfeas.sock")), unix_socket(os.path.join(t.dir, "cache.sock"))]
    daemon = activated(t, sockets, options=["--listen", address]).start()
    equal(daemon.ready["http"], "http://" + address)
    for ask in (daemon.call, daemon.admin):
        equal(ask("health.check"), {"serving": "SERVING"})
    contains(os.listdir(t.dir), "cache.sock")
    daemon.stop()
    # who made them keeps them: a caller who comes now is answered by the next daemon
    late = {}
    caller = threading.Thread(target=lambda: late.update(daemon.admin("health.check")))
    caller.start()
    daemon.start()
    caller.join(orfeas_test.PATIENCE_S)
    equal(late, {"serving": "SERVING"})
    equal(daemon.call("health.check"), {"serving": "SERVING"})
    assert "passed on" not in daemon.stderr(), daemon.stderr()


def test_not_ours(t):
    """One at another address is closed, and told; all else is as if it had not been there."""
    other, _ = tcp_socket()
    daemon = activated(t, [other]).start()
    contains(daemon.stderr(), "is at no address where we listen")
    equal(daemon.call("health.check"), {"serving": "SERVING"})


def test_no_socket(t):
    reader, writer = os.pipe()
    daemon = t.daemon(wrapper=(sys.executable, "-c", PASS, str(fcntl.fcntl(reader, fcntl.F_DUPFD, 100))))
    daemon.pass_fds = [int(daemon.command[3])]
    daemon.start()
    contains(daemon.stderr(), "is no listening socket")
    os.close(reader)
    os.close(writer)


def test_told(t):
    """READY=1 once it serves, WATCHDOG=1 while its loop turns, STOPPING=1."""
    path = os.path.join(t.dir, "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(path)
        notify.settimeout(orfeas_test.PATIENCE_S)
        daemon = t.start(env={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "400000"})
        told = []
        wait_for(lambda: told.append(notify.recv(4096).decode()) or told.count("WATCHDOG=1") > 2, "the watchdog to be fed")
        equal([one for one in told if one != "WATCHDOG=1"], ["READY=1"])
        daemon.stop()
        wait_for(lambda: notify.recv(4096).decode() == "STOPPING=1", "the end to be told")


if __name__ == "__main__":
    orfeas_test.main()
