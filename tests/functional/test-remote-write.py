#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Remote write: every sample arrives, once and in order, whoever dies meanwhile."""

import base64
import os
import random
import signal
import ssl
import subprocess
import time

import orfeas_test
from orfeas_test import contains, equal, fails, now_us, wait_for
from receivers import Prometheus, Receiver, VictoriaMetrics, free_port


def settings(url, **more):
    return {
        "remote_write.url": url,
        "remote_write.period_us": 100000,
        "outbox.backoff_us": 10000,
        "outbox.backoff_max_us": 200000,
        "store.commit_us": 20000,
        **{key.replace("__", "."): value for key, value in more.items()},
    }


def start(t, url, **more):
    return t.start(settings=settings(url, **more))


def destination(daemon):
    found = daemon.call("outbox.list")["destinations"]
    return next(one for one in found if one["destination"] == "remote_write")


def record(daemon, name, points, **labels):
    daemon.call("metrics.record", {"samples": [{"name": name, "labels": labels, "value": v, "t_us": t_us} for t_us, v in points]})


def stored(daemon, name):
    """(t_ms, value) of what the file has of the series with this name, in the order of arrival."""
    return [(t_us // 1000, value) for t_us, value in daemon.sql(
        "SELECT t_us, value FROM sample_raw JOIN series ON series.id = series_id WHERE name = ? ORDER BY sample_raw.rowid", name)]


def settle(daemon):
    """Until all that was recorded is handed on."""
    last = daemon.sql("SELECT max(rowid) FROM sample_raw")[0][0]
    wait_for(lambda: daemon.sql("SELECT count(*) FROM outbox_cursor WHERE next_rowid > ? AND NOT EXISTS "
                                "(SELECT 1 FROM outbox WHERE sample_rowid <= ?)", last, last)[0][0], "all to be handed on")
    return last


def ticks(n, start_us=None):
    begin = (start_us or now_us()) // 1000000 * 1000000
    return [(begin - (n - i) * 1000000 + 123456, i / 7) for i in range(n)]


# --- what is sent


