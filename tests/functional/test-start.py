#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Starting: the ready line, ports, options."""

import json
import os
import socket
import subprocess

import orfeas_test
from orfeas_test import ORFEASD, contains, equal


def run(t, *arguments, env=None):
    done = subprocess.run([ORFEASD, *arguments], capture_output=True, text=True, env=t.environment(env),
                          stdin=subprocess.DEVNULL, timeout=orfeas_test.PATIENCE_S)
    return done.returncode, done.stdout, done.stderr


def test_ready_line(t):
    daemon = t.start()
    equal(daemon.ready["pid"], daemon.process.pid)
    equal(daemon.ready["db"], daemon.db)
    equal(daemon.ready["socket"], daemon.socket)
    assert daemon.address[1] > 0
    equal(daemon.http("GET", "/readyz")[0], 200)


def test_port_in_use(t):
    first = t.start()
    port = first.address[1]
    second = t.daemon(db=os.path.join(t.dir, "second.db"))
    second.command[second.command.index("--listen") + 1] = f"127.0.0.1:{port}"
    second.command[second.command.index("--socket") + 1] = os.path.join(t.dir, "second.sock")
    text = second.start_refused()
    contains(text, str(port))
    contains(text, "--listen")
    # the daemon that lives there is found and named
    contains(text, "orfeasd")


def test_port_taken_by_a_stranger(t):
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        port = stranger.getsockname()[1]
        daemon = t.daemon()
        daemon.command[daemon.command.index("--listen") + 1] = f"127.0.0.1:{port}"
        text = daemon.start_refused()
        contains(text, str(port))
        contains(text, "--listen")


def test_socket_in_use(t):
    first = t.start()
    second = t.daemon(db=os.path.join(t.dir, "second.db"))
    contains(second.start_refused(), first.socket)
    first.call("health.check")
    with first.peer() as peer:
        peer.call("health.check")


def test_socket_path_too_long(t):
    daemon = t.daemon()
    daemon.command[daemon.command.index("--socket") + 1] = os.path.join(t.dir, "x" * 120)
    contains(daemon.start_refused(), "x" * 120)


def test_something_else_at_the_socket(t):
    daemon = t.daemon()
    with open(daemon.socket, "w", encoding="utf-8") as file:
        file.write("precious")
    contains(daemon.start_refused(), daemon.socket)
    with open(daemon.socket, encoding="utf-8") as file:
        equal(file.read(), "precious")


def test_bad_listen_address(t):
    for address in ("nonsense", "127.0.0.1", "127.0.0.1:70000", "127.0.0.1:x", ":", "no.such.host.invalid:0"):
        daemon = t.daemon()
        daemon.command[daemon.command.index("--listen") + 1] = address
        contains(daemon.start_refused(), address)


def test_ipv6(t):
    if not os.path.exists("/proc/net/if_inet6"):
        raise orfeas_test.Skip("no IPv6")
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError as error:
            raise orfeas_test.Skip(str(error)) from error
    daemon = t.daemon()
    daemon.command[daemon.command.index("--listen") + 1] = "[::1]:0"
    daemon.start()
    daemon.address = ("::1", daemon.address[1])
    daemon.call("health.check")


def test_version_and_help(t):
    code, out, _ = run(t, "--version")
    equal(code, 0)
    version = out.split()[-1]
    equal(t.start().call("status.get")["version"], version)
    code, out, _ = run(t, "--help")
    equal(code, 0)
    for option in ("--config", "--db", "--listen", "--socket", "--set", "--check-config", "--print-defaults"):
        contains(out, option)


def test_wrong_usage(t):
    for arguments in (("--nonsense",), ("stray",), ("--listen",)):
        code, out, err = run(t, *arguments)
        assert code not in (0, None) and code > 0, arguments
        equal(out, "")
        assert err, arguments


def test_odd_socket_path(t):
    """Without HTTP rpc.discover names the socket, in JSON whatever its path has in it."""
    path = os.path.join(t.dir, 'a "b"\\c.sock')
    daemon = t.daemon(options=("--listen", "", "--socket", path))
    daemon.launch()
    equal(json.loads(daemon.process.stdout.readline())["socket"], path)
    daemon.socket = path
    equal(daemon.admin("rpc.discover")["servers"][0]["url"], f"unix:{path}")


def test_ready_does_not_wait_for_a_probe(t):
    # the device is there only after PoCL was loaded, which takes longer than the daemon
    daemon = t.start(settings={"gpu.backends": "opencl"})
    daemon.call("gpu.list")
    contains([source["source"] for source in daemon.call("status.get")["sources"]], "opencl")


def test_one_line_and_no_more(t):
    daemon = t.start()
    for _ in range(5):
        daemon.call("status.get")
    daemon.process.send_signal(orfeas_test.signal.SIGHUP)
    daemon.call("status.get")
    daemon.stop()  # asserts that nothing more was written
    assert json.dumps(daemon.ready)


orfeas_test.main()
