#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Delivery of alerts to receivers that are real, whoever dies meanwhile. A driver with the daemon's store, outbox and
notifier stands in for the engine that makes alerts fire."""

import email
import email.policy
import os
import pathlib
import random
import re
import signal
import socket
import sqlite3
import stat
import struct
import subprocess
import threading
import time

import orfeas_test
from alert_receivers import Alertmanager, Webhook
from orfeas_test import PATIENCE_S, contains, equal, wait_for
from receivers import free_port

BACKOFF = {"backoff_us": 10000, "backoff_max_us": 100000}


class Driver:
    def __init__(self, t, receivers, notify=None, defaults=None):
        self.t = t
        self.config = os.path.join(t.dir, "driver.conf")
        self.db = os.path.join(t.dir, "driver.db")
        self.process = None
        self.configure(receivers, notify, defaults)

    def configure(self, receivers, notify=None, defaults=None):
        sections = {"outbox": BACKOFF, "notify": {"group_interval_us": 0, **(notify or {})},
                    "receivers": {**(defaults or {}), **{name: one["kind"] for name, one in receivers.items()}},
                    **{f"receivers.{name}": {k: v for k, v in one.items() if k != "kind"} for name, one in receivers.items()}}
        with open(self.config, "w", encoding="utf-8") as file:
            for section, keys in sections.items():
                file.write(f"[{section}]\n" + "".join(f"{key}={value}\n" for key, value in keys.items()))

    def start(self):
        self.log = open(os.path.join(self.t.dir, "driver.log"), "ab")
        self.process = subprocess.Popen([os.environ["ORFEAS_NOTICE_DRIVER"], self.config, self.db], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.log, text=True, bufsize=1)
        equal(self.process.stdout.readline(), "ready\n")
        return self

    def order(self, text):
        self.process.stdin.write(text + "\n")
        equal(self.process.stdout.readline(), "done\n", open(self.log.name, encoding="utf-8").read())

    def kill(self):
        self.process.kill()
        self.end()

    def stop(self):
        self.process.stdin.close()
        equal(self.process.wait(PATIENCE_S), 0, open(self.log.name, encoding="utf-8").read())
        self.end()

    def end(self):
        self.process.wait(PATIENCE_S)
        self.process.stdout.close()
        self.log.close()
        self.process = None

    def sql(self, query):
        connection = sqlite3.connect(self.db, timeout=PATIENCE_S)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def wait_states(self, state, n):
        wait_for(lambda: self.sql(f"SELECT count(*) FROM alert_notice WHERE state = '{state}'")[0][0] == n, f"{n} {state}")

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        if self.process is not None:
            self.kill() if kind else self.stop()


def webhook(hook, **more):
    return {"kind": "webhook", "url": hook.url, **more}


def write_script(t, name, text):
    path = os.path.join(t.dir, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\n" + text)
    os.chmod(path, stat.S_IRWXU)
    return path


# --- webhooks


def test_webhook(t):
    with Webhook() as hook, Driver(t, {"one": webhook(hook)}) as driver:
        driver.order("fire 1 gpu_memory_high device=gpu-0")
        wait_for(lambda: len(hook.get()) == 1, "the firing")
        driver.order("resolve 1")
        wait_for(lambda: len(hook.get()) == 2, "the end")
        first, last = hook.get()
        equal((first["version"], first["status"], first["receiver"], first["truncatedAlerts"]), ("4", "firing", "one", 0))
        equal(first["groupLabels"], {"alertname": "gpu_memory_high"})
        equal(first["alerts"][0]["labels"], {"alertname": "gpu_memory_high", "device": "gpu-0", "severity": "warning"})
        equal((last["status"], last["alerts"][0]["status"]), ("resolved", "resolved"))
        equal(first["alerts"][0]["fingerprint"], last["alerts"][0]["fingerprint"])
        equal(hook.headers[0]["Content-Type"], "application/json")
        driver.wait_states("delivered", 2)
        equal(driver.sql("SELECT DISTINCT answer, attempts FROM alert_notice"), [("HTTP 200", 0)])


def test_misbehaving(t):
    """One that fails, hangs, hangs up and refuses; meanwhile another is told at once."""
    with Webhook() as bad, Webhook() as good, \
            Driver(t, {"bad": webhook(bad, timeout_us=3000000), "good": webhook(good)}) as driver:
        released = threading.Event()
        times = []

        def behave(number, handler):
            times.append(time.monotonic())
            if number == 1:
                handler.answer(503, Retry_After=1)
            elif number == 2:
                released.wait(PATIENCE_S)
            elif number == 3:
                handler.connection.close()
            else:
                return False
            return True

        bad.behave = behave
        driver.order("fire 1 hot device=0")
        driver.order("resolve 1")
        wait_for(lambda: good.ids() == ["al-1/firing", "al-1/resolved"], "the good one")
        wait_for(lambda: list(dict.fromkeys(bad.ids())) == ["al-1/firing", "al-1/resolved"], "the bad one")
        released.set()
        assert times[1] - times[0] > 0.99, times  # Retry-After
        driver.wait_states("delivered", 4)
        assert driver.sql("SELECT attempts FROM alert_notice WHERE receiver = 'bad' ORDER BY id")[0][0] >= 3
        reasons = [reason for reason, in driver.sql("SELECT reason FROM alert_event WHERE step = 'failed' ORDER BY id")]
        contains(reasons[0], "503")
        equal(reasons[1], "no answer in time")
        bad.behave = lambda number, handler: handler.answer(400) or True
        driver.order("fire 2 hot device=0")
        driver.wait_states("refused", 1)


def test_away(t):
    """One that is down when alerts fire and end gets all of it, in order, when it is back; also of a later run."""
    port = free_port()
    driver = Driver(t, {"one": {"kind": "webhook", "url": f"http://127.0.0.1:{port}/hook"}})
    with driver:
        for i in range(1, 4):
            driver.order(f"fire {i} hot device={i}")
        driver.order("resolve 2")
        driver.wait_states("posted", 4)
    with Webhook(port) as hook, driver:
        wait_for(lambda: len(hook.ids()) == 4, "all of it")
        equal(hook.ids(), ["al-1/firing", "al-2/firing", "al-3/firing", "al-2/resolved"])
        driver.wait_states("delivered", 4)


def test_killed(t):
    """kill -9 at random moments: nothing is lost, and what comes twice has the same id."""
    seed = random.randrange(1 << 32)
    print(f"# seed {seed}", flush=True)
    chance = random.Random(seed)
    with Webhook() as hook:
        hook.behave = lambda number, handler: chance.random() < 0.2 and (handler.answer(500) or True)
        driver = Driver(t, {"one": webhook(hook)})
        firing, expected, n = [], [], 0
        for _ in range(12):
            driver.start()
            for _ in range(chance.randrange(1, 6)):
                if firing and chance.random() < 0.5:
                    one = firing.pop(chance.randrange(len(firing)))
                    driver.order(f"resolve {one}")
                    expected.append(f"al-{one}/resolved")
                else:
                    n += 1
                    driver.order(f"fire {n} rule{n % 3} device={n}")
                    firing.append(n)
                    expected.append(f"al-{n}/firing")
            time.sleep(chance.random() * 0.05)  # where in its work it is killed
            driver.kill()
        with driver:
            wait_for(lambda: not driver.sql("SELECT 1 FROM alert_notice WHERE state <> 'delivered'"), "all to be told")
            ids = hook.ids()
            equal(sorted(set(ids)), sorted(expected))
            for one in expected:
                if one.endswith("/resolved"):
                    assert ids.index(one.replace("resolved", "firing")) < ids.index(one), (one, ids)
            print(f"# {len(expected)} notifications, {len(ids) - len(expected)} came again", flush=True)


def test_reload(t):
    with Webhook() as one, Webhook() as two:
        driver = Driver(t, {"one": webhook(one)})
        with driver:
            driver.order("fire 1 hot device=0")
            wait_for(lambda: one.ids() == ["al-1/firing"], "the first")
            wait_for(lambda: not driver.sql("SELECT 1 FROM alert_notice WHERE state <> 'delivered'"), "it to be known as told")
            driver.configure({"one": webhook(two)})
            driver.order("reload")
            driver.order("resolve 1")
            wait_for(lambda: two.ids() == ["al-1/resolved"], "the other")
            equal(len(one.ids()), 1)


# --- Alertmanager


def alertmanager(manager, **more):
    return {"kind": "alertmanager", "url": manager.root + "/", "resend_us": 500000, **more}


def labels(rule, **more):
    return tuple(sorted({"alertname": rule, "severity": "warning", **more}.items()))


def test_alertmanager(t):
    with Webhook() as hook, Webhook() as own, Alertmanager(t, hook) as manager, \
            Driver(t, {"am": alertmanager(manager, resend_us=5000000), "own": webhook(own)}) as driver:
        driver.order("fire 1 hot device=gpu-0")
        driver.order("fire 2 hot device=gpu-1")
        driver.order("fire 3 full deviceId=gpu-1")
        expected = sorted([labels("hot", device="gpu-0"), labels("hot", device="gpu-1"), labels("full", device_id="gpu-1")])
        wait_for(lambda: manager.active() == expected, "amtool to see them")
        # it groups them, and tells its receivers; the same JSON as ours, under the same names
        wait_for(lambda: any(len(m["alerts"]) == 2 for m in hook.get()), "a group of two")
        for receiver in (hook, own):
            wait_for(lambda: len({one["fingerprint"] for m in receiver.get() for one in m["alerts"]}) == 3, "all three")
        theirs = {one["fingerprint"]: one for m in hook.get() for one in m["alerts"]}
        ours = {one["fingerprint"]: one for m in own.get() for one in m["alerts"]}
        equal(sorted(theirs), sorted(ours))
        message = next(m for m in own.get())
        equal(set(message), set(hook.get()[0]))
        for name, one in theirs.items():
            equal(set(one), set(ours[name]))
            equal(one["labels"], ours[name]["labels"])
            equal(one["status"], "firing")
        shown = manager.amtool("alert", "query", "alertname=full")[0]
        equal(shown["annotations"]["summary"], "full is too high")
        driver.order("resolve 1")
        wait_for(lambda: manager.active() == sorted(expected[:1] + [labels("hot", device="gpu-1")]), "the end in amtool")
        wait_for(lambda: any(one["status"] == "resolved" and one["labels"].get("device") == "gpu-0"
                             for m in hook.get() for one in m["alerts"]), "the end at its receiver")


def test_alertmanager_restarted(t):
    """It comes back and knows nothing: what fires is pushed again, and what ended while it was away is not. So by another
    run of ours. While it is away nothing piles up."""
    with Webhook() as hook:
        manager = Alertmanager(t, hook)
        driver = Driver(t, {"am": alertmanager(manager)})
        with manager, driver:
            driver.order("fire 1 hot device=gpu-0")
            driver.order("fire 2 full device=gpu-0")
            wait_for(lambda: len(manager.active()) == 2, "both")
            manager.process.kill()
            manager.process.wait(PATIENCE_S)
            subprocess.run(["rm", "-rf", os.path.join(t.dir, "am")], check=True)
            driver.order("resolve 2")
            driver.wait_states("posted", 1)
            time.sleep(1)  # for pushes that go nowhere
            equal(driver.sql("SELECT count(*) FROM outbox"), [(1,)])
            manager.start()
            wait_for(lambda: manager.active() == [labels("hot", device="gpu-0")], "what fires still")
            driver.wait_states("delivered", 3)
        with manager:
            subprocess.run(["rm", "-rf", os.path.join(t.dir, "am")], check=True)
        subprocess.run(["rm", "-rf", os.path.join(t.dir, "am")], check=True)
        with manager, driver:
            wait_for(lambda: manager.active() == [labels("hot", device="gpu-0")], "another run to push it")


def test_alertmanager_forgets(t):
    """What is pushed no more is over in four times resend_us."""
    with Webhook() as hook, Alertmanager(t, hook) as manager:
        driver = Driver(t, {"am": alertmanager(manager)})
        with driver:
            driver.order("fire 1 hot device=gpu-0")
            first = wait_for(lambda: manager.amtool("alert", "query"), "it")[0]["endsAt"]
            wait_for(lambda: [one["endsAt"] for one in manager.amtool("alert", "query")] > [first], "a push that prolongs it")
        wait_for(lambda: not manager.active(), "it to be forgotten")


# --- the daemon


def test_daemon(t):
    """Receivers of its config are destinations; a wrong one refuses the start, and at SIGHUP leaves all as it was."""
    good = "[gpu]\nbackends=simulated\n[receivers]\none=journal\n"
    contains(t.daemon(config=good + "[receivers]\ntwo=webhook\n").start_refused(), "receivers.two.url")
    contains(t.daemon(config=good + "[receivers.one]\nmatchers={\n").start_refused(), "receivers.one.matchers")
    daemon = t.start(config=good)

    def names():
        return [one["destination"] for one in daemon.call("outbox.list")["destinations"]]

    def reload(config, said):
        with open(daemon.config, "w", encoding="utf-8") as file:
            file.write(config)
        daemon.process.send_signal(signal.SIGHUP)
        wait_for(said, "SIGHUP to be obeyed")

    contains(names(), "alert:one")
    reload(good + "[receivers]\ntwo=pigeon\n", lambda: "alerts are told as before: receivers.two" in daemon.stderr())
    equal([name for name in names() if name.startswith("alert:")], ["alert:one"])
    reload(good + "[receivers]\ntwo=exec\n[receivers.two]\ncommand=/bin/true\n", lambda: "alert:two" in names())


def test_page(t):
    """The config of the page starts a daemon with all its receivers."""
    page = pathlib.Path(__file__).resolve().parents[2] / "doc/notifications.md"
    text = re.search(r"```ini\n(.*?)```", page.read_text(encoding="utf-8"), re.S).group(1)
    token = os.path.join(t.dir, "token")
    with open(token, "w", encoding="utf-8") as file:
        file.write("secret\n")
    daemon = t.start(config="[gpu]\nbackends=simulated\n" + text.replace("/etc/orfeas/hook.token", token))
    equal(sorted(one["destination"] for one in daemon.call("outbox.list")["destinations"] if one["destination"].startswith("alert:")),
          [f"alert:{name}" for name in ("am", "chat", "log", "oncall", "ops", "page")])


# --- commands and the journal


def test_exec(t):
    script = write_script(t, "tell.sh", f'cat > {t.dir}/told.json; env | grep ^ORFEAS_ | sort > {t.dir}/told.env; echo noted "$1"\n')
    with Driver(t, {"page": {"kind": "exec", "command": f"{script};a b"}}) as driver:
        driver.order("fire 1 hot device=gpu-0")
        driver.wait_states("delivered", 1)
        equal(driver.sql("SELECT answer FROM alert_notice"), [("noted a b",)])
        text = open(os.path.join(t.dir, "told.json"), encoding="utf-8").read()
        contains(text, '"id":"al-1/firing"')
        env = dict(line.rstrip("\n").split("=", 1) for line in open(os.path.join(t.dir, "told.env"), encoding="utf-8"))
        equal((env["ORFEAS_STATUS"], env["ORFEAS_RULE"], env["ORFEAS_COUNT"], env["ORFEAS_LABELS"]),
              ("firing", "hot", "1", '{"device":"gpu-0"}'))


def test_sendmail(t):
    """A stand-in for sendmail, which keeps its arguments and the mail."""
    script = write_script(t, "sendmail-stand-in.sh", f'printf "%s\\n" "$@" > {t.dir}/arguments; cat > {t.dir}/mail\n')
    with Driver(t, {"ops": {"kind": "sendmail", "command": script, "to": "a@example.org;b@example.org", "from": "me@example.org"}},
                notify={"external_url": "https://gpu.example.org"}) as driver:
        driver.order("fire 1 zu_heiß device=gpu-0")
        driver.wait_states("delivered", 1)
        equal(open(os.path.join(t.dir, "arguments"), encoding="utf-8").read().split("\n")[:-1],
              ["-i", "-f", "me@example.org", "--", "a@example.org", "b@example.org"])
        with open(os.path.join(t.dir, "mail"), "rb") as file:
            mail = email.message_from_binary_file(file, policy=email.policy.default)
        equal(mail.defects, [])
        equal(mail["Subject"], "[FIRING:1] zu_heiß is too high")
        equal((mail["To"], mail["From"], mail["Auto-Submitted"]), ("a@example.org, b@example.org", "me@example.org", "auto-generated"))
        assert mail["Message-ID"].startswith("<al-1.firing.1.ops@"), mail["Message-ID"]
        contains(mail.get_content(), "zu_heiß: firing (warning)\n")
        contains(mail.get_content(), "https://gpu.example.org/#alerts")


def read_entry(data):
    """The journal's native protocol."""
    fields, at = {}, 0
    while at < len(data):
        line = data[at : data.index(b"\n", at)]
        if b"=" in line:
            name, value = line.split(b"=", 1)
            at += len(line) + 1
        else:
            name = line
            size, = struct.unpack_from("<Q", data, at + len(line) + 1)
            at += len(line) + 9
            value = data[at : at + size]
            at += size + 1
        fields[name.decode()] = value.decode()
    return fields


def test_journal(t):
    """A stand-in for the journal's socket, which comes only later."""
    path = os.path.join(t.dir, "journal")
    with Driver(t, {"log": {"kind": "journal", "url": path}}) as driver, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        driver.order("fire 1 hot device=gpu-0")
        wait_for(lambda: driver.sql("SELECT 1 FROM alert_notice WHERE attempts > 0"), "it to be tried")
        journal.bind(path)
        journal.settimeout(PATIENCE_S)
        entry = read_entry(journal.recv(65536))
        equal((entry["MESSAGE"], entry["PRIORITY"], entry["ORFEAS_NOTIFICATION"]), ("alert: hot: hot is too high", "4", "al-1/firing"))
        driver.wait_states("delivered", 1)


if __name__ == "__main__":
    orfeas_test.main()
