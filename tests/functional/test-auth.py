#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who gets in: tokens and their roles, browsers' sessions, the headers of every answer."""

import json
import os
import re
import signal

import orfeas_test
from orfeas_test import WebSocket, contains, equal, fails, request, wait_for

READ, INGEST, OPERATE, ADMIN = "metrics.list", "metrics.record", "alerts.unsilence", "db.check"
SAMPLE = {"samples": [{"name": "a", "value": 1}]}


def new_token(t, path, name, *roles, expires=None):
    options = ["--expires", expires] if expires else []
    code, out, err = t.ctl(None, "token", "new", "--name", name, "--role", ",".join(roles), "--file", path, *options)
    equal(code, 0, err)
    return out.strip()


def drop_token(path, name):
    with open(path, encoding="utf-8") as file:
        sections = re.split(r"^(?=\[)", file.read(), flags=re.M)
    with open(path, "w", encoding="utf-8") as file:
        file.write("".join(section for section in sections if not section.startswith(f"[{name}]")))


def reload(daemon, line):
    seen = daemon.stderr().count(line)
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(lambda: daemon.stderr().count(line) > seen, line)


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def may(daemon, method, headers):
    """Whether the call was let through to its method; by what else it may fail."""
    params = {READ: {"limit": 1}, INGEST: SAMPLE, OPERATE: {"id": "x"}, ADMIN: {}}[method]
    answer = daemon.ask(request(method, params), headers)
    return answer.get("error", {}).get("data", {}).get("status") not in ("PERMISSION_DENIED", "UNAUTHENTICATED")


def rights(daemon, headers):
    return [may(daemon, method, headers) for method in (READ, INGEST, OPERATE, ADMIN)]


def unauthenticated(daemon, headers):
    fails(lambda: daemon.call("metrics.list", headers=headers), "UNAUTHENTICATED", -32016)
    status, answer_headers, body = daemon.http("GET", "/api/v1/metrics/list", headers=headers)
    equal(status, 401, body)
    equal(answer_headers["WWW-Authenticate"], "Bearer")


def cookie_of(headers):
    """(name=value, attributes) of the one cookie that the answer sets."""
    lines = headers.get_all("Set-Cookie") or []
    equal(len(lines), 1, str(lines))
    pair, _, attributes = lines[0].partition("; ")
    return pair, attributes


def origin(daemon):
    return {"Origin": daemon.ready["http"]}


def log_in(daemon, token, headers=None):
    return daemon.http("POST", "/login", {"token": token}, headers)


def session(daemon, token):
    status, headers, body = log_in(daemon, token)
    equal((status, body), (204, b""))
    pair, attributes = cookie_of(headers)
    equal(attributes, "Path=/; HttpOnly; SameSite=Strict")
    return {"Cookie": pair, **origin(daemon)}


# ---- tokens


def test_roles_of_tokens(t):
    path = f"{t.dir}/tokens"
    tokens = {roles: new_token(t, path, "-".join(roles), *roles) for roles in
              (("read",), ("ingest",), ("read", "ingest"), ("operate",), ("admin",))}
    daemon = t.start(settings={"auth.token_file": path})
    wanted = {("read",): [True, False, False, False], ("ingest",): [False, True, False, False],
              ("read", "ingest"): [True, True, False, False], ("operate",): [True, True, True, False],
              ("admin",): [True, True, True, True]}
    for roles, token in tokens.items():
        equal(rights(daemon, bearer(token)), wanted[roles], str(roles))
    equal(rights(daemon, None), [True, True, True, False], "loopback")
    for roles in (("read",), ("read", "ingest"), ("operate",), ("admin",)):
        status, answer = daemon.rest("GET", "/status", None, bearer(tokens[roles]))
        equal((status, [role in answer["roles"] for role in ("read", "ingest", "operate", "admin")]), (200, wanted[roles]))
    unauthenticated(daemon, bearer("orf_" + "A" * 43))
    unauthenticated(daemon, bearer(tokens["read",][:-1]))
    unauthenticated(daemon, bearer(""))
    unauthenticated(daemon, {"Authorization": f"Basic {tokens['read',]}"})
    # by REST and by its own words
    status, answer = daemon.rest("POST", "/metrics/record", SAMPLE, bearer(tokens["read",]))
    equal((status, answer["error"]["status"]), (403, "PERMISSION_DENIED"))


