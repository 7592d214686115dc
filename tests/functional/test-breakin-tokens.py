#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who shows no token, a wrong one, or a right one where it does not count: refused at every door, in the same words."""

import base64
import hashlib
import json
import os
import statistics
import time

import orfeas_test
from break_in import House, bearer, guarded_house, new_token, post, status_of, statuses
from orfeas_test import Shared, contains, equal, request, wait_for

UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}
# that cost most to get wrong: (verb, path, body)
DOORS = [("GET", "/api/v1/status", None), ("POST", "/api/v1/metrics/record", {"samples": []}), ("GET", "/metrics", None), ("GET", "/openrpc.json", None),
         ("GET", "/jaeger/api/services", None), ("POST", "/v1/traces", {}), ("POST", "/v1/metrics", {}), ("GET", "/api/v1/metrics/export.csv?select=a", None)]
WORDS = "the token is wrong, has expired"


def refused(headers=None, query=""):
    """At every door; the answers of one kind are told from each other by nothing."""
    daemon = guarded_house.get().daemon
    for verb, path, body in DOORS:
        mark = "&" if "?" in path else "?"
        status, fields, text = daemon.http(verb, path + (mark + query if query else ""), body, headers)
        equal(status, 401, f"{verb} {path}: {text[:200]}")
        equal(fields["WWW-Authenticate"], "Bearer", path)
    for path in ("/rpc", "/ws/metrics"):
        equal(daemon.http("GET", path, headers={**UPGRADE, **(headers or {})})[0], 401, path)
    answer = daemon.ask(request("status.get"), headers)
    equal(answer["error"]["code"], -32016)
    return answer["error"]["message"]


def good():
    return guarded_house.get().tokens["admin"]


def test_none(_):
    """no token"""
    contains(refused(), "a token is asked for here")


def test_wrong(_):
    """a token of the right form that never was"""
    contains(refused(bearer("orf_" + "A" * 43)), WORDS)


def test_empty(_):
    """`Bearer` and nothing"""
    for value in ("Bearer", "Bearer ", ""):
        refused({"Authorization": value})


