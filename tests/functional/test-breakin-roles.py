#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every method by every role at every door: what the schema says is what happens, and nothing lifts a caller above it."""

import json
import re
import urllib.parse

import orfeas_test
from break_in import HOLDS, ROLES, bearer, guarded_house, methods, new_token, status_of
from orfeas_test import WebSocket, contains, equal, request, wait_for

# By what contract.md says of them, not by the schema: a method that was put into a lower role by mistake is found here.
ADMIN_ALONE = re.compile(r"^(db\..*|.*\.(set_rule|delete_rule))$")
OPERATE_AT_LEAST = re.compile(r"^(gpu\.cleanup|cache\.clear|alerts\.(acknowledge|silence|unsilence)|incidents\.(pin|unpin)|.*\.(set_rule|delete_rule)|db\..*)$")
UNKNOWN = "no_such_parameter"


def expected(method, role):
    """The status that a call ends in which names a parameter that is none."""
    if role is None:
        return "UNAUTHENTICATED"
    return "INVALID_ARGUMENT" if method["x-role"] in HOLDS[role] else "PERMISSION_DENIED"


def example(method):
    """Parameters that the method takes: what is denied is denied though it could be done."""
    return {one["name"]: one["value"] for one in method["examples"][0]["params"]} if method.get("examples") else {}


def calls():
    """(method, role, the call, the status that it has to end in), of all; an allowed one stops at its parameters."""
    for method in methods():
        for role in (None, *ROLES):
            status = expected(method, role)
            params = {UNKNOWN: 1} if status == "INVALID_ARGUMENT" else example(method)
            yield method, role, request(method["name"], params), status


def headers_of(role):
    return bearer(guarded_house.get().tokens[role]) if role else {}


def judge(wrong, method, role, status, answer):
    found = status_of(answer)
    # a stream is refused before its parameters are looked at where there can be none
    if found != status and not (found == "FAILED_PRECONDITION" and status == "INVALID_ARGUMENT" and method["name"].endswith(("watch", "advice"))):
        wrong.append(f"{method['name']} by {role}: {found or 'done'}, not {status}")


def test_roles_are_those_agreed(_):
    """a method in a lower role than was agreed: `db.*` and rules are an admin's, what acts is an operator's"""
    found = {method["name"]: method["x-role"] for method in methods()}
    assert len(found) > 80, len(found)
    equal(sorted(name for name, role in found.items() if ADMIN_ALONE.match(name) and role != "admin"), [])
    equal(sorted(name for name, role in found.items() if OPERATE_AT_LEAST.match(name) and role not in ("operate", "admin")), [])
    # what writes state is nobody's who may only read
    equal(sorted(method["name"] for method in methods() if method.get("x-writes") and method["x-role"] == "read"), [])


def test_by_http(_):
    """every method by no token and by each role, by POST"""
    daemon, wrong, count = guarded_house.get().daemon, [], 0
    batches = {}
    for method, role, call, status in calls():
        batches.setdefault(role, []).append((method, call, status))
    for role, members in batches.items():
        for at in range(0, len(members), 50):
            part = members[at : at + 50]
            answers = daemon.ask([{**call, "id": i} for i, (_, call, _) in enumerate(part)], headers_of(role))
            answers = answers if isinstance(answers, list) else [answers] * len(part)  # who is nobody is told so once
            for (method, _, status), answer in zip(part, answers, strict=True):
                judge(wrong, method, role, status, answer)
                count += 1
    equal(wrong, [])
    print(f"# {count} calls", flush=True)


def test_by_websocket(_):
    """the same by WebSocket"""
    daemon, wrong = guarded_house.get().daemon, []
    for role in ROLES:
        with WebSocket(daemon, headers_of(role)) as socket:
            for method, of, call, status in calls():
                if of == role:
                    socket.send_text(json.dumps(call))
                    judge(wrong, method, role, status, json.loads(socket.receive_text()))
    equal(wrong, [])


def test_by_rest(_):
    """the same by each method's route, under each of the three prefixes"""
    daemon, wrong = guarded_house.get().daemon, []
    words = {"UNAUTHENTICATED": 401, "PERMISSION_DENIED": 403, "INVALID_ARGUMENT": 400}
    for method, role, call, status in calls():
        for route in method.get("x-rest", []):
            if route.get("raw"):
                continue
            for prefix in ("/api/v1", "/api/phase4", "/api"):
                found = by_route(daemon, prefix, route, call["params"], headers_of(role))
                if found != words[status]:
                    wrong.append(f"{method['name']} by {role} at {prefix}: {found}, not {words[status]}")
    equal(wrong, [])


