#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Python client's WSGI and ASGI middleware, with applications that are whole, in parts, or fail, and nobody at the other end."""

import asyncio
import types
import wsgiref.util
import wsgiref.validate

import orfeas
import orfeas_test
from orfeas import asgi, tracing, wsgi
from orfeas._client import Client
from orfeas_test import equal

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CALLER = f"00-{TRACE}-{PARENT}-01"


class Caller:
    """Keeps what would be sent."""

    traceparent = None

    def __init__(self):
        self.calls = []

    def call(self, method, params, timeout):
        self.calls.append((method, params))

    def close(self):
        pass


class Told:
    """A client, and what came of requests."""

    def __init__(self):
        self.caller = Caller()
        self.client = Client(self.caller, "test")

    def span(self):
        assert self.client.flush(orfeas_test.PATIENCE_S)
        spans = [span for method, params in self.caller.calls if method == "traces.record" for span in params["spans"]]
        equal(len(spans), 1)
        return spans[0]

    def series(self):
        assert self.client.flush(orfeas_test.PATIENCE_S)
        return {(one["name"], one["labels"].get("route"), one["labels"].get("status")): one["value"]
                for method, params in self.caller.calls if method == "metrics.record" for one in params["samples"]}


def ask_wsgi(app, path="/a/7", **environ):
    """(status, body) as a server that is strict about it would see them."""
    told = []
    environ = {"PATH_INFO": path, "SCRIPT_NAME": "", "QUERY_STRING": "", **environ}
    wsgiref.util.setup_testing_defaults(environ)
    body = wsgiref.validate.validator(app)(environ, lambda status, headers, exc_info=None: told.append(status))
    try:
        return told, b"".join(body)
    finally:
        body.close()


def make_wsgi(told, answer, **options):
    def app(environ, start_response):
        environ["orfeas.route"] = "/a/<n>"
        start_response("200 OK", [("Content-Type", "text/plain")])
        return answer()

    return wsgi.Middleware(app, told.client, **options)


def test_wsgi(_):
    told = Told()
    seen = []

    def answer():
        seen.append(tracing.find_context(None))
        return [b"whole"]

    equal(ask_wsgi(make_wsgi(told, answer), HTTP_TRACEPARENT=CALLER, HTTP_TRACESTATE="a=1"), (["200 OK"], b"whole"))
    span = told.span()
    equal((span["trace_id"], span["parent_id"], span["service"], span["operation"], span["kind"]), (TRACE, PARENT, "test", "GET /a/<n>", "server"))
    equal(span["attributes"], {"http.request.method": "GET", "url.path": "/a/7", "http.route": "/a/<n>", "http.response.status_code": "200"})
    equal(seen, [tracing.Context(f"00-{TRACE}-{span['span_id']}-01", "a=1")], "what it calls is in the trace")
    equal(told.series(), {("http.server.requests", "/a/<n>", "200"): 1, ("http.server.active_requests", None, None): 0})
    equal(tracing.find_context(None), None)


def test_wsgi_in_parts(_):
    """The request lasts until its last part, each of which is made in its trace; the body is closed once."""
    told = Told()
    seen = []

    class Parts:
        def __iter__(self):
            for part in (b"a", b"b"):
                seen.append(tracing.find_context(None) is not None)
                yield part

        def close(self):
            seen.append("closed")

    equal(ask_wsgi(make_wsgi(told, Parts))[1], b"ab")
    equal(seen, [True, True, "closed"])
    equal(told.span()["duration_us"] >= 0, True)


def test_wsgi_fails(_):
    """At once, or in the middle of the body; what it raises goes on to the server."""

    def in_the_middle():
        yield b"a"
        raise KeyError("gone")

    def at_once():
        raise KeyError("gone")

    for answer, status in ((at_once, "500"), (in_the_middle, "200")):  # what was sent was sent
        told = Told()
        try:
            ask_wsgi(make_wsgi(told, answer))
        except KeyError:
            pass
        else:
            raise AssertionError("it was swallowed")
        span = told.span()
        equal((span["outcome"], span["message"], span["attributes"]["http.response.status_code"]), ("error", "KeyError: 'gone'", status))
        equal(told.series()[("http.server.active_requests", None, None)], 0)


async def answer_asgi(scope, receive, send):
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"whole"})


def no_route(_):
    raise KeyError("no route")