def test_truncated(_):
    """the first 1, 10, half, all but one of its characters"""
    for n in (1, 10, len(good()) // 2, len(good()) - 1):
        contains(refused(bearer(good()[:n])), WORDS)


def test_trailing_bytes(_):
    """the token, and a character, a space and a word, itself again"""
    for more in ("A", " x", good(), ",", "\t."):
        contains(refused(bearer(good() + more)), WORDS)


def test_other_case(_):
    """the token in capitals"""
    contains(refused(bearer(good().upper())), WORDS)


def test_one_bit(_):
    """the token with its last character changed"""
    contains(refused(bearer(good()[:-1] + ("A" if good()[-1] != "A" else "B"))), WORDS)


def test_not_ascii(_):
    """the token with bytes beyond ASCII"""
    refused({"Authorization": "Bearer " + good() + "\xff"})


def test_its_hash(_):
    """what the token file holds, which a backup of it gives away"""
    with open(os.path.join(guarded_house.test.dir, "tokens"), encoding="utf-8") as file:
        hashes = [line.partition("=")[2].strip() for line in file if line.startswith("hash")]
    for text in hashes:
        contains(refused(bearer(text)), WORDS)
        contains(refused(bearer(text.partition(":")[2])), WORDS)
    contains(refused(bearer(hashlib.blake2b(good().encode(), digest_size=32).hexdigest())), WORDS)


def test_expired(t):
    """one that ended a moment ago, in the words of one that never was"""
    path = f"{t.dir}/tokens"
    token = new_token(t, path, "brief", "admin", expires="1s")
    daemon = t.start(settings={"auth.token_file": path, "auth.require": "true"})
    wait_for(lambda: status_of(daemon.ask(request("status.get"), bearer(token))) == "UNAUTHENTICATED", "its end")
    equal(daemon.ask(request("status.get"), bearer(token)), daemon.ask(request("status.get"), bearer("orf_" + "A" * 43)))
    equal(daemon.http("GET", "/api/v1/status", headers=bearer(token))[2], daemon.http("GET", "/api/v1/status", headers=bearer("x"))[2])


def test_of_another_daemon(t):
    """a cookie file's of an earlier start"""
    daemon = t.start(settings={"auth.require": "true"})

    def cookie():
        with open(f"{t.dir}/cookie", encoding="utf-8") as file:
            return file.read().strip()

    before = cookie()
    equal(status_of(daemon.ask(request("db.check"), bearer(before))), None)
    daemon.restart()
    equal(status_of(daemon.ask(request("db.check"), bearer(before))), "UNAUTHENTICATED")
    equal(status_of(daemon.ask(request("db.check"), bearer(cookie()))), None)


def test_in_the_query(_):
    """the token in the address, where logs and histories keep it"""
    for name in ("token", "access_token", "bearer", "authorization"):
        refused(query=f"{name}={good()}")


def test_in_the_user(_):
    """the token as Basic, Digest and ApiKey authorization"""
    basic = base64.b64encode(f"admin:{good()}".encode()).decode()
    for value in (f"Basic {basic}", f"Digest {good()}", f"ApiKey {good()}", good(), f"bearer:{good()}"):
        refused({"Authorization": value})


def test_in_another_header(_):
    """the token in headers that others use"""
    for name in ("X-Auth-Token", "X-Api-Key", "Proxy-Authorization", "X-Authorization", "Authentication", "Token"):
        refused({name: f"Bearer {good()}"})


def test_in_a_cookie(_):
    """the token as the session's cookie"""
    port = guarded_house.get().daemon.address[1]
    for name in (f"orfeas-session-{port}", "orfeas-session", "Authorization", "token"):
        refused({"Cookie": f"{name}={good()}", "Origin": guarded_house.get().daemon.ready["http"]})


def test_in_the_call(_):
    """the token in `meta`, in `params`, and beside them"""
    daemon = guarded_house.get().daemon
    call = request("status.get")
    for more in ({"meta": {"authorization": f"Bearer {good()}"}}, {"meta": {"token": good()}}, {"params": {"token": good()}}, {"token": good()},
                 {"auth": good()}, {"authorization": f"Bearer {good()}"}):
        equal(status_of(daemon.ask({**call, **more})), "UNAUTHENTICATED", str(more)[:30])


def test_twice(_):
    """a right token and a wrong one, in two headers in either order, and in one"""
    house = guarded_house.get()
    lines = [f"Authorization: Bearer {good()}", "Authorization: Bearer wrong"]
    for both in (lines, lines[::-1], [lines[0]] * 2):
        equal(statuses(house.exchange(post(request("status.get"), *both))), [400])
    for value in (f"Bearer {good()}, Bearer wrong", f"Bearer wrong, Bearer {good()}", f"Basic a, Bearer {good()}"):
        refused({"Authorization": value})


def test_twelve_thousand_bytes(_):
    """a token as long as a header may be"""
    contains(refused(bearer("orf_" + "A" * 12000)), WORDS)


def test_on_loopback_a_wrong_one(t):
    """a wrong token where none is asked: refused, not ignored"""
    daemon = t.start()
    equal(status_of(daemon.ask(request("status.get"))), None)
    equal(status_of(daemon.ask(request("status.get"), bearer("wrong"))), "UNAUTHENTICATED")


def test_through_a_proxy(t):
    """loopback's rights by way of a proxy: `X-Forwarded-For`, `Forwarded`, `X-Real-IP`, `Via`, in any case and more than once"""
    daemon = t.start()
    for name in ("X-Forwarded-For", "x-forwarded-for", "FORWARDED", "X-Real-IP", "Via"):
        equal(status_of(daemon.ask(request("status.get"), {name: "127.0.0.1"})), "UNAUTHENTICATED", name)
        equal(daemon.http("GET", "/ws/metrics", headers={**UPGRADE, name: "127.0.0.1"})[0], 401, name)


def test_forwarded_for_is_no_leave(_):
    """who says that he comes from loopback"""
    for name in ("X-Forwarded-For", "X-Client-IP", "X-Remote-User", "Remote-User", "X-Forwarded-User", "CF-Connecting-IP"):
        refused({name: "127.0.0.1"})


def test_guesses_are_in_the_audit(t):
    """500 guesses at the login: each refused, ten a minute kept, and how many more there were"""
    daemon = t.start(settings={"auth.require": "true"})
    for i in range(500):
        equal(daemon.http("POST", "/login", {"token": f"guess{i}"})[0], 401)
    rows = wait_for(lambda: daemon.sql("SELECT detail FROM audit WHERE method='auth.login_refused'"), "its rows")
    assert 1 <= len(rows) <= 20, len(rows)
    contains(json.loads(rows[0][0]), "address")


def test_how_long_a_guess_takes(_):
    """whether a guess that begins right takes longer: told apart by nothing that 3,000 tries of each show"""
    daemon = timed_house.get().daemon
    with open(os.path.join(timed_house.test.dir, "cookie"), encoding="utf-8") as file:
        cookie = file.read().strip()
    near, far = cookie[:-1] + ("0" if cookie[-1] != "0" else "1"), ("0" if cookie[0] != "0" else "1") + cookie[1:]
    took = {near: [], far: []}
    with daemon.tcp() as connection:
        for i in range(6000):
            guess = (near, far)[i % 2]
            begun = time.perf_counter()
            connection.sendall(post(request("status.get"), f"Authorization: Bearer {guess}"))
            data = connection.recv(65536)
            took[guess].append(time.perf_counter() - begun)
            assert b"UNAUTHENTICATED" in data, data
    first, second = (statistics.median(took[guess]) * 1e6 for guess in (near, far))
    print(f"# a guess that is wrong at its end: {first:.2f} us; at its start: {second:.2f} us", flush=True)
    # memcmp() of 64 bytes differs by some 0.003 us, which no network shows; a loop with a sleep or a log would by far more
    assert abs(first - second) < 0.5 * max(first, second), took


timed_house = Shared(lambda t: House(t, require=True, **{"listen.idle_us": 60_000_000, "listen.header_us": 60_000_000}))


if __name__ == "__main__":
    orfeas_test.main()