def test_require(t):
    path = f"{t.dir}/tokens"
    token = new_token(t, path, "a", "read")
    daemon = t.start(settings={"auth.token_file": path, "auth.require": "true"})
    unauthenticated(daemon, None)
    equal(rights(daemon, bearer(token)), [True, False, False, False])
    equal(daemon.http("GET", "/healthz")[0], 200)
    equal(daemon.http("GET", "/healthz?service=cache_manager")[0], 401)
    equal(daemon.http("GET", "/healthz?service=cache_manager", headers=bearer(token))[0], 200)
    with open(f"{t.dir}/cookie", encoding="utf-8") as file:
        equal(rights(daemon, bearer(file.read().strip())), [True] * 4)


def test_expiry_and_the_same_words(t):
    path = f"{t.dir}/tokens"
    lasting = new_token(t, path, "lasting", "read", expires="1d")
    brief = new_token(t, path, "brief", "read", expires="1s")
    daemon = t.start(settings={"auth.token_file": path})
    equal(may(daemon, READ, bearer(lasting)), True)
    wait_for(lambda: not may(daemon, READ, bearer(brief)), "the token's end")
    answers = [daemon.ask(request("metrics.list"), bearer(token)) for token in (brief, "orf_" + "A" * 43)]
    equal(answers[0], answers[1], "an expired token is told from none")
    equal(log_in(daemon, brief)[2], log_in(daemon, "orf_" + "A" * 43)[2])


def test_reload(t):
    path = f"{t.dir}/tokens"
    first = new_token(t, path, "first", "read")
    daemon = t.start(settings={"auth.token_file": path})
    second = new_token(t, path, "second", "operate")
    unauthenticated(daemon, bearer(second))
    reload(daemon, "tokens read again")
    equal(may(daemon, OPERATE, bearer(second)), True)
    drop_token(path, "first")
    reload(daemon, "tokens read again")
    unauthenticated(daemon, bearer(first))
    equal(may(daemon, OPERATE, bearer(second)), True)

    # what cannot be read changes nothing, and is logged
    with open(path, "a", encoding="utf-8") as file:
        file.write("[third]\nroles=root\n")
    reload(daemon, "tokens stay as they are")
    equal(may(daemon, OPERATE, bearer(second)), True)
    os.chmod(path, 0o644)
    reload(daemon, "tokens stay as they are")
    equal(may(daemon, OPERATE, bearer(second)), True)


def turned_out(websocket):
    equal(websocket.closed_with(), 1008)


def brief_websocket(t, daemon, path):
    """Of a token that ends soon; on a busy machine it may have ended before it is shown, and then a longer one is made."""
    for seconds in (2, 8, 32):
        token = new_token(t, path, f"brief{seconds}", "read", expires=f"{seconds}s")
        reload(daemon, "tokens read again")
        try:
            return WebSocket(daemon, bearer(token))
        except AssertionError as refused:
            contains(str(refused), "401")
    raise AssertionError("no token lasted until it was shown")


def test_streams_end_with_their_token(t):
    path = f"{t.dir}/tokens"
    token, other = new_token(t, path, "a", "read"), new_token(t, path, "b", "read")
    daemon = t.start(settings={"auth.token_file": path, "auth.require": "true"})
    gone, kept = (WebSocket(daemon, bearer(one)) for one in (token, other))
    late = brief_websocket(t, daemon, path)
    for one in (gone, kept, late):
        one.send_text(json.dumps(request("metrics.watch", {"select": "orfeas.memory.rss_bytes", "period_us": 100000})))
    drop_token(path, "a")
    reload(daemon, "tokens read again")
    turned_out(gone)
    kept.send_text(json.dumps(request("metrics.list", request_id="still")))
    while json.loads(kept.receive()[1]).get("id") != "still":
        pass
    turned_out(late)  # with the next look at what has expired
    for one in (gone, kept, late):
        one.close()