def test_protocol(t):
    with Receiver() as receiver:
        daemon = start(t, receiver.url)
        points = ticks(5)
        record(daemon, "job.wait_us", [(t_us, v * 1e6) for t_us, v in points], deviceId='a"\u00e9', instance="own")
        wait_for(lambda: len(receiver.get('job_wait_seconds{device_id="a"\u00e9"}')) == 5, "the samples")
        equal(receiver.get('job_wait_seconds{device_id="a"\u00e9"}'), [(t_us // 1000, v * 1e6 / 1e6) for t_us, v in points])
        labels = receiver.labels['job_wait_seconds{device_id="a"\u00e9"}']
        equal(labels["instance"], "own")
        equal(labels["job"], "orfeas")
        headers = receiver.requests[0]
        equal(headers["Content-Type"], "application/x-protobuf")
        equal(headers["Content-Encoding"], "snappy")
        equal(headers["X-Prometheus-Remote-Write-Version"], "0.1.0")
        assert headers["User-Agent"].startswith("orfeasd/"), headers
        wait_for(lambda: receiver.get("orfeas_series"), "built-in series")
        equal(receiver.labels["orfeas_series"]["instance"], os.uname().nodename)
        # the receiver has them before its answer is read
        state = wait_for(lambda: (lambda s: s["samples_sent"] >= 5 and s)(destination(daemon)), "it to be counted")
        equal((state["url"], state["dropped"], state["failed"], state["samples_dropped"]), (receiver.url, 0, 0, 0))
        assert state["sent"] > 0 and state["last_error"] is None, state


def test_names_are_those_of_the_page(t):
    """What is scraped and what is sent bears the same names and labels."""
    with Receiver() as receiver:
        daemon = start(t, receiver.url)
        define = lambda name, **more: daemon.call("metrics.define", {"name": name, **more})
        define("render.time", kind="histogram", unit="ms", buckets=[1, 10, 100.5])
        define("frames", kind="counter")
        define("room", kind="gauge", unit="percent", help="free")
        for value in (0.5, 50, 1000):
            record(daemon, "render.time", [(now_us(), value)], gpu="0")
        record(daemon, "frames", [(now_us(), 3)])
        record(daemon, "room", [(now_us(), 25)])
        record(daemon, "job.time", [(now_us(), 1)])
        record(daemon, "job_time", [(now_us(), 2)])  # would have the same name
        record(daemon, "up", [(now_us(), 1)])
        settle(daemon)
        page = daemon.http("GET", "/metrics")[2].decode()
        told = {line.rsplit(" ", 1)[0] for line in page.splitlines() if line[0] != "#" and not line.startswith("orfeas_build_info")}
        wait_for(lambda: told <= set(receiver.samples), f"all of the page's series: {sorted(told - set(receiver.samples))}")
        equal(receiver.get('render_time_seconds_bucket{gpu="0",le="0.1005"}')[-1][1], 2.0)
        equal(receiver.get('render_time_seconds_sum{gpu="0"}')[-1][1], 1.0505)
        equal(receiver.get('render_time_seconds_count{gpu="0"}')[-1][1], 3.0)
        equal(receiver.get("frames_total")[-1][1], 3.0)
        equal(receiver.get("room_ratio")[-1][1], 0.25)


def test_redefined(t):
    """A unit told later, and another start: names follow the file."""
    with Receiver() as receiver:
        daemon = start(t, receiver.url)
        record(daemon, "wait", [(now_us(), 1500)])
        wait_for(lambda: receiver.get("wait"), "the plain name")
        daemon.call("metrics.define", {"name": "wait", "kind": "gauge", "unit": "ms"})
        daemon.restart()
        record(daemon, "wait", [(now_us(), 1500)])
        wait_for(lambda: receiver.get("wait_seconds"), "the name with its unit")
        equal(receiver.get("wait_seconds")[0][1], 1.5)


def compare_all(daemon, receiver):
    """Each series of the file has its samples there, at the same times."""
    daemon.stop()
    rows = daemon.sql("SELECT t_us, series_id FROM sample_raw WHERE rowid < coalesce("
                      "(SELECT min(sample_rowid) FROM outbox), (SELECT next_rowid FROM outbox_cursor))")
    by_series = {}
    for t_us, series in rows:
        by_series.setdefault(series, set()).add(t_us // 1000)
    times = lambda: sorted(sorted(t_ms for t_ms, _ in points) for points in receiver.samples().values())
    expected = sorted(map(sorted, by_series.values()))
    wait_for(lambda: list(map(len, times())) >= list(map(len, expected)), "all series there")
    # a run that was on its way when the daemon was stopped may be there, too
    for there, here in zip(times(), expected):
        equal(there[: len(here)], here)


def any_double(generator):
    return [generator.random(), generator.uniform(-1e300, 1e300), 0.0, 5e-324, 1e15 + 1]


def decimals(generator):
    """VictoriaMetrics keeps some 15 digits below a series' largest value."""
    return [round(generator.random(), 9), generator.randrange(100000) / 100, 0.0]


def with_real(t, real, values):
    with real(t) as receiver:
        daemon = start(t, receiver.url)
        daemon.call("metrics.define", {"name": "render.time", "kind": "histogram", "unit": "ms", "buckets": [1, 10, 100]})
        generator = random.Random(7)
        expected = {}
        for i in range(60):
            begin = now_us()
            samples = []
            for k in range(20):
                value = generator.choice(values(generator))
                samples.append({"name": f"real.s{k}", "labels": {"k": str(k)}, "value": value, "t_us": begin + k})
                expected.setdefault(f'real_s{k}{{k="{k}"}}', []).append(((begin + k) // 1000, value))
            daemon.call("metrics.record", {"samples": samples})
            record(daemon, "render.time", [(begin, generator.random() * 200)])
            time.sleep(0.003)  # a millisecond is what a receiver can tell apart
        settle(daemon)
        wait_for(lambda: len(receiver.samples('{__name__=~"real_.*"}')) == 20, "the series there")
        wait_for(lambda: sum(map(len, receiver.samples('{__name__=~"real_.*"}').values())) == 1200, "the samples there")
        found = receiver.samples('{__name__=~"real_.*"}')
        for name, points in expected.items():
            equal(found[name], points, name)
        buckets = receiver.samples('{__name__="render_time_seconds_bucket",le="+Inf"}')
        equal([v for _, v in next(iter(buckets.values()))], [float(i) for i in range(1, 61)])
        equal(destination(daemon)["samples_dropped"], 0)
        compare_all(daemon, receiver)


def test_prometheus(t):
    with_real(t, Prometheus, any_double)


def test_victoria_metrics(t):
    with_real(t, VictoriaMetrics, decimals)


# --- whoever dies meanwhile


def with_kills(t, real, sig):
    receiver = real(t).start()
    try:
        daemon = start(t, receiver.url, remote_write__max_samples=50)
        generator = random.Random(11)
        expected = {f"kill_s{k}": [] for k in range(5)}

        def work(rounds):
            for _ in range(rounds):
                begin = now_us()
                daemon.call("metrics.record", {"samples": [
                    {"name": f"kill.s{k}", "value": round(generator.random(), 9), "t_us": begin} for k in range(5)]})
                time.sleep(0.002)

        work(50)
        for _ in range(4):  # the daemon dies in the middle of it
            work(40)
            daemon.restart()
        receiver.stop(sig)
        for _ in range(3):  # and while nobody takes anything
            work(40)
            daemon.restart()
        wait_for(lambda: destination(daemon)["failed"] > 0, "a failure to be noticed")
        receiver.start()
        work(40)
        daemon.restart()
        work(40)
        settle(daemon)
        for k in range(5):
            expected[f"kill_s{k}"] = stored(daemon, f"kill.s{k}")
            equal(len(expected[f"kill_s{k}"]), 50 + 4 * 40 + 3 * 40 + 80)
        wait_for(lambda: all(len(receiver.samples(name).get(name, [])) == len(points) for name, points in expected.items()),
                 "all of them there")
        for name, points in expected.items():
            equal(receiver.samples(name)[name], points, name)
    finally:
        if receiver.process.poll() is None:
            receiver.stop()


def test_killed_prometheus(t):
    with_kills(t, Prometheus, signal.SIGKILL)


def test_killed_victoria_metrics(t):
    """It answers before it has samples on disk, so that it has to be asked to end; what is sent again it has twice."""
    with_kills(t, VictoriaMetrics, signal.SIGTERM)


def test_order_and_repetition(t):
    """What a receiver sees of each series only rises, but for runs that are sent again after a kill, as they were."""
    with Receiver() as receiver:
        receiver.behave = lambda number, handler: number % 3 == 0 and (handler.answer(503) or True)
        daemon = start(t, receiver.url, remote_write__max_samples=20)
        start_us = now_us() - 10**6  # of two in one millisecond a receiver is told either, as runs begin and end
        for i in range(200):
            record(daemon, "o", [(start_us + i * 2000, float(i))])
            if i % 50 == 49:
                daemon.restart()
        settle(daemon)
        points = receiver.get("o")
        first = list(dict.fromkeys(points))  # each once, as it came first
        equal(first, sorted(first))
        by_time = {t_ms: v for t_ms, v in stored(daemon, "o")}
        equal(dict(first), by_time)


# --- receivers that misbehave


def eventually_all(daemon, receiver, name, n):
    wait_for(lambda: len(set(receiver.get(name))) == n, f"{n} samples of {name}")


def test_hanging(t):
    with Receiver() as receiver:
        hold = []

        def behave(number, handler):
            if number <= 2:
                hold.append(number)
                time.sleep(1.5)
                handler.close_connection = True
                return True
            return False

        receiver.behave = behave
        daemon = start(t, receiver.url, remote_write__timeout_us=200000)
        record(daemon, "h", ticks(3))
        eventually_all(daemon, receiver, "h", 3)
        assert len(hold) == 2, hold
        assert destination(daemon)["failed"] >= 2


def test_errors_and_half_answers(t):
    with Receiver() as receiver:
        def behave(number, handler):
            if number == 1:
                handler.answer(500, b"no\n\x00\x1b[31m" + b"x" * 100000)
            elif number == 2:
                handler.wfile.write(b"HTTP/1.1 500 Oh\r\nContent-Length: 100\r\n\r\nhalf")
                handler.close_connection = True
            elif number == 3:
                handler.close_connection = True
            elif number == 4:
                handler.wfile.write(b"\x00\xff nonsense\r\n\r\n")
                handler.close_connection = True
            elif number == 5:
                handler.answer(302, Location=receiver.url)
            elif number == 6:
                handler.answer(401)
            elif number == 7:
                handler.answer(429, Retry_After="0")
            else:
                return False
            return True

        receiver.behave = behave
        daemon = start(t, receiver.url)
        record(daemon, "e", ticks(3))
        eventually_all(daemon, receiver, "e", 3)
        # the receiver has them before its answer is read
        state = wait_for(lambda: (lambda s: s["last_error"] is None and s)(destination(daemon)), "no error")
        assert state["failed"] >= 7 and state["dropped"] == 0 and state["samples_dropped"] == 0, state
        assert "\x1b" not in daemon.stderr()


def test_taken_but_half_told(t):
    """2xx says it all, whether or not the rest of the answer comes."""
    with Receiver() as receiver:
        def behave(number, handler):
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            handler.close_connection = True
            return True

        receiver.behave = behave
        daemon = start(t, receiver.url)
        record(daemon, "x", ticks(3))
        settle(daemon)
        equal(destination(daemon)["failed"], 0)


def test_retry_after_is_bounded(t):
    with Receiver() as receiver:
        came = []

        def behave(number, handler):
            came.append(time.monotonic())
            if number <= 2:
                handler.answer(503, Retry_After="3600")
            return number <= 2

        receiver.behave = behave
        daemon = start(t, receiver.url, outbox__retry_after_max_us=300000, outbox__backoff_max_us=10000)
        record(daemon, "r", ticks(3))
        eventually_all(daemon, receiver, "r", 3)
        assert came[2] - came[0] >= 0.5, "it did not wait"


def test_one_bad_series_costs_no_other(t):
    with Receiver() as receiver:
        receiver.refuse = lambda labels: labels["__name__"] == "bad"
        daemon = start(t, receiver.url)
        points = ticks(50)
        samples = [{"name": name, "value": v, "t_us": t_us} for t_us, v in points for name in ("a", "bad", "c")]
        daemon.call("metrics.record", {"samples": samples})
        settle(daemon)
        equal(set(receiver.get("a")), {(t_us // 1000, v) for t_us, v in points})
        equal(set(receiver.get("c")), {(t_us // 1000, v) for t_us, v in points})
        equal(receiver.get("bad"), [])
        state = destination(daemon)
        equal(state["samples_dropped"], 50)
        assert "are not sent" in daemon.stderr()
        wait_for(lambda: receiver.get("orfeas_remote_write_samples_dropped_total")[-1:] and
                 receiver.get("orfeas_remote_write_samples_dropped_total")[-1][1] == 50, "the built-in series")


def test_refused_as_a_whole(t):
    with Receiver() as receiver:
        receiver.behave = lambda number, handler: handler.answer(404, b"no such page") or True
        daemon = start(t, receiver.url)
        record(daemon, "n", ticks(20))
        settle(daemon)
        state = destination(daemon)
        assert state["dropped"] > 0 and state["samples_dropped"] >= 20, state
        contains(state["last_error"], "404 Not Found: no such page")


def test_late_samples(t):
    """They go by themselves: a receiver that refuses them refuses nothing else."""
    with Prometheus(t) as receiver:
        daemon = start(t, receiver.url)
        now = now_us() // 1000000 * 1000000
        record(daemon, "l", [(now, 1.0)])
        settle(daemon)
        record(daemon, "l", [(now - 5000000, 9.0), (now + 1000, 2.0), (now - 4000000, 9.0), (now + 2000, 3.0)])
        settle(daemon)
        wait_for(lambda: len(receiver.samples("l")["l"]) == 3, "the samples in order")
        equal([v for _, v in receiver.samples("l")["l"]], [1.0, 2.0, 3.0])
        equal(destination(daemon)["samples_dropped"], 2)


# --- bounds


def test_too_much_waits(t):
    port = free_port()
    daemon = start(t, f"http://127.0.0.1:{port}/", remote_write__max_rows=100000)
    begin = now_us() - 300000000
    n = 0
    for _ in range(16):
        daemon.call("metrics.record", {"samples": [{"name": "b", "value": float(n + i), "t_us": begin + (n + i) * 1000} for i in range(10000)]})
        n += 10000
    # the last look may have been before the last of them
    state = wait_for(lambda: (lambda s: s if s["samples_pending"] <= 100000 and s["samples_dropped"] >= n - 100000 else None)(
        destination(daemon)), "the bound")
    assert state["samples_dropped"] <= n + 10000 - 80000, state
    contains(daemon.stderr(), "more than max_rows wait")
    with Receiver(port) as receiver:
        settle(daemon)
        values = [v for _, v in receiver.get("b")]
        equal(values, sorted(set(values)))
        equal(values[-1], n - 1.0)
        assert 80000 <= len(values) <= 110000, len(values)
        wait_for(lambda: destination(daemon)["samples_pending"] == 0, "nothing to be pending")


def test_retention_waits(t):
    """Rows that are older than raw_us stay until they are handed on."""
    port = free_port()
    daemon = start(t, f"http://127.0.0.1:{port}/", history__raw_us=600000000, history__pack_us=1000000)
    old = now_us() - 1200000000
    for k in range(3):
        daemon.call("metrics.record", {"samples": [{"name": "old", "value": float(i), "t_us": old + k * 10000000 + i * 1000} for i in range(10000)]})
    # the daemon's own samples of now stay anyhow, and may have come before these
    n_old = lambda: daemon.sql("SELECT count(*) FROM sample_raw WHERE t_us < ?", old + 600000000)[0][0]
    equal(n_old(), 30000)
    daemon.restart()
    wait_for(lambda: daemon.sql("SELECT from_rowid FROM packing")[0][0] > 30000, "them to be packed, so that nothing else keeps them")
    time.sleep(12)  # retention looks each ten seconds, and must do nothing: there is no event for that
    equal(n_old(), 30000)
    with Receiver(port) as receiver:
        eventually_all(daemon, receiver, "old", 30000)
        wait_for(lambda: n_old() < 30000, "retention to go on")


# --- settings


def test_secrets(t):
    with Receiver() as receiver:
        path = os.path.join(t.dir, "token")
        write = lambda text: open(path, "w", encoding="utf-8").write(text)
        write("first\n")
        daemon = start(t, receiver.url, remote_write__token_file=path)
        wait_for(lambda: receiver.requests, "a request")
        equal(receiver.requests[0]["Authorization"], "Bearer first")
        write("second\n")
        daemon.process.send_signal(signal.SIGHUP)
        wait_for(lambda: receiver.requests[-1]["Authorization"] == "Bearer second", "the new token")
        write("")
        daemon.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "goes on as it was" in daemon.stderr(), "the bad file to be told")
        seen = len(receiver.requests)
        wait_for(lambda: len(receiver.requests) > seen + 1, "it to go on")
        equal(receiver.requests[-1]["Authorization"], "Bearer second")
        assert "second" not in daemon.stderr()


def test_basic(t):
    with Receiver() as receiver:
        path = os.path.join(t.dir, "password")
        with open(path, "w", encoding="utf-8") as file:
            file.write("s3:cret\n")
        start(t, receiver.url, remote_write__basic_user="ann", remote_write__password_file=path)
        wait_for(lambda: receiver.requests, "a request")
        equal(receiver.requests[0]["Authorization"], "Basic " + base64.b64encode(b"ann:s3:cret").decode())


def test_bad_settings(t):
    path = os.path.join(t.dir, "token")
    with open(path, "w", encoding="utf-8") as file:
        file.write("secret\n")
    for url, more, told in (
        ("ftp://a/", {}, "remote_write.url"),
        ("http:///x", {}, "remote_write.url"),
        ("http://u:p@127.0.0.1/", {}, "names no user"),
        ("http://10.0.0.1/", {"remote_write.token_file": path}, "by https only"),
        ("http://127.0.0.1/", {"remote_write.token_file": path + "x"}, "No such file"),
        ("http://127.0.0.1/", {"remote_write.token_file": path, "remote_write.basic_user": "u"}, "token_file"),
        ("http://127.0.0.1/", {"remote_write.external_labels": "a=b,a=c"}, "external_labels"),
        ("http://127.0.0.1/", {"remote_write.external_labels": "__name__=c"}, "external_labels"),
        ("https://127.0.0.1/", {"remote_write.tls_ca_file": path}, "tls_ca_file"),
    ):
        daemon = t.daemon(settings={**settings(url), **more})
        contains(daemon.start_refused(), told)


def test_on_and_off(t):
    """By SIGHUP: another receiver gets what waits; with none nothing is kept."""
    with Receiver() as second:
        config = lambda url: f"[gpu]\nbackends=simulated\n[remote_write]\nurl={url}\nperiod_us=100000\n[outbox]\nbackoff_us=10000\n[store]\ncommit_us=20000\n"
        daemon = t.start(config=config(f"http://127.0.0.1:{free_port()}/"))
        points = ticks(3)
        record(daemon, "first", points)
        wait_for(lambda: destination(daemon)["failed"] > 0, "a failure")

        def turn(url):
            with open(daemon.config, "w", encoding="utf-8") as file:
                file.write(config(url))
            daemon.process.send_signal(signal.SIGHUP)

        turn(second.url)
        eventually_all(daemon, second, "first", 3)
        turn("")
        wait_for(lambda: daemon.sql("SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM outbox_cursor)") == [(0,)], "it to end")
        turn(second.url)
        record(daemon, "later", points)
        eventually_all(daemon, second, "later", 3)
        # from the start once more, and as it was: nothing is late for having been sent before
        first = second.get("first")
        equal(first, first[:3] * 2)
        daemon.stop()
        assert daemon.sql("SELECT count(*) FROM outbox_cursor") == [(1,)]
        # a start without a receiver forgets what waited for one
        turn_off = t.daemon(db=daemon.db).start()
        wait_for(lambda: turn_off.sql("SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM outbox_cursor)") == [(0,)], "it to be forgotten")
        equal(turn_off.call("outbox.list"), {"destinations": [], "entries": [], "next_cursor": None})


def test_tls(t):
    certificate, key = f"{t.dir}/c.pem", f"{t.dir}/c.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                    "/CN=r", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with Receiver(tls=context) as receiver:
        daemon = start(t, receiver.url)
        wait_for(lambda: destination(daemon)["failed"] > 0, "a refusal of the certificate")
        contains(destination(daemon)["last_error"].lower(), "certificate")
        equal(receiver.requests, [])
        daemon.kill()
        daemon = start(t, receiver.url, remote_write__tls_ca_file=certificate)
        wait_for(lambda: receiver.requests, "a request by TLS")


# --- what is told


def test_told(t):
    port = free_port()
    daemon = start(t, f"http://127.0.0.1:{port}/", remote_write__max_samples=10)
    record(daemon, "m", ticks(40))
    wait_for(lambda: len(daemon.call("outbox.list")["entries"]) >= 3, "entries")
    wait_for(lambda: destination(daemon)["failed"] > 2, "failures")
    state = destination(daemon)
    assert state["state"] in ("waiting", "sending"), state
    assert state["behind_us"] > 0 and state["samples_pending"] >= 40 and state["last_error"], state
    page = daemon.call("outbox.list", {"limit": 2})
    equal(len(page["entries"]), 2)
    rest = daemon.call("outbox.list", {"cursor": page["next_cursor"], "destination": "remote_write"})["entries"]
    assert rest and rest[0]["id"] not in [one["id"] for one in page["entries"]], rest
    equal(daemon.call("outbox.list", {"destination": "other"})["entries"], [])
    fails(lambda: daemon.call("outbox.list", {"cursor": "x"}), "INVALID_ARGUMENT", field="cursor")
    status, out, _ = t.ctl(daemon, "outbox")
    equal(status, 0)
    contains(out, "remote_write")
    equal(daemon.rest("GET", "/outbox")[0], 200)
    daemon.stop()
    status, out, _ = t.ctl(None, "--db", daemon.db, "outbox")
    equal(status, 0)
    contains(out, "stopped")


if __name__ == "__main__":
    orfeas_test.main()
