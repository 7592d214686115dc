#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Run by script/boot inside a container that systemd booted: the units of orfeas as they are installed, with what they work with.

Each case goes on where the one before it ended. Speaks TAP.
"""

import glob
import http.server
import json
import os
import pwd
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
CONF = "/etc/orfeas/orfeasd.conf"
URL = "http://127.0.0.1:5000"
PATIENCE_S = 60
MAX_EXPOSURE = 1.5
TOLD = os.path.join(HERE, "command.sh")

SETTINGS = f"""[gpu]
largest_block=true
max_largest_block_bytes=268435456

[cache]
mode=sharded
nodes=127.0.0.1:6379

[outbox]
backoff_us=100000
backoff_max_us=1000000

[notify]
group_interval_us=0

[alerts]
hot=boot.heat > 5

[receivers]
plain=webhook
secure=webhook
page=exec

[receivers.plain]
url=http://127.0.0.1:8001/

[receivers.secure]
url=https://localhost:8002/
tls_ca_file=/etc/orfeas/hooks.pem

[receivers.page]
command={TOLD}
matchers={{rule="hot"}}
"""

# Who it is, where it may write, which of the daemon's files and folders it sees: its answer is kept with the notice.
COMMAND = """#!/bin/sh
echo "user=$(id -un) rule=$ORFEAS_RULE"
for place in / /dev /etc /etc/orfeas /home /opt /root /run /run/orfeas /srv /usr /var/lib /var/lib/orfeas; do
  touch $place/x 2>/dev/null && echo wrote:$place
done
for seen in /var/lib/orfeas /run/orfeas; do
  ls $seen >/dev/null 2>&1 && echo listed:$seen
done
for seen in /var/lib/orfeas/orfeas.db /run/orfeas/cookie /dev/shm/shared; do
  cat $seen >/dev/null 2>&1 && echo read:$seen
done
touch /tmp/x && echo tmp
(setsid sleep 4321 &)
"""


def run(*command, check=True, **more):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, **more)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout.strip()


def wait_for(look, what, patience_s=PATIENCE_S):
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        try:
            found = look()
        except (OSError, AssertionError, subprocess.SubprocessError):
            found = None
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"waited for {what}; the journal ends:\n" + run("journalctl", "-u", "orfeasd", "-u", "orfeas-exec@*", "-n", "30", "--no-pager"))


def equal(actual, expected, what=""):
    assert actual == expected, f"{what}: {actual!r}, not {expected!r}"


def call(method, **params):
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
    text = run("curl", "-sS", "--max-time", "20", "-H", "Content-Type: application/json", "--data-binary", body, f"{URL}/rpc")
    answer = json.loads(text)
    assert "result" in answer, answer
    return answer["result"]


def show(unit, key):
    return run("systemctl", "show", "-P", key, unit)


def pid():
    return int(show("orfeasd.service", "MainPID"))


def serving():
    return call("health.check")["serving"] == "SERVING"


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.told += 1
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def start_hook(port, certificate=None):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Hook)
    server.told = 0
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


# --- cases, in order


def test_installs():
    """Packages, or the files of a build: users, units, folders; it is started by that and serves."""
    os.makedirs("/etc/orfeas", exist_ok=True)
    packages = sorted(glob.glob(f"{HERE}/*.deb"))
    if packages:
        run("dpkg", "--install", *[name for name in packages if "/orfeas_" in name or "/liborfeas" in name and "-dev" not in name],
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    else:
        run("systemd-sysusers")
        run("systemd-tmpfiles", "--create")
        run("systemctl", "daemon-reload")
        run("systemctl", "enable", "--now", "orfeasd.service")
        run("systemctl", "start", "orfeasd.socket", "orfeas-exec.socket")
    for user in ("orfeas", "orfeas-exec"):
        pwd.getpwnam(user)
    for unit in ("orfeasd.service", "orfeasd.socket", "orfeas-exec.socket"):
        equal(run("systemctl", "is-enabled", unit), "enabled", unit)
        wait_for(lambda: run("systemctl", "is-active", unit) == "active", f"{unit} to be active")
    wait_for(serving, "it to serve")
    with open(f"/proc/{pid()}/status", encoding="utf-8") as file:
        status = file.read()
    assert f"\nUid:\t{pwd.getpwnam('orfeas').pw_uid}\t" in status, status
    assert "\nSeccomp:\t2\n" in status, status


def test_scores():
    for unit in ("orfeasd.service", "orfeas-exec@0.service"):
        line = run("systemd-analyze", "security", "--no-pager", unit, check=False).splitlines()[-1]
        print(f"# {line.strip()}")
        assert float(line.split(": ")[1].split()[0]) <= MAX_EXPOSURE, line


def test_gpus():
    """PoCL, a real driver, in the probe's own sandbox within the unit's."""
    wait_for(lambda: any(one["backend"] == "opencl" for one in call("gpu.list")["devices"]), "an OpenCL device")
    source = next(one for one in call("status.get")["sources"] if one["source"] == "opencl")
    equal((source["state"], source["unguarded"]), ("operational", None))
    print(f"# {call('gpu.list')['devices'][0]['name']}, probe {source['rss_bytes'] >> 20} MiB")


def test_settings():
    """The rest's: Redis, receivers, a rule; taken by systemctl reload."""
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
        "-addext", "subjectAltName=DNS:localhost", "-keyout", f"{HERE}/hooks.key", "-out", "/etc/orfeas/hooks.pem")
    with open(TOLD, "w", encoding="utf-8") as file:
        file.write(COMMAND)
    os.chmod(TOLD, 0o755)
    with open("/dev/shm/shared", "w", encoding="utf-8") as file:  # everybody's, and not a command's
        file.write("shared\n")
    run("systemctl", "start", "redis-server.service")
    with open(CONF, "w", encoding="utf-8") as file:
        file.write(SETTINGS)
    os.chmod(CONF, 0o644)
    before = pid()
    run("systemctl", "reload", "orfeasd.service")
    wait_for(lambda: any(rule["rule"] == "hot" for rule in call("alerts.rules")["rules"]), "the rule")
    equal(pid(), before, "a reload keeps the process")
    run("systemctl", "restart", "orfeasd.service")  # nodes are taken at a start
    wait_for(serving, "it to serve")


