#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""gpu.profile by HTTP with no token, with one of a hundred, with a session's cookie, and under TLS."""

import http.client
import json
import os
import shutil
import subprocess

from orfeas_bench import SECONDS, Session, Table, call_text, cpu_s, orfeas_test, wrk

BODY = call_text("gpu.profile")
TOKENS = 100
ROUNDS = 3  # in turn, and the best of each: what else the machine does then hits none alone


def make_tokens(session, path):
    """As many as a large site has; the last one is looked at as long as any other."""
    for number in range(TOKENS):
        code, token, err = session.test.ctl(None, "token", "new", "--name", f"t{number}", "--role", "operate", "--file", path)
        assert code == 0, err
    return token.strip()


def log_in(daemon, token):
    status, headers, _ = daemon.http("POST", "/login", {"token": token})
    assert status == 204, status
    return {"Cookie": headers["Set-Cookie"].partition(";")[0], "Origin": daemon.ready["http"]}


def make_certificate(session):
    if not shutil.which("openssl"):
        return None
    certificate, key = (os.path.join(session.dir, name) for name in ("c.pem", "k.pem"))
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return {"listen.tls_certificate": certificate, "listen.tls_key": key}


def check(daemon, headers):
    """That the call is let through as it is measured, and refused where it should be."""
    connection = http.client.HTTPConnection(*daemon.address)
    connection.request("POST", "/rpc", BODY, {"Content-Type": "application/json", **headers})
    assert "result" in json.loads(connection.getresponse().read())
    connection.close()


def measure(daemon, headers):
    """(calls a second of the daemon's CPU time, calls a second, p50, p99): the first is what a busy machine changes least."""
    seconds = max(1, SECONDS // 2)
    before = cpu_s(daemon.process.pid)
    rate, p50, p99, errors = wrk(daemon.ready["http"] + "/rpc", 32, BODY, seconds, headers)
    assert errors == 0, f"{errors} errors"
    return rate * seconds / (cpu_s(daemon.process.pid) - before), rate, p50, p99


def main():
    session = Session()
    tokens = os.path.join(session.dir, "tokens")
    token = make_tokens(session, tokens)
    plain = session.daemon(db=os.path.join(session.dir, "plain.db"))
    guarded = session.test.daemon(wrapper=plain.command[: plain.command.index(os.environ["ORFEASD"])],
                                  settings={"auth.token_file": tokens, "auth.require": "true"},
                                  db=os.path.join(session.dir, "guarded.db"), options=["--socket", os.path.join(session.dir, "g.sock")])
    guarded.socket = os.path.join(session.dir, "g.sock")
    guarded.start()
    orfeas_test.wait_for(lambda: plain.call("gpu.list")["devices"], "devices")
    bearer = {"Authorization": f"Bearer {token}"}
    cookie = log_in(guarded, token)
    ways = {"no token": (plain, {}), f"one of {TOKENS} tokens": (guarded, bearer), "session's cookie": (guarded, cookie)}
    pair = make_certificate(session)
    if pair:
        options = ["--socket", os.path.join(session.dir, "t.sock")]
        ways["no token, TLS"] = (session.daemon(settings=pair, db=os.path.join(session.dir, "tls.db"), options=options), {})
    for name, (daemon, headers) in ways.items():
        if not name.endswith("TLS"):
            orfeas_test.wait_for(lambda: daemon.call("gpu.list", headers=headers)["devices"], "devices")
            check(daemon, headers)

    best = {}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            figures = measure(*way)
            best[name] = max(best.get(name, figures), figures)
    table = Table(f"gpu.profile by HTTP POST, 32 connections, best of {ROUNDS} rounds")
    for name, (per_cpu, rate, p50, p99) in best.items():
        table.add(name, f"{per_cpu:,.0f} a CPU second  {rate:,.0f}/s  p50 {p50:.2f} ms  p99 {p99:.2f} ms")
    for name in list(ways)[1:]:
        ratio = best[name][0] / best["no token"][0]
        target = 0.5 if name.endswith("TLS") else 0.9
        table.add(f"{name} beside none", f"{ratio:.2f}", f">= {target}", ratio >= target)
    if not pair:
        table.absent("TLS", "no openssl to make a certificate with")
    for daemon in {way[0] for way in ways.values()}:
        daemon.stop()
    table.print()


main()
