#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Paths that climb, headers that break lines, and sessions that are somebody else's."""

import http.client
import json

import orfeas_test
from break_in import bearer, define, guarded_house, open_house, post, read_to_end, status_of, statuses, tls_house
from orfeas_test import PATIENCE_S, contains, equal, request, wait_for

SECRET = b"root:"
CLIMBS = ["/../../../../etc/passwd", "/..%2f..%2f..%2f..%2fetc%2fpasswd", "/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "/..%5c..%5cetc%5cpasswd",
          "/....//....//etc/passwd", "/%252e%252e/%252e%252e/etc/passwd", "/..;/..;/etc/passwd", "/./../etc/passwd", "//etc/passwd",
          "/file:///etc/passwd", "/proc/self/environ", "/..%c0%af..%c0%afetc/passwd", "/%e2%80%ae/../etc/passwd", "/etc/passwd%00.js"]
PLACES = ["", "/assets", "/static", "/page", "/api", "/api/v1", "/api/v1/cache/keys", "/api/v1/traces", "/jaeger", "/jaeger/api", "/jaeger/api/traces",
          "/v1/traces", "/ws", "/incidents"]
UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}


def raw(verb, target, *lines):
    return "\r\n".join([f"{verb} {target} HTTP/1.1", "Host: localhost", "Connection: close", *lines, "", ""]).encode("latin-1")


def test_paths_that_climb(_):
    """14 ways to write `../../etc/passwd`, under 14 prefixes, at every door: no file of the machine is told"""
    house = open_house.get()
    for door in house.doors:
        for place in PLACES:
            connection = http.client.HTTPConnection(*house.doors[door], timeout=PATIENCE_S)
            for climb in CLIMBS:
                connection.request("GET", place + climb)
                answer = connection.getresponse()
                text = answer.read()
                assert SECRET not in text, f"{door} {place + climb}"
                assert answer.status in (200, 400, 401, 404, 405), f"{door} {place + climb}: {answer.status}"
                if answer.status == 200:  # a cache's key may be named like this, and holds nothing
                    contains(place, "cache/keys")
                    contains(text, b'"hit":false')
            connection.close()


def test_path_around_its_guard(_):
    """a guarded path written otherwise (`//metrics`, `/./metrics`, `/metrics/`, `/%6detrics`, `/healthz/../metrics`): never without its token"""
    daemon = guarded_house.get().daemon
    for path in ("/metrics", "/openrpc.json", "/api/v1/status", "/jaeger/api/services", "/v1/traces"):
        tail = path[1:]
        for other in ("//" + tail, "/./" + tail, path + "/", path + "/.", f"/%{ord(tail[0]):02x}{tail[1:]}", "/healthz/../" + tail, path + ";a", path + "%20",
                      path + "?", path + ".json", path.upper(), "/healthz" + path, path + "%00"):
            status, _, text = daemon.http("GET", other)
            assert status in (400, 401, 404, 405), f"{other}: {status} {text[:100]}"


def test_lines_in_the_path(_):
    """CR LF, percent-encoded, in the path, a key and the query: never a line of the answer's head"""
    house = open_house.get()
    for place in ("/", "/api/v1/cache/keys/", "/api/v1/traces/", "/jaeger/api/traces/", "/nothing?", "/api/v1/metrics/export.csv?select="):
        for breaks in ("%0d%0a", "%0a", "%0d", "%E5%98%8A%E5%98%8D"):
            answer = house.exchange(raw("GET", f"{place}a{breaks}Set-Cookie:%20broken=1{breaks}{breaks}<script>"))
            contains(answer, b"\r\n\r\n")
            head = answer.partition(b"\r\n\r\n")[0].lower()
            assert b"\nset-cookie: broken" not in head and b"\rset-cookie: broken" not in head, answer[:400]
            equal(len(statuses(answer)), 1)


def test_lines_in_what_is_told_back(_):
    """values that answers repeat (deadline, key, trace, type, `If-None-Match`, `Accept`) with a line within: refused as framing"""
    house = open_house.get()
    for name in ("X-Deadline-Ms", "Idempotency-Key", "traceparent", "tracestate", "If-None-Match", "Accept", "Accept-Encoding", "Cookie", "Sec-WebSocket-Protocol"):
        for breaks in ("\n", "\r"):
            answer = house.exchange(raw("GET", "/api/v1/status", f"{name}: a{breaks}Set-Cookie: broken=1"))
            equal(statuses(answer), [400], name)
            assert b"broken" not in answer