def test_gpu_memory_is_taken():
    """A driver that allocates, with threads and a cache of its own."""
    device = wait_for(lambda: [one for one in call("gpu.list")["devices"] if one["backend"] == "opencl"], "the device")[0]["device"]
    found = json.loads(run("orfeasctl", "--url", URL, "--json", "call", "gpu.largest", json.dumps({"device": device})))
    assert found["largest_bytes"] > 0, found


def test_redis():
    wait_for(lambda: call("cache.stats")["l2"]["nodes"][0]["state"] == "up", "the node")
    call("cache.set", key="boot", value="1")
    wait_for(lambda: run("redis-cli", "dbsize").split()[-1] != "0", "the key in Redis")


def test_webhooks_and_commands():
    """By HTTP, by TLS, and by a command that runs as another user, sees nothing of the daemon's, writes nothing and leaves nothing."""
    hooks = [start_hook(8001), start_hook(8002, ("/etc/orfeas/hooks.pem", f"{HERE}/hooks.key"))]
    call("metrics.record", samples=[{"name": "boot.heat", "value": 9}])
    wait_for(lambda: all(hook.told for hook in hooks), "both webhooks")
    query = "SELECT answer, state FROM alert_notice WHERE receiver='page'"
    row = wait_for(lambda: [row for row in call("sql.query", sql=query)["rows"] if row[0]], "the command's answer")[0]
    print(f"# the command said {row}")
    equal(row[0].split(), ["user=orfeas-exec", "rule=hot", "tmp"])
    equal(run("pgrep", "-f", "sleep 4321", check=False), "", "what it left behind")


def test_nothing_else_is_run():
    """In the daemon's own unit no program can be executed but its own."""
    there = ["nsenter", "--mount", "--target", str(pid())]
    for program in ("/bin/sh", "/usr/bin/python3", "/usr/bin/touch", TOLD):
        done = subprocess.run([*there, program], capture_output=True, text=True, check=False, timeout=PATIENCE_S, stdin=subprocess.DEVNULL)
        assert done.returncode != 0 and "Permission denied" in done.stderr, (program, done)
    daemon = os.readlink(f"/proc/{pid()}/exe")
    assert run(*there, daemon, "--version").startswith("orfeasd"), daemon