def test_routes_that_fail(_):
    """They name nothing; whoever asked is answered, and what the application raises goes on as it was."""
    for route, labelled in ((no_route, None), (lambda _: 7, "7")):
        told = Told()
        equal(ask_wsgi(make_wsgi(told, lambda: [b"whole"], route=route)), (["200 OK"], b"whole"))
        equal(told.series(), {("http.server.requests", labelled, "200"): 1, ("http.server.active_requests", None, None): 0})

        told = Told()
        sent = ask_asgi(asgi.Middleware(answer_asgi, told.client, route=route))
        equal([message["type"] for message in sent], ["http.response.start", "http.response.body"])
        equal(told.series(), {("http.server.requests", labelled, "200"): 1, ("http.server.active_requests", None, None): 0})

    def fails():
        raise ValueError("mine")

    told = Told()
    try:
        ask_wsgi(make_wsgi(told, fails, route=no_route))
    except ValueError as error:
        equal(str(error), "mine")
    equal(told.series()[("http.server.active_requests", None, None)], 0)


def test_wsgi_routes(_):
    for environ, route, operation in (
        ({}, wsgi.find_route, "GET"),
        ({"werkzeug.request": types.SimpleNamespace(url_rule=types.SimpleNamespace(rule="/<x>"))}, wsgi.find_route, "GET /<x>"),
        ({"werkzeug.request": types.SimpleNamespace(url_rule=None)}, wsgi.find_route, "GET"),
        ({}, lambda environ: "/of/mine", "GET /of/mine"),
        ({"REQUEST_METHOD": "BREW"}, wsgi.find_route, "_OTHER"),
    ):
        told = Told()
        ask = {"REQUEST_METHOD": "GET", "PATH_INFO": "/caf\u00c3\u00a9", **environ}
        wsgi.Middleware(lambda environ, start: [start("204 No Content", []), []][1], told.client, route=route)(ask, lambda *_: None)
        equal((told.span()["operation"], told.span()["attributes"]["url.path"]), (operation, "/caf\u00e9"))


def ask_asgi(app, **scope):
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request"}

    asyncio.run(app({"type": "http", "method": "GET", "path": "/a/7", "headers": [], **scope}, receive, send))
    return sent


def test_asgi(_):
    """Also what it does in another thread is in the trace, and what it does behind its answer is not waited for."""
    told = Told()
    seen = []

    async def app(scope, receive, send):
        scope["route"] = types.SimpleNamespace(path="/a/{n}")
        await send({"type": "http.response.start", "status": 201})
        seen.append(await asyncio.to_thread(tracing.find_context, None))
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        seen.append(told.series()[("http.server.active_requests", None, None)])
        await send({"type": "http.response.body", "body": b"b"})
        seen.append(told.series()[("http.server.active_requests", None, None)])

    sent = ask_asgi(asgi.Middleware(app, told.client), headers=[(b"traceparent", CALLER.encode())])
    equal([message["type"] for message in sent], ["http.response.start", "http.response.body", "http.response.body"])
    span = told.span()
    equal((span["trace_id"], span["parent_id"], span["operation"]), (TRACE, PARENT, "GET /a/{n}"))
    equal(seen, [tracing.Context(f"00-{TRACE}-{span['span_id']}-01"), 1, 0])
    equal(told.series(), {("http.server.requests", "/a/{n}", "201"): 1, ("http.server.active_requests", None, None): 0})


def test_asgi_fails(_):
    told = Told()

    async def app(*_):
        raise KeyError("gone")

    try:
        ask_asgi(asgi.Middleware(app, told.client))
    except KeyError:
        pass
    else:
        raise AssertionError("it was swallowed")
    equal((told.span()["message"], told.series()[("http.server.requests", None, "500")]), ("KeyError: 'gone'", 1))


def test_asgi_others_pass(_):
    """WebSockets and lifespan are none of ours; two headers of one name are as none."""
    told = Told()
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["type"])

    ask_asgi(asgi.Middleware(app, told.client), type="websocket")
    ask_asgi(asgi.Middleware(app, told.client), type="lifespan")
    equal((seen, told.caller.calls), (["websocket", "lifespan"], []))
    ask_asgi(asgi.Middleware(app, told.client), headers=2 * [(b"traceparent", CALLER.encode())])
    assert told.span()["trace_id"] != TRACE


def test_async_functions_are_not_cached(_):
    cache = orfeas.Cache("unix:/nowhere/cache.sock")
    try:
        cache.cached()(ask_asgi_async)
    except TypeError as error:
        orfeas_test.contains(str(error), "ask_asgi_async is an async function")
    else:
        raise AssertionError("taken")
    finally:
        cache.close()


async def ask_asgi_async():
    pass


orfeas_test.main()