def test_streams_end_with_what_they_began_with(t):
    """Another token of the same name, a logout, a session that is over: who came in by the old one is shown the door."""
    path = f"{t.dir}/tokens"
    old = new_token(t, path, "a", "read")
    daemon = t.start(settings={"auth.token_file": path, "auth.require": "true", "auth.session_us": 60_000_000})
    by_token = WebSocket(daemon, bearer(old))
    cookies = [{"Cookie": log_in(daemon, old)[1]["Set-Cookie"].split(";")[0], "Origin": daemon.ready["http"]} for _ in range(2)]
    first, second = (WebSocket(daemon, cookie) for cookie in cookies)
    equal(daemon.http("POST", "/logout", {}, cookies[0])[0], 204)
    turned_out(first)
    second.send_text(json.dumps(request("metrics.list", {"limit": 1})))
    equal(json.loads(second.receive()[1])["id"], 1)
    drop_token(path, "a")
    new_token(t, path, "a", "read")
    reload(daemon, "tokens read again")
    turned_out(by_token)
    turned_out(second)
    for one in (by_token, first, second):
        one.close()


def test_bad_file_refuses_to_start(t):
    path = f"{t.dir}/tokens"
    daemon = t.daemon(settings={"auth.token_file": path})
    for part in (path, "auth.token_file", "No such file"):
        contains(daemon.start_refused(), part)
    token = new_token(t, path, "a", "read")
    for mode in (0o644, 0o606, 0o660):
        os.chmod(path, mode)
        contains(daemon.start_refused(), "chmod 600")
    os.chmod(path, 0o600)
    with open(path, "a", encoding="utf-8") as file:
        file.write("[b]\nhash=blake2b:12\nroles=read\n")
    contains(daemon.start_refused(), "[b] hash")
    drop_token(path, "b")
    daemon.start()
    equal(may(daemon, READ, bearer(token)), True)
    # nobody finds a token where tokens must not be
    for name in (path, daemon.stderr_path, daemon.db):
        with open(name, "rb") as file:
            assert token.encode() not in file.read(), name