def test_lines_in_a_stored_value(_):
    """a cached value, its key and a type with lines: told back as bytes of a body, named, never shown as a page"""
    house = open_house.get()
    value = b"<script>alert(1)</script>\r\nSet-Cookie: broken=1\r\n\r\n"
    status = house.daemon.http("PUT", "/api/v1/cache/keys/a%0d%0aX:%20b", value, {"Content-Type": "text/html"})[0]
    equal(status, 200)
    status, headers, body = house.daemon.http("GET", "/api/v1/cache/keys/a%0d%0aX:%20b", headers={"Accept": "application/octet-stream"})
    equal((status, body, headers["Content-Type"], headers["X"], headers["Set-Cookie"]), (200, value, "application/octet-stream", None, None))
    contains(headers["Content-Disposition"], "attachment")


def test_subprotocol_that_is_not_ours(_):
    """a WebSocket's subprotocol and extension of the caller's: not told back"""
    house = open_house.get()
    for offered, status, taken in (("evil", b"400", None), ("evil, jsonrpc", b"101", b"jsonrpc"), ("evil/x y", b"400", None)):
        with house.connect() as connection:
            connection.sendall(raw("GET", "/rpc", *[f"{name}: {value}" for name, value in UPGRADE.items()], f"Sec-WebSocket-Protocol: {offered}",
                                   "Sec-WebSocket-Extensions: permessage-deflate").replace(b"Connection: close\r\n", b""))
            head = connection.recv(65536).partition(b"\r\n\r\n")[0]
        lines = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        equal((head.split(b" ")[1], lines.get(b"sec-websocket-protocol"), lines.get(b"sec-websocket-extensions")), (status, taken, None), offered)
        assert b"evil" not in head, head


def test_method_in_lower_case(_):
    """`get`, `Post`, `TRACE`, `TRACK`, `DEBUG`, `PATCH`: no other meaning, nothing told back"""
    house = open_house.get()
    for verb in ("get", "Post", "TRACE", "TRACK", "DEBUG", "PATCH", "PROPFIND"):
        for path in ("/", "/rpc", "/api/v1/status", "/metrics", "/v1/traces", "/jaeger/api/services"):
            answer = house.exchange(raw(verb, path, "X-Secret: told-back"))
            assert statuses(answer)[0] in (400, 405, 501), f"{verb} {path}: {answer[:100]}"
            assert b"told-back" not in answer


def test_rebound_host(_):
    """`Host` of a name that is not ours, at every door and every path, also with our port"""
    house = open_house.get()
    for door, (_, port) in house.doors.items():
        for host in ("evil.test", f"evil.test:{port}", "localhost.evil.test", "127.0.0.1.evil.test", "localhost.", "0.0.0.0", "[::]", "2130706433", "127.1",
                     "xn--lcalhost-54a", "127.0.0.2"):
            for path in ("/", "/healthz", "/rpc", "/metrics", "/api/v1/status", "/v1/traces"):
                answer = house.exchange(raw("GET", path).replace(b"localhost", host.encode()), door)
                equal(statuses(answer), [403], f"{door} {host} {path}")


def test_foreign_origin(_):
    """`Origin` of another site, of another port, scheme or case of ours, `null`, of a file, with a user: on calls, uploads and WebSockets"""
    house = open_house.get()
    _, port = house.daemon.address
    for origin in ("http://evil.test", "null", "file://", f"http://localhost:{port + 1}", "http://localhost", f"https://localhost:{port}",
                   f"http://localhost.evil.test:{port}", f"http://evil.test@localhost:{port}", f"http://localhost:{port}@evil.test", f"http://localhost:{port}.evil.test",
                   f"http://localhost:0{port}x", "http://", "", "chrome-extension://abcdef", f"http://evil.test#localhost:{port}", f"http://localhost:{port}/"):
        fields = {"Origin": origin}
        for path, body in (("/rpc", request("health.check")), ("/api/v1/cache/clear", {}), ("/v1/traces", {}), ("/login", {"token": "x"}), ("/logout", {})):
            equal(house.daemon.http("POST", path, body, fields)[0], 403, f"{origin} {path}")
        for path in ("/rpc", "/ws/metrics"):
            equal(house.daemon.http("GET", path, headers={**UPGRADE, **fields})[0], 403, f"{origin} {path}")