def test_devices_are_closed():
    """In the daemon's control group no device opens but those of its unit."""
    other = "/dev/net/tun"
    if not os.path.exists(other):
        print(f"# no {other} here")
        return
    script = "import os, sys; open(sys.argv[1], 'w').write(str(os.getpid())); os.open('/dev/null', os.O_RDWR); os.open(sys.argv[2], os.O_RDONLY)"
    procs = "/sys/fs/cgroup" + show("orfeasd.service", "ControlGroup") + "/cgroup.procs"
    done = subprocess.run([sys.executable, "-c", script, procs, other], capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert other in done.stderr and "not permitted" in done.stderr, str(done) + run("journalctl", "-b", "--no-pager", "-g", "BPF|evice")


def test_settings_of_others():
    """Settings that the world may write: no command is run by them, and the notice says why."""
    os.chmod(CONF, 0o664)
    call("metrics.record", samples=[{"name": "boot.heat", "value": 1}])
    query = "SELECT reason FROM alert_event WHERE receiver='page' AND step='failed' AND reason LIKE '%chmod go-w%'"
    print("#", wait_for(lambda: call("sql.query", sql=query)["rows"], "the refusal")[0][0])
    os.chmod(CONF, 0o644)


def test_watchdog():
    """A main loop that hangs is ended and started anew."""
    before, restarts = pid(), int(show("orfeasd.service", "NRestarts"))
    begun = time.monotonic()
    os.kill(before, signal.SIGSTOP)
    wait_for(lambda: int(show("orfeasd.service", "NRestarts")) > restarts and pid() not in (0, before) and serving(), "its next life", 90)
    print(f"# back after {time.monotonic() - begun:.1f} s")


def test_killed():
    before = pid()
    begun = time.monotonic()
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: pid() not in (0, before) and serving(), "its next life")
    print(f"# back after {time.monotonic() - begun:.1f} s")


def test_sockets_start_it():
    run("systemctl", "stop", "orfeasd.service")
    equal(run("systemctl", "is-active", "orfeasd.service", check=False), "inactive")
    with socket.create_connection(("127.0.0.1", 5000), PATIENCE_S) as one:
        one.settimeout(PATIENCE_S)
        one.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:5000\r\nConnection: close\r\n\r\n")
        assert one.recv(4096).startswith(b"HTTP/1.1 200"), "who calls while it is gone is answered"
    equal(run("systemctl", "is-active", "orfeasd.service"), "active")


def test_upgrade():
    """The same package once more, as an upgrade: a new process at the old sockets, with the old file and settings."""
    packages = glob.glob(f"{HERE}/orfeas_*.deb")
    if not packages:
        return
    call("metrics.record", samples=[{"name": "boot.before", "value": 7}])
    before, settings = pid(), os.stat(CONF).st_mtime_ns if os.path.exists(CONF) else None
    run("dpkg", "--install", *packages, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    wait_for(lambda: pid() not in (0, before) and serving(), "its next life")
    for unit in ("orfeasd.service", "orfeasd.socket", "orfeas-exec.socket"):
        equal(run("systemctl", "is-active", unit), "active", unit)
    equal(call("sql.query", sql="SELECT value FROM samples WHERE name='boot.before'")["rows"], [[7]], "what was there before")
    equal(os.stat(CONF).st_mtime_ns if os.path.exists(CONF) else None, settings, "the settings")


def test_purge():
    """What the packages brought is gone, the file stays."""
    if not glob.glob(f"{HERE}/*.deb"):
        return
    run("apt-get", "purge", "-y", "orfeas", env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    for unit in ("orfeasd.service", "orfeasd.socket", "orfeas-exec.socket"):
        assert run("systemctl", "is-active", unit, check=False) in ("inactive", "failed", "unknown"), unit
    for folder in ("/lib/systemd/system", "/etc/systemd/system"):
        equal(glob.glob(f"{folder}/orfeas*") + glob.glob(f"{folder}/*.wants/orfeas*"), [], "units left behind")
    equal(os.path.exists("/var/lib/orfeas/orfeas.db"), True)


def main():
    with open(os.path.join(HERE, "cases"), encoding="utf-8") as file:
        wanted = file.read().split()
    cases = [(name[5:].replace("_", "-"), function) for name, function in globals().items() if name.startswith("test_")]
    unknown = set(wanted) - {name for name, _ in cases}
    if unknown:
        sys.exit(f"# no such case: {' '.join(sorted(unknown))}; there are: {' '.join(name for name, _ in cases)}")
    cases = [case for case in cases if not wanted or case[0] in wanted]
    failed = 0
    for number, (name, function) in enumerate(cases, 1):
        begun = time.monotonic()
        try:
            function()
            print(f"ok {number} {name} # {time.monotonic() - begun:.1f} s", flush=True)
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print("# " + traceback.format_exc().replace("\n", "\n# "))
            print(f"not ok {number} {name}", flush=True)
    print(f"1..{len(cases)}")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