def test_ctl(t):
    path = f"{t.dir}/tokens"
    new_token(t, path, "a", "read", "ingest", expires="90d")
    equal(os.stat(path).st_mode & 0o777, 0o600)
    code, out, _ = t.ctl(None, "token", "list", "--file", path, "--json")
    equal(code, 0)
    (one,) = json.loads(out)
    equal((one["name"], one["roles"], one["expired"]), ("a", "read;ingest", False))
    for arguments in (("--name", "b"), ("--role", "read"), ("--name", "b c", "--role", "read"),
                      ("--name", "b", "--role", "root"), ("--name", "b", "--role", "read", "--expires", "soon")):
        equal(t.ctl(None, "token", "new", "--file", path, *arguments)[0], 2, str(arguments))
    equal(t.ctl(None, "token", "new", "--file", path, "--name", "a", "--role", "read")[0], 1)
    # what is printed without --file is a section that the daemon takes
    code, out, _ = t.ctl(None, "token", "new", "--name", "b", "--role", "admin")
    token, _, section = out.partition("\n\n")
    with open(path, "a", encoding="utf-8") as file:
        file.write(section)
    daemon = t.start(settings={"auth.token_file": path})
    equal(may(daemon, ADMIN, bearer(token)), True)
    # orfeasctl shows its own token the same way
    secret = f"{t.dir}/secret"
    with open(secret, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(token + "\n")
    equal(t.ctl(None, "--url", daemon.ready["http"], "--token-file", secret, "db", "check")[0], 0)
    equal(t.ctl(None, "--url", daemon.ready["http"], "db", "check")[0], 1)


def test_behind_a_proxy(t):
    """What a proxy on this machine passes on is not taken for loopback's own."""
    path = f"{t.dir}/tokens"
    token = new_token(t, path, "a", "read")
    daemon = t.start(settings={"auth.token_file": path})
    equal(rights(daemon, None), [True, True, True, False])
    for name, value in (("X-Forwarded-For", "203.0.113.7"), ("Forwarded", "for=203.0.113.7"), ("X-Real-IP", "203.0.113.7"),
                        ("Via", "1.1 proxy")):
        unauthenticated(daemon, {name: value})
        equal(daemon.http("GET", "/", headers={name: value})[1].get_all("Set-Cookie"), None, name)
        equal(rights(daemon, {name: value, **bearer(token)}), [True, False, False, False])


# ---- sessions


def test_page_session(t):
    daemon = t.start()
    status, headers, _ = daemon.http("GET", "/")
    if status == 404:
        raise orfeas_test.Skip("this build has no page")
    pair, attributes = cookie_of(headers)
    equal(attributes, "Path=/; HttpOnly; SameSite=Strict")
    contains(pair, f"orfeas-session-{daemon.address[1]}=")
    with_cookie = {"Cookie": pair, **origin(daemon)}
    equal(rights(daemon, with_cookie), [True, True, True, False])
    equal(daemon.http("GET", "/", headers={"Cookie": pair})[1].get_all("Set-Cookie"), None, "a second session")
    equal(daemon.http("GET", "/", headers={"Cookie": pair + "x"})[1].get_all("Set-Cookie") is None, False)


def test_login(t):
    path = f"{t.dir}/tokens"
    token = new_token(t, path, "a", "read")
    daemon = t.start(settings={"auth.token_file": path, "auth.require": "true"})
    for wrong in ("", "orf_", token[:-1], token + "A"):
        status, headers, body = log_in(daemon, wrong)
        equal((status, json.loads(body)["error"]["status"]), (401, "UNAUTHENTICATED"), wrong)
        equal(headers.get_all("Set-Cookie"), None)
    one = session(daemon, token)
    equal(rights(daemon, one), [True, False, False, False])
    equal(daemon.http("GET", "/api/v1/metrics/list", headers={"Cookie": one["Cookie"]})[0], 200)
    equal(daemon.http("GET", "/openrpc.json", headers={"Cookie": one["Cookie"]})[0], 200)
    equal(daemon.http("GET", "/openrpc.json")[0], 401)
    unauthenticated(daemon, {"Cookie": one["Cookie"] + "x", **origin(daemon)})
    # a wrong token beside a good cookie is refused
    unauthenticated(daemon, {**one, **bearer("wrong")})

    status, headers, _ = daemon.http("POST", "/logout", "", one)
    equal(status, 204)
    contains(cookie_of(headers)[1], "Max-Age=0")
    unauthenticated(daemon, one)


def test_login_form(t):
    path = f"{t.dir}/tokens"
    token = new_token(t, path, "a", "read")
    daemon = t.start(settings={"auth.token_file": path})
    body = json.dumps({"token": token})
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        equal(daemon.http("POST", "/login", body, {"Content-Type": kind})[0], 415, kind)
    equal(daemon.http("POST", "/login", body, {"Origin": "http://evil.test"})[0], 403)
    equal(daemon.http("POST", "/login", body, origin(daemon))[0], 204)
    equal(daemon.http("GET", "/login")[0], 405)
    equal(daemon.http("GET", "/logout")[0], 405)
    for bad in ("", "{}", '{"token":1}', '{"token":"a","b":1}', "[" * 5000, json.dumps({"token": "x" * 5000})):
        equal(daemon.http("POST", "/login", bad, {"Content-Type": "application/json"})[0], 400, bad[:20])


def test_cookie_opens_websockets(t):
    daemon = t.start(settings={"auth.require": "true"})
    with open(f"{t.dir}/cookie", encoding="utf-8") as file:
        one = session(daemon, file.read().strip())
    websocket = WebSocket(daemon, one)
    websocket.send_text(json.dumps(request("db.check")))
    equal(json.loads(websocket.receive()[1])["result"]["ok"], True)
    websocket.close()
    for headers in ({}, {"Cookie": one["Cookie"] + "x", **origin(daemon)}, {"Cookie": one["Cookie"]}):
        fields = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
                  "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", **headers}
        equal(daemon.http("GET", "/rpc", headers=fields)[0], 403 if headers.keys() == {"Cookie"} else 401, str(headers))