def test_types_that_need_no_leave(_):
    """a call as a form, as text, as a part, with a second type, with none, in UTF-7, by a comma: 415"""
    house = open_house.get()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=a", "text/plain; application/json", "application/json, text/plain",
                 "application/jsonx", "text/json", "application/json; charset=utf-7", "application/json; charset=utf-16", "", "application/json\tx", "*/*"):
        for path in ("/rpc", "/api/v1/events", "/login"):
            body = json.dumps(define("unasked.by.type"))
            equal(house.daemon.http("POST", path, body, {"Content-Type": kind})[0], 415, f"{kind} {path}")
    equal(statuses(house.exchange(post(define("unasked.by.type"), "Connection: close").replace(b"Content-Type: application/json\r\n", b""))), [415])
    equal(house.knows("unasked.by.type"), False)


def test_no_leave_for_other_sites(_):
    """a preflight, and what any answer allows another site: nothing"""
    house = open_house.get()
    asks = {"Origin": "http://evil.test", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type",
            "Access-Control-Request-Private-Network": "true"}
    for verb, path in (("OPTIONS", "/rpc"), ("OPTIONS", "*"), ("OPTIONS", "/api/v1/status"), ("GET", "/"), ("GET", "/metrics"), ("POST", "/rpc")):
        status, headers, _ = house.daemon.http(verb, path, headers=asks)
        assert status != 204 and not [name for name in headers if name.lower().startswith("access-control")], f"{verb} {path}"
        equal((headers["X-Frame-Options"], headers["Cross-Origin-Resource-Policy"]), ("DENY", "same-origin"), path)


# ---- sessions


def log_in(house, headers=None):
    """The session's cookie, and what it came with."""
    status, fields, _ = house.daemon.http("POST", "/login", {"token": house.tokens["operate"]}, headers)
    equal(status, 204)
    pair, _, attributes = fields["Set-Cookie"].partition("; ")
    return pair, attributes


def ask(house, cookie, **more):
    headers = {"Cookie": cookie, "Origin": house.daemon.ready["http"], **more}
    return status_of(house.daemon.ask(request("status.get"), headers))


def test_session_that_was_chosen(_):
    """session fixation: an id that the caller brings is not the one he gets, nor worth anything after"""
    house = guarded_house.get()
    chosen = f"orfeas-session-{house.daemon.address[1]}=" + "a" * 64
    cookie, _ = log_in(house, {"Cookie": chosen, "Origin": house.daemon.ready["http"]})
    assert cookie != chosen
    equal((ask(house, chosen), ask(house, cookie)), ("UNAUTHENTICATED", None))
    another, _ = log_in(house, {"Cookie": cookie, "Origin": house.daemon.ready["http"]})
    assert another != cookie, "a login inside a session gives a new one"


def test_flags_of_the_cookie(_):
    """`HttpOnly`, `SameSite=Strict`, no `Domain`; under TLS `Secure` and `__Host-`"""
    _, attributes = log_in(guarded_house.get())
    equal(attributes, "Path=/; HttpOnly; SameSite=Strict")
    house = tls_house.get()
    connection = http.client.HTTPSConnection(*house.daemon.address, timeout=PATIENCE_S, context=house.context)
    connection.request("GET", "/", headers={"Connection": "close"})
    answer = connection.getresponse()
    cookie = answer.headers["Set-Cookie"]
    connection.close()
    if cookie is None:
        raise orfeas_test.Skip("this build has no page")
    assert cookie.startswith("__Host-orfeas-session-") and cookie.endswith("Path=/; HttpOnly; SameSite=Strict; Secure"), cookie


def test_session_elsewhere(_):
    """a session's id in the query, as a bearer, in another cookie, cut by one, doubled: nothing"""
    house = guarded_house.get()
    cookie, _ = log_in(house)
    name, _, value = cookie.partition("=")
    assert len(value) >= 43, "256 bits"
    for other in (f"{name}x={value}", f"x{name}={value}", f"{name}={value[:-1]}", f"{name}={value}{value}", f"{name.upper()}={value}", f"{name} = {value}", f"{name}="):
        equal(ask(house, other), "UNAUTHENTICATED", other)
    equal(status_of(house.daemon.ask(request("status.get"), bearer(value))), "UNAUTHENTICATED")
    equal(house.daemon.http("GET", f"/api/v1/status?{name}={value}")[0], 401)
    equal(ask(house, cookie), None)