def by_route(daemon, prefix, route, params, headers):
    """The HTTP status of the call by that route."""
    rest = dict(params)
    path = re.sub(r"<(\w+)>", lambda match: urllib.parse.quote(str(rest.pop(match[1], "x")), safe=""), route["path"])
    if route["verb"] in ("GET", "DELETE"):
        query = urllib.parse.urlencode({name: value if isinstance(value, str) else json.dumps(value) for name, value in rest.items()})
        return daemon.http(route["verb"], f"{prefix}{path}?{query}", headers=headers)[0]
    return daemon.http(route["verb"], prefix + path, rest, headers)[0]


def test_by_the_unix_socket(_):
    """who can open the Unix socket is its owner: all is let through"""
    wrong = []
    with guarded_house.get().daemon.peer() as peer:
        for method in methods():
            judge(wrong, method, "admin", "INVALID_ARGUMENT", peer.ask(request(method["name"], {UNKNOWN: 1})))
    equal(wrong, [])


def test_worker_of_another_token(_):
    """reporting, answering and leaving for a worker that another token registered, and registering it again"""
    daemon = guarded_house.get().daemon
    facts = {"name": "mine", "pid": 7, "capabilities": []}
    mine = daemon.ask(request("worker.register", facts), headers_of("admin"))["result"]["worker"]
    for method, more in (("report", {}), ("leave", {}), ("done", {"advice": "w-1-1", "outcome": "done"})):
        answer = daemon.ask(request(f"worker.{method}", {"worker": mine, **more}), headers_of("ingest"))
        equal((status_of(answer), answer["error"]["data"].get("field")), ("NOT_FOUND", "worker"), method)
    other = daemon.ask(request("worker.register", facts), headers_of("ingest"))["result"]["worker"]
    assert other != mine, other
    equal(status_of(daemon.ask(request("worker.report", {"worker": mine}), headers_of("admin"))), None)


def test_pages(_):
    """what has no method: pages take `read`, uploads `ingest`"""
    daemon = guarded_house.get().daemon
    for role in ROLES:
        for path in ("/metrics", "/openrpc.json", "/jaeger/api/services", "/jaeger/api/dependencies"):
            found = daemon.http("GET", path, headers=headers_of(role))[0]
            assert (found == 403) == ("read" not in HOLDS[role]), f"{path} by {role}: {found}"
        for path in ("/v1/traces", "/v1/metrics"):
            found = daemon.http("POST", path, {}, headers_of(role))[0]
            assert (found == 403) == ("ingest" not in HOLDS[role]), f"{path} by {role}: {found}"


def test_feed_of_the_dashboard(_):
    """`/ws/metrics` by who only sends"""
    daemon = guarded_house.get().daemon
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}
    equal(daemon.http("GET", "/ws/metrics", headers={**upgrade, **headers_of("ingest")})[0], 403)
    with WebSocket(daemon, headers_of("read"), "/ws/metrics") as feed:
        contains(feed.receive_text(), "metrics_update")


def test_batch_with_what_is_denied(_):
    """an admin's method between two that are allowed: it alone is refused"""
    answers = guarded_house.get().daemon.ask(
        [request("health.check"), request("db.check"), request("health.check")], headers_of("read"))
    equal([status_of(answer) for answer in answers], [None, "PERMISSION_DENIED", None])


def test_denied_notification(_):
    """a call without an id, so that nobody is told of the refusal: nothing is done"""
    house = guarded_house.get()
    call = {"jsonrpc": "2.0", "method": "metrics.define", "params": {"name": "unasked", "kind": "gauge"}}
    equal(house.daemon.post(call, headers_of("read")), b"")
    equal(house.knows("unasked"), False)


def test_names_that_look_like_a_method(_):
    """`DB.CHECK`, ` db.check`, `db.check.`, a Cyrillic letter, NUL, the C name: METHOD_NOT_FOUND"""
    daemon = guarded_house.get().daemon
    for name in ("DB.CHECK", " db.check", "db.check ", "db.check.", "db..check", "db/check", "db_check", "db.сheck", "db.check\0", "rpc.db.check",
                 "__proto__", "constructor", "orf_db_check", ""):
        found = status_of(daemon.ask(request(name), headers_of("read")))
        assert found in ("METHOD_NOT_FOUND", "INVALID_REQUEST"), f"{name!r}: {found}"


def test_role_in_the_call(_):
    """`role`, `roles`, `actor` and `x-role` in the call, its `meta` and its `params`"""
    daemon = guarded_house.get().daemon
    call = request("db.check")
    for name in ("role", "roles", "actor", "x-role"):
        for more in ({name: "admin"}, {"meta": {name: "admin"}}, {"params": {name: "admin"}}):
            found = status_of(daemon.ask({**call, **more}, headers_of("read")))
            assert found in ("PERMISSION_DENIED", "INVALID_ARGUMENT"), f"{more}: {found}"
        equal(status_of(daemon.ask(call, {**headers_of("read"), name: "admin"})), "PERMISSION_DENIED", name)


