#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""orfeasctl against a daemon that is none, or that lies: no crash, nothing that drives the terminal, no page with another's scripts."""

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
import time

import orfeas
import orfeas_test
from lying_daemon import METHODS, Liar, Page, example
from orfeas_test import ORFEASCTL, PATIENCE_S, Shared, contains, equal, wait_for
from schema_edges import attacks

# Each verb that shows something; its calls are found by running it.
VERBS = """status|gpu|gpu cleanup|gpu cleanups|gpu report|gpu batch-size w|gpu events|gpu leaks|gpu orphans|gpu largest d|workers|metrics list|metrics query a|metrics export a|
cache stats|cache top|cache locate a|event mark x|event list|incidents list|incidents show i|traces list|traces show 0af7651916cd43dd8448eb211c80319c|traces slow|traces services|
traces stats|cost|cost trend|sql x|scrape|outbox|health|alerts|alerts history|alerts explain a|alerts ack a|alerts silences|alerts rules|alerts test r|predictions|
predictions accuracy|anomalies list|anomalies show a|anomalies detectors|load list|load show l|db check|db stats|discover"""
VERBS = [verb.strip().split() for verb in VERBS.replace("\n", "").split("|")]
HOSTILE = "\x1b]0;owned\x07\x1b[2J\u202e\u009b31m\r\nb"
TAGS = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>--><!--"
DRIVES = ("\x1b", "\x07", "\u202e", "\u009b", "\r")
LIES_PER_CALL = 4  # of some hundred that there are; others each time
EXITS = range(6)

liar = Shared(lambda t: Liar(t.dir))
broken_threads = []  # what ended one of the client's
threading.excepthook = lambda arguments: broken_threads.append(repr(arguments.exc_value))