def test_session_beside_another_s(_):
    """two session cookies, as a neighbour on another port may set one: never the rights of both"""
    house = guarded_house.get()
    cookie, _ = log_in(house)
    name = cookie.partition("=")[0]
    equal(ask(house, f"{name}=wrong; {cookie}"), "UNAUTHENTICATED")
    sent = post(request("status.get"), f"Cookie: {name}=wrong", f"Cookie: {cookie}", f"Origin: {house.daemon.ready['http']}", "Connection: close")
    assert statuses(house.exchange(sent))[0] in (200, 400)


def test_session_after_logout(_):
    """an id that was logged out, at every door"""
    house = guarded_house.get()
    cookie, _ = log_in(house)
    origin = {"Origin": house.daemon.ready["http"]}
    equal(house.daemon.http("POST", "/logout", "", {"Cookie": cookie, **origin})[0], 204)
    equal(ask(house, cookie), "UNAUTHENTICATED")
    for path in ("/rpc", "/ws/metrics"):
        equal(house.daemon.http("GET", path, headers={**UPGRADE, "Cookie": cookie, **origin})[0], 401)


def test_session_without_its_page(_):
    """a session's cookie with no `Origin`, or another's: calls, WebSockets, logout"""
    house = guarded_house.get()
    cookie, _ = log_in(house)
    for origin in ({}, {"Origin": "http://evil.test"}, {"Origin": "null"}):
        fields = {"Cookie": cookie, **origin}
        equal(house.daemon.http("POST", "/rpc", request("cache.clear"), fields)[0], 403)
        equal(house.daemon.http("POST", "/logout", "", fields)[0], 403)
        equal(house.daemon.http("GET", "/rpc", headers={**UPGRADE, **fields})[0], 403)
    equal(ask(house, cookie), None)


def test_login_by_get(_):
    """a login by GET, by a form, with more than a token: none"""
    house = guarded_house.get()
    token = house.tokens["read"]
    equal(house.daemon.http("GET", f"/login?token={token}")[0], 405)
    equal(house.daemon.http("POST", f"/login?token={token}", {})[0], 400)
    equal(house.daemon.http("POST", "/login", f"token={token}", {"Content-Type": "application/x-www-form-urlencoded"})[0], 415)
    for text in (json.dumps({"token": [token]}), json.dumps({"token": token, "more": 1}), json.dumps({"token": token + "\0"}), json.dumps(token)):
        status, headers, _ = house.daemon.http("POST", "/login", text)
        assert status in (400, 401) and headers["Set-Cookie"] is None, text[:30]


# ---- the Unix socket's lines


def test_http_to_the_unix_socket(_):
    """HTTP to the Unix socket, as a proxy or a library that is misled may send it: a foreign Host, no JSON, what was passed on, an admin call: refused as at the port"""
    house = open_house.get()
    call = post(define("by.way.of.http"))
    for sent in (post(define("by.way.of.http"), host="evil.example"), call.replace(b"application/json", b"text/plain"), post(define("by.way.of.http"), "X-Forwarded-For: 203.0.113.7"),
                 post(define("by.way.of.http"), "Origin: http://evil.example"), post(request("db.check")), b"X" + call):
        with house.daemon.peer() as peer:
            peer.socket.sendall(sent + b"\n")
            peer.socket.shutdown(orfeas_test.socket.SHUT_WR)
            assert b'"result"' not in read_to_end(peer.socket), sent
    equal(house.knows("by.way.of.http"), False)


def test_framing_of_the_unix_socket(_):
    """two `Content-Length`, a negative, a signed, a hexadecimal one, one of 2^64, one of a GiB, none: the connection ends, nothing behind is read"""
    house = open_house.get()
    text = json.dumps(define("framed")).encode()
    for fields in (b"Content-Length: 5\r\nContent-Length: %d" % len(text), b"Content-Length: -1", b"Content-Length: +%d" % len(text), b"Content-Length: 0x5",
                   b"Content-Length: 18446744073709551616", b"Content-Length: 5, 5", b"Content-Length : %d" % len(text), b"Content-Length:", b"Content-Lengthy: 5",
                   b"Content-Length: 5\r\nnonsense", b"C" + b"a" * 70000):
        with house.daemon.peer() as peer:
            try:
                peer.socket.sendall(fields + b"\r\n\r\n" + text)
            except OSError:
                pass
            assert b"result" not in read_to_end(peer.socket), fields[:60]
    equal(house.knows("framed"), False)
    wait_for(lambda: house.daemon.call("health.check") == {"serving": "SERVING"}, "others to be served")


if __name__ == "__main__":
    orfeas_test.main()