def test_cookie_needs_origin(t):
    path = f"{t.dir}/tokens"
    token = new_token(t, path, "a", "operate")
    daemon = t.start(settings={"auth.token_file": path, "auth.require": "true"})
    one = session(daemon, token)
    call = request("metrics.record", SAMPLE)
    equal(daemon.http("POST", "/rpc", call, one)[0], 200)
    equal(daemon.http("POST", "/rpc", call, {"Cookie": one["Cookie"]})[0], 403)
    equal(daemon.http("POST", "/rpc", call, {**one, "Origin": "http://evil.test"})[0], 403)
    equal(daemon.http("POST", "/rpc", call, {**one, "Origin": "null"})[0], 403)
    other = f"http://127.0.0.1:{daemon.address[1] + 1}"  # the same site, another server
    equal(daemon.http("POST", "/rpc", call, {**one, "Origin": other})[0], 403)
    equal(daemon.http("POST", "/api/v1/metrics/record", SAMPLE, {"Cookie": one["Cookie"]})[0], 403)
    equal(daemon.http("POST", "/logout", "", {"Cookie": one["Cookie"]})[0], 403)
    equal(daemon.http("GET", "/rpc", headers={"Cookie": one["Cookie"], "Connection": "Upgrade", "Upgrade": "websocket"})[0], 403)
    equal(daemon.http("POST", "/rpc", call, {"Cookie": one["Cookie"], **bearer(token)})[0], 200, "a script with a jar")


def test_sessions_follow_their_token(t):
    path = f"{t.dir}/tokens"
    token = new_token(t, path, "a", "read")
    other = new_token(t, path, "b", "read")
    daemon = t.start(settings={"auth.token_file": path, "auth.require": "true"})
    one, two = session(daemon, token), session(daemon, other)
    drop_token(path, "a")
    reload(daemon, "tokens read again")
    unauthenticated(daemon, one)
    equal(may(daemon, READ, two), True)


def test_sessions_end(t):
    path = f"{t.dir}/tokens"
    token = new_token(t, path, "a", "read")
    settings = {"auth.token_file": path, "auth.require": "true", "auth.session_us": "1000000", "auth.max_sessions": "2"}
    daemon = t.start(settings=settings)
    one, two, three = (session(daemon, token) for _ in range(3))
    unauthenticated(daemon, one)
    wait_for(lambda: not may(daemon, READ, three), "the session's end")
    unauthenticated(daemon, two)
    # a restart ends them all
    daemon.restart()
    unauthenticated(daemon, {**session(daemon, token), "Cookie": two["Cookie"]})


# ---- headers


def test_headers_of_every_answer(t):
    daemon = t.start()
    wanted = {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
              "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin"}
    policy = {"default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'",
              "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"}
    asked = [("GET", "/"), ("GET", "/healthz"), ("GET", "/nothing"), ("GET", "/rpc"), ("GET", "/openrpc.json"),
             ("GET", "/api/v1/status"), ("GET", "/api/v1/nothing"), ("POST", "/login"), ("HEAD", "/healthz"),
             ("OPTIONS", "/rpc"), ("DELETE", "/rpc")]
    answers = [(what, daemon.http(*what)) for what in asked]
    answers.append(("call", daemon.http("POST", "/rpc", request("health.check"))))
    answers.append(("notification", daemon.http("POST", "/rpc", {"jsonrpc": "2.0", "method": "health.check"})))
    answers.append(("host", daemon.http("GET", "/", headers={"Host": "evil.test"})))
    answers.append(("framing", daemon.http("GET", "/", headers={"Transfer-Encoding": "gzip"})))
    answers.append(("large", daemon.http("GET", "/", headers={"X": "x" * 40000})))
    seen = {answer[0] for _, answer in answers}
    for status in (200, 204, 403, 404, 405, 415, 431, 501):
        assert status in seen, f"no answer was {status}: {seen}"
    for what, (_, headers, _) in answers:
        for name, value in wanted.items():
            equal(headers.get_all(name), [value], f"{what} {name}")
        equal(set(headers["Content-Security-Policy"].split("; ")), policy, str(what))
        equal(headers["Strict-Transport-Security"], None)
        equal([name for name in headers if name.lower().startswith("access-control-")], [], str(what))


def test_headers_of_pipelined_answers(t):
    daemon = t.start()
    text = json.dumps(request("rpc.discover"))
    one = f"POST /rpc HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n"
    with daemon.tcp() as connection:
        connection.sendall((one + "\r\n" + text).encode() * 20 + (one + "Connection: close\r\n\r\n" + text).encode())
        data = b"".join(iter(lambda: connection.recv(65536), b""))
    equal(data.count(b"HTTP/1.1 200 OK\r\nX-Content-Type-Options: nosniff\r\n"), 21)
    equal(data.count(b"nosniff"), 21)


orfeas_test.main()