def run(*arguments, env=None):
    """orfeasctl's (exit status, standard output), which it ended with by itself."""
    done = subprocess.run([ORFEASCTL, *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE_S, env=env)
    err = done.stderr.decode("utf-8", "replace")
    assert done.returncode in EXITS and not orfeas_test.FAULTS.search(err), f"{arguments} ended with {done.returncode}: {err}"
    assert not any(bad in err for bad in DRIVES), f"{arguments}: {err!r}"
    return done.returncode, done.stdout.decode("utf-8", "replace")


def on_terminal(t, *arguments):
    """What orfeasctl writes to a terminal."""
    master, slave = os.openpty()
    process = subprocess.Popen([ORFEASCTL, *arguments], stdin=slave, stdout=slave, stderr=slave, env=t.environment({"TERM": "xterm", "LC_ALL": "C.UTF-8", "COLUMNS": "200"}))
    os.close(slave)
    data = b""
    try:
        while piece := os.read(master, 65536):
            data += piece
    except OSError:  # how Linux says that the other side has closed
        pass
    os.close(master)
    code = process.wait(PATIENCE_S)
    assert code in EXITS, f"{arguments} ended with {code}: {data}"
    return data.replace(b"\r\n", b"\n").decode("utf-8", "replace")


def replaced(value, text):
    """Every text of a result is that one."""
    if isinstance(value, str):
        return text
    if isinstance(value, dict):
        return {name: replaced(part, text) for name, part in value.items()}
    return [replaced(part, text) for part in value] if isinstance(value, list) else value


def each_replaced(value, text):
    """The same of one text after the other."""
    if isinstance(value, str):
        yield text
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from ({**value, name: one} for one in each_replaced(part, text))
    elif isinstance(value, list) and value:
        yield from ([one, *value[1:]] for one in each_replaced(value[0], text))


def lies(chance, method, text):
    """Some results that are not, or hardly, as the schema has them, and some with a text that does not belong there."""
    whole = example(method)
    edges = [value for _, value, _ in attacks(METHODS[method]["result"]["schema"], whole) if not any(mark in json.dumps(value) for mark in ("@1e999@", "@lone@", "@digits@", "\\u0000"))]
    texts = list(each_replaced(whole, text))
    return chance.sample(edges, min(len(edges), LIES_PER_CALL)) + chance.sample(texts, min(len(texts), LIES_PER_CALL)) + [replaced(whole, text)]


def calls_of(it, verb):
    """The methods that the verb calls."""
    it.calls.clear()
    it.results.clear()
    run("--socket", it.socket, *verb)
    return [name for name in dict.fromkeys(it.calls) if name in METHODS]


def test_results_that_are_not(_):
    """what each verb shows, of results with members missing, of other types, at the edges of numbers, with escapes: an error or a table"""
    it, seed, count = liar.get(), random.randrange(1 << 32), 0
    chance = random.Random(seed)
    print(f"# seed {seed}", flush=True)
    for verb in VERBS:
        for method in calls_of(it, verb):
            for lie in lies(chance, method, HOSTILE):
                # who is told of one more page without end goes on until his deadline, which is in order
                it.results = {method: {**lie, "next_cursor": None} if isinstance(lie, dict) and "next_cursor" in lie else lie}
                _, out = run("--socket", it.socket, *verb)
                # a table for another program is as it came
                assert verb[:2] == ["metrics", "export"] or not any(bad in out for bad in DRIVES), f"{verb} of {json.dumps(lie)[:2000]}: {out!r}"
                count += 1
    assert count > 250, count
    print(f"# {count} lies", flush=True)


def test_escapes_on_a_screen(t):
    """the same on a terminal, of which only our own colours are left"""
    it = liar.get()
    for verb in VERBS:
        it.results = {method: replaced(example(method), HOSTILE) for method in calls_of(it, verb)}
        shown = on_terminal(t, "--socket", it.socket, *verb)
        assert not any(bad in shown for bad in ("\x1b]", "\x1b[2J", "\x07", "\u202e", "\u009b")), f"{verb}: {shown!r}"


def test_tags_on_a_page(t):
    """tags and scripts as every text of a post-mortem, and of a load test's page"""
    it = liar.get()
    it.results = {}
    path = os.path.join(t.dir, "page.html")
    run_of = example("load.get")
    cases = [("postmortem.build", ("postmortem", "--from", "-1h"), example("postmortem.build")),
             ("load.get", ("load", "show", "l"), {**run_of, "report": {"phases": [{"name": "a", "slices": []}], "name": "n", "target": "u"}})]
    for method, verb, whole in cases:
        singles = list(each_replaced(whole, TAGS))
        for lie in [replaced(whole, TAGS), *random.sample(singles, min(len(singles), 30))]:
            it.results = {method: lie}
            code, _ = run("--socket", it.socket, *verb, "-o", path)
            if code != 0:
                continue
            with open(path, encoding="utf-8") as file:
                page = file.read()
            assert "<script>alert" not in page and "<img src=x" not in page, page[max(0, page.find("alert(1)") - 300):][:400]


def test_no_document(t):
    """no post-mortem is not the page of one in which nothing happened"""
    it = liar.get()
    path = os.path.join(t.dir, "none.html")
    for lie in ({}, [], {"document": None}, {"document": []}, {"document": "x"}):
        it.results = {"postmortem.build": lie}
        equal((run("--socket", it.socket, "postmortem", "--from", "-1h", "-o", path)[0], os.path.exists(path)), (1, False), lie)
    it.results = {}


def test_bundle_of_another_machine(t):
    """its daemon's file is not the one that has the same name here"""
    here = os.path.join(t.dir, "orfeas.db")
    sqlite3.connect(here).close()
    document = {**example("postmortem.build"), "document": {**example("postmortem.build")["document"], "source": {"db": here}}}
    page = Page(lambda handler: handler.say(200, json.dumps({"jsonrpc": "2.0", "id": 1, "result": document}).encode()))
    bundle = os.path.join(t.dir, "bundle.db")
    done = subprocess.run([ORFEASCTL, "--url", f"http://0.0.0.0:{page.server_port}", "postmortem", "--from", "-1h", "--bundle", bundle], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    equal((done.returncode, os.path.exists(bundle)), (2, False), done.stderr)
    assert "not on this machine" in done.stderr, done.stderr


def test_answers_of_another_kind(_):
    """an answer to another call, names written by escapes, an error that is none, numbers beyond all, notices in between"""
    it = liar.get()
    result = b'"result":{"serving":"SERVING"}'
    for text, code in ((b'{"jsonrpc":"2.0","id":1,"\\u0072esult":{"serving":"SERVING"}}', 0), (b'{"jsonrpc":"2.0","id":1,"result":null}', 0), (b'{"id":1,"error":5}', 1),
                       (b'{"id":1,"error":{"code":1e300,"message":"\\u001b[2J","data":{"status":"\\u001b]0;a","allowed":"\\u202e","retry_after_ms":1e308}}}', 1),
                       (b'{"id":7,"result":{"serving":"FORGED"}}\n{"method":"stream.next","params":[]}\n{"id":1,%s}' % result, 0),
                       (b'null\n[]\n5\n"x"\n{}\n{"id":1,%s}' % result, 0), (b'{"id":1,"result":' + b"[" * 100000 + b"]" * 100000 + b"}", 4)):
        it.answer = lambda _, text=text: text
        # who hears nothing that is for him waits for it; who is answered may be slow to start
        timeout = "500" if code == 4 else str(PATIENCE_S * 1000)
        found, out = run("--socket", it.socket, "--timeout", timeout, "call", "health.check")
        equal(found, code, text[:100])
        assert "FORGED" not in out, out
        run("--socket", it.socket, "--timeout", "500", "status")
    it.answer = None


class Talker(Liar):
    """Sends the same for ever, whatever it is asked."""

    def __init__(self, folder, text):
        self.text = text
        super().__init__(folder)

    def serve(self, peer):
        try:
            with peer:
                while True:
                    peer.sendall(self.text)
        except OSError:
            pass  # who listened has gone


def test_notices_without_end(t):
    """a daemon that talks without pause and never answers: given up when the time is over"""
    for n, text in enumerate((b'{"method":"stream.next","params":{}}\n' * 100, b"\n" * 1000, b'{"id":7,"result":1}\n' * 100)):
        folder = os.path.join(t.dir, f"talker-{n}")
        os.mkdir(folder)
        equal(run("--socket", Talker(folder, text).socket, "--timeout", "500", "call", "health.check")[0], 4, text[:30])


def test_stream_with_empty_lines(_):
    """a line of nothing is no end of a stream"""
    it = liar.get()
    value = b'{"method":"stream.next","params":{"stream":"s","value":{"serving":"SERVING"}}}'
    end = b'{"method":"stream.end","params":{"stream":"s","status":"UNAVAILABLE"}}'
    it.answer = lambda call: b'{"id":1,"result":{"stream":"s"}}\n\n' + value + b"\n\n\n" + end
    code, out = run("--socket", it.socket, "call", "health.watch", "--json")
    it.answer = None
    equal((code, out), (1, '{"serving":"SERVING"}\n'))


def test_answers_to_no_call_of_the_bench(t):
    """cache bench: ids beyond all, errors of no text, more answers than calls, an answer that does not end"""
    os.mkdir(f"{t.dir}/bench")
    it = Liar(f"{t.dir}/bench")
    os.rename(it.socket, f"{t.dir}/bench/cache.sock")
    for text, codes in ((b'{"id":4000000000,"result":{"hit":false}}', (0,)), (b'{"id":18446744073709551615,"result":{}}', (0,)), (b"", (0,)),
                        (b'{"id":0,"error":"\xff\x1b[2J"}', (5,)), (b'{"id":0,"result":{"hit":true}}\n' * 100000, (0, 3)), (b" " * (1 << 20), (0,))):
        it.answer = lambda _, text=text: text
        for more in ((), ("--json",)):
            # what came until then may be all that there was time for
            found = run("--socket", f"{t.dir}/bench/x.sock", "cache", "bench", "--for", "200ms", *more)[0]
            assert found in codes, f"{found} of {text[:100]}"
    os.mkdir(f"{t.dir}/endless")
    os.rename(Talker(f"{t.dir}/endless", b" " * 65536).socket, f"{t.dir}/endless/cache.sock")
    # given up for its length or for the time that it takes, whichever comes first
    contains((3, 4), run("--socket", f"{t.dir}/endless/x.sock", "cache", "bench", "--for", "200ms")[0])


def write_token(t):
    path = os.path.join(t.dir, "token")
    with open(path, "w", encoding="ascii") as file:
        file.write("a" * 64)
    os.chmod(path, 0o600)
    return path


def test_redirected_with_a_token(t):
    """a redirect to another server: the token does not go there, nor the call"""
    token = write_token(t)
    other = Page(lambda handler: handler.say(200, b'{"jsonrpc":"2.0","id":1,"result":{"serving":"SERVING"}}'))
    for status in (301, 302, 303, 307, 308):
        first = Page(lambda handler, status=status: handler.say(status, Location=other.url + "/rpc"))
        equal(run("--url", first.url, "--token-file", token, "call", "health.check")[0], 1)
        equal(len(first.heard), 1)
    equal(other.heard, [])


def test_token_in_clear(t):
    """a token by http to another machine: it is not sent, nor is anything"""
    token = write_token(t)
    page = Page(lambda handler: handler.say(200, b"{}"))
    done = subprocess.run([ORFEASCTL, "--url", f"http://0.0.0.0:{page.server_port}", "--token-file", token, "status"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    equal((done.returncode, page.heard), (2, []), done.stderr)
    contains(done.stderr, "a token goes by https only")


def pour(handler):
    """An answer that does not end."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    while True:
        handler.wfile.write(b"100000\r\n" + b" " * 0x100000 + b"\r\n")


def test_answer_without_end(_):
    """an answer by HTTP that does not end: given up at its limit"""
    page = Page(pour)
    # 256 MiB, and what holds them; a sanitizer has addresses without end
    within = [] if os.environ.get("ORFEAS_SANITIZED") else ["prlimit", f"--as={1 << 30}"]
    done = subprocess.run([*within, ORFEASCTL, "--url", page.url, "call", "health.check"], capture_output=True, text=True, timeout=PATIENCE_S)
    equal(done.returncode, 3, done.stderr)
    assert "larger than" in done.stderr, done.stderr


def test_endpoint_without_end(_):
    """a daemon that says it serves HTTP where an answer does not end, or drips: doctor asks for no more than its beginning"""
    def drip(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        while True:
            handler.wfile.write(b"a")
            time.sleep(0.1)

    it = liar.get()
    for page in (Page(pour), Page(drip)):
        it.results = {"rpc.discover": {**example("rpc.discover"), "servers": [{"url": page.url + "/rpc"}]}}
        within = [] if os.environ.get("ORFEAS_SANITIZED") else ["prlimit", f"--as={1 << 30}"]
        done = subprocess.run([*within, ORFEASCTL, "--socket", it.socket, "doctor"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        equal(done.returncode, 5, done.stderr)
        assert page.heard and "endpoint" in done.stdout, done.stdout
    it.results = {}


LISTEN = """
import os, socket, sys
os.setuid(65534)
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
for _ in range(2):
    peer, _ = listener.accept()
    sys.stdout.write(peer.recv(65536).decode())
    peer.sendall(b"HTTP/1.1 503 No\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n")
    peer.close()
"""
BY_PYTHON = """
import orfeas, sys
with orfeas.connect(sys.argv[1], retries=0) as client:
    client.call("{method}")
"""


def test_port_of_another_user(t):
    """another user's program at the port: neither `orfeasctl` nor the Python client shows it the cookie, an admin's token"""
    if os.getuid() != 0:
        raise orfeas_test.Skip("only root can be another user too")
    env = t.environment()
    daemon = t.daemon()
    folder = os.path.join(env["XDG_RUNTIME_DIR"], "orfeas")
    os.mkdir(folder, 0o700)
    daemon.command[daemon.command.index("--socket") + 1] = os.path.join(folder, "orfeas.sock")
    daemon.start()
    wait_for(lambda: os.path.exists(os.path.join(folder, "cookie")), "the cookie")
    equal(run("--url", daemon.ready["http"], "call", "db.stats", env=env)[0], 0)
    subprocess.run([sys.executable, "-c", BY_PYTHON.format(method="db.stats"), daemon.ready["http"]], env=env, check=True, timeout=PATIENCE_S)
    other = subprocess.Popen([sys.executable, "-c", LISTEN], stdout=subprocess.PIPE, text=True)
    port = int(other.stdout.readline())
    run("--url", f"http://127.0.0.1:{port}", "--timeout", "2000", "call", "health.check", env=env)
    subprocess.run([sys.executable, "-c", BY_PYTHON.format(method="health.check"), f"http://127.0.0.1:{port}"], env=env, stderr=subprocess.DEVNULL, check=False, timeout=PATIENCE_S)
    heard = other.communicate(timeout=PATIENCE_S)[0]
    equal(heard.count("POST /rpc"), 2, heard)
    assert "authorization" not in heard.lower(), heard


# results that no method has; a lease of no time would have a worker report without pause
NO_RESULTS = ("null", "5", "[]", "{}", '{"worker":5,"lease_us":"x"}', '{"worker":"w","lease_us":-1}', '{"worker":"w","lease_us":1e300}', '{"hit":1,"value":5,"encoding":"base64"}',
              '{"hit":true,"value":"!","encoding":"base64","version":"x"}', '{"entries":5}', '{"entries":[5]}', '{"stream":[]}')


def test_a_host_of_the_python_client(_):
    """what `Cache` and `Worker` are answered is of no shape that they know: the host gets an `orfeas.Error`, and goes on"""
    it = liar.get()
    for text in NO_RESULTS:
        it.answer = lambda call, text=text: b'{"jsonrpc":"2.0","id":%d,"result":%s}' % (call["id"], text.encode()) if "id" in call else b""
        with orfeas.Cache("unix:" + it.socket) as cache:
            for ask in (lambda: cache.get("a"), lambda: cache.get_many(["a", "b"]), lambda: cache.get_or_lease("a"), lambda: cache.set("a", "b"), lambda: cache.delete("a")):
                try:
                    ask()
                except orfeas.Error:
                    pass
        it.calls.clear()
        with orfeas.Worker("host", address="unix:" + it.socket):
            wait_for(lambda: it.calls, "its registration")
            time.sleep(0.1)
        assert len(it.calls) < 60, f"{text}: {len(it.calls)} calls in a tenth of a second"
    equal(broken_threads, [])
    it.answer = None


# What a file that somebody sent may have become; views in the place of tables, as --db reads them.
CRAFTED = (
    "ALTER TABLE series RENAME TO a; CREATE VIEW series AS WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM r) "
    "SELECT x AS id, 'm' || x AS name, '{}' AS labels, 'gauge' AS kind, '' AS unit, '' AS help, 0 AS created_us, 9e15 AS last_us FROM r",
    "ALTER TABLE event RENAME TO a; CREATE VIEW event AS SELECT 1 AS id, 5 AS t_us, 'note' AS kind, readfile('/etc/passwd') AS text, 'a' AS actor",
    "UPDATE event SET text = hex(zeroblob(50000000))",
    "UPDATE event SET text = char(27) || '[2J', t_us = 9223372036854775807",
    "UPDATE series SET last_us = -9223372036854775807, created_us = 9223372036854775807",
    "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = 'CREATE TABLE series(a' WHERE name = 'series'",
)


def test_crafted_databases(t):
    """`--db` of files with endless views, functions that read files, texts of 100 MB, times at both ends, a schema that is none: an error or a table, in time"""
    daemon = t.start()
    daemon.call("metrics.record", {"samples": [{"name": "m", "value": 1}]})
    daemon.call("events.mark", {"text": "a"})
    whole, crafted = f"{t.dir}/whole.db", f"{t.dir}/crafted.db"
    equal(t.ctl(daemon, "db", "backup", whole)[0], 0)
    for text in CRAFTED:
        shutil.copy(whole, crafted)
        connection = sqlite3.connect(crafted)
        connection.executescript(text)
        connection.commit()
        connection.close()
        for verb in (["metrics", "list"], ["event", "list"], ["status"], ["postmortem", "--last", "1h", "--json"]):
            _, out = run("--db", crafted, "--timeout", "500", *verb)
            assert "root:" not in out and "\x1b" not in out, f"{text}: {verb}: {out[:1000]}"


if __name__ == "__main__":
    orfeas_test.main()