def test_route_of_another_verb(_):
    """a route by a verb that is not its own, and `X-HTTP-Method-Override`"""
    daemon = guarded_house.get().daemon
    for verb in ("GET", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"):
        found = daemon.http(verb, "/api/v1/gpu/cleanup", headers=headers_of("operate"))[0]
        assert found in (405, 501), f"{verb}: {found}"
    override = {"X-HTTP-Method-Override": "POST", "X-HTTP-Method": "POST", "X-Method-Override": "POST", "X-Original-URL": "/api/v1/gpu/cleanup",
                "X-Rewrite-URL": "/api/v1/gpu/cleanup"}
    status, _, body = daemon.http("GET", "/api/v1/status", headers={**headers_of("read"), **override})
    equal(status, 200)
    contains(json.loads(body), "version")


def test_author_of_another(_):
    """another's name as `author`: the audit has who called"""
    daemon = guarded_house.get().daemon
    daemon.ask(request("alerts.acknowledge", {"id": "x", "author": "root"}), headers_of("operate"))
    (actor,) = wait_for(lambda: daemon.sql("SELECT actor FROM audit WHERE method='alerts.acknowledge'"), "the row")[0]
    equal(actor, "token:operate")


def test_denied_calls_are_in_the_audit(t):
    """200 calls beyond one's role: ten a minute are kept, with who called what; nothing else of them is"""
    path = f"{t.dir}/tokens"
    token = new_token(t, path, "curious", "read")
    daemon = t.start(settings={"auth.token_file": path})
    daemon.ask([request("db.check")] * 200, bearer(token))
    rows = wait_for(lambda: daemon.sql("SELECT actor, detail FROM audit WHERE method='auth.denied'"), "the rows")
    equal({(actor, json.loads(detail)["method"]) for actor, detail in rows}, {("token:curious", "db.check")})
    assert len(rows) <= 20, len(rows)
    equal(daemon.sql("SELECT count(*) FROM audit WHERE method='db.check'"), [(0,)])


def test_another_token_s_answer(_):
    """another token's idempotency key: it is answered nothing that was another's"""
    daemon = guarded_house.get().daemon
    key = {"Idempotency-Key": "the-same-key"}
    define = {"name": "keyed", "kind": "gauge"}
    first = daemon.ask(request("metrics.define", define), {**headers_of("operate"), **key})
    equal((first["result"]["created"], status_of(first)), (True, None))
    equal(daemon.ask(request("metrics.define", define), {**headers_of("operate"), **key}), first)
    equal(daemon.ask(request("metrics.define", define), {**headers_of("admin"), **key})["result"]["created"], False)
    equal(status_of(daemon.ask(request("metrics.define", define), {**headers_of("read"), **key})), "PERMISSION_DENIED")


def test_another_connection_s_stream_and_call(_):
    """`stream.cancel` and `rpc.cancel` with what belongs to another connection"""
    daemon = guarded_house.get().daemon
    with WebSocket(daemon, headers_of("read")) as mine, WebSocket(daemon, headers_of("admin")) as other:
        mine.send_text(json.dumps(request("metrics.watch", {"select": "host.cpu.used_percent", "period_us": 100000})))
        stream = json.loads(mine.receive_text())["result"]["stream"]
        other.send_text(json.dumps(request("stream.cancel", {"stream": stream})))
        answer = json.loads(other.receive_text())
        assert status_of(answer) == "NOT_FOUND" or answer["result"]["cancelled"] is False, answer
        other.send_text(json.dumps(request("rpc.cancel", {"id": 1})))
        answer = json.loads(other.receive_text())
        assert status_of(answer) == "NOT_FOUND" or answer["result"]["cancelled"] is False, answer
        equal(json.loads(mine.receive_text())["method"], "stream.next")


def test_answers_to_others(_):
    """the table `idempotency`, which holds answers to other callers, by `sql.query`"""
    daemon = guarded_house.get().daemon
    for role in ("read", "admin"):
        for sql in ("SELECT * FROM idempotency", "SELECT key FROM (SELECT NULL AS key WHERE 0) FULL JOIN [idempotency] USING (key)"):
            equal(status_of(daemon.ask(request("sql.query", {"sql": sql}), headers_of(role))), "PERMISSION_DENIED", sql)


if __name__ == "__main__":
    orfeas_test.main()
