# SPDX-License-Identifier: LGPL-2.1-or-later
"""Small servers that behave as vLLM, SGLang, Triton, Ollama and ComfyUI do, as far as actuators see them.

Each tells what it was asked in `asked` (looks excepted). Standard library only.
"""

import http.server
import json
import threading
import urllib.parse


class Server:
    """path -> (status, answer) by answer(); `hang` holds requests to a path until close(), `broken` answers 500."""

    looks = ()

    def __init__(self):
        self.asked = []
        self.hang = set()
        self.broken = set()
        self.go = threading.Event()
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                owner.serve(self)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self.httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.httpd.daemon_threads = True
        self.authority = "127.0.0.1:%d" % self.httpd.server_address[1]
        threading.Thread(target=self.httpd.serve_forever, daemon=True).start()

    def serve(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0)).decode()
        url = urllib.parse.urlsplit(handler.path)
        if url.path not in self.looks:
            self.asked.append((handler.command, handler.path, json.loads(body) if body else None))
        if url.path in self.hang:
            self.go.wait()
        if self.go.is_set():  # a kept connection outlives the listener
            handler.close_connection = True
            return
        status, answer = (500, "boom") if url.path in self.broken else \
            self.answer(handler.command, url.path, dict(urllib.parse.parse_qsl(url.query)), json.loads(body) if body else None)
        data = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        try:
            handler.send_response(status)
            handler.send_header("Content-Type", "application/json")
            handler.send_header("Content-Length", str(len(data)))
            handler.end_headers()
            handler.wfile.write(data)
        except OSError:
            pass  # the daemon broke it off

    def answer(self, verb, path, query, body):
        return 404, {"detail": "Not Found"}

    def close(self):
        self.go.set()
        self.httpd.shutdown()
        self.httpd.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Vllm(Server):
    """Answers /sleep at once, and sleeps some looks later."""

    looks = ("/is_sleeping", "/metrics")

    def __init__(self, running=0, lag=2):
        self.running, self.lag, self.sleeping, self.left = running, lag, False, 0
        super().__init__()

    def answer(self, verb, path, query, body):
        if (verb, path) == ("GET", "/is_sleeping"):
            self.left = max(0, self.left - 1)
            return 200, {"is_sleeping": self.sleeping and self.left == 0}
        if (verb, path) == ("GET", "/metrics"):
            return 200, f'# TYPE vllm:num_requests_running gauge\nvllm:num_requests_running{{engine="0",model_name="m"}} {self.running}.0\n'
        if (verb, path) == ("POST", "/sleep"):
            self.sleeping, self.left = True, self.lag
            return 200, ""
        if (verb, path) == ("POST", "/wake_up"):
            self.sleeping = False
            return 200, ""
        return super().answer(verb, path, query, body)


class Sglang(Server):
    looks = ("/health",)

    def __init__(self, running=0):
        self.running, self.released = running, []
        super().__init__()

    def answer(self, verb, path, query, body):
        if path == "/health":
            return 200, ""
        if path == "/flush_cache":
            return (400 if self.running else 200), "Cache flushed.\nPlease check backend logs for more details.\n"
        if path == "/release_memory_occupation":
            assert not self.running, "its scheduler asserts that"
            self.released = body["tags"]
            return 200, "null"
        if path == "/resume_memory_occupation":
            self.released = []
            return 200, "null"
        return super().answer(verb, path, query, body)


class Triton(Server):
    looks = ("/v2/repository/index",)

    def __init__(self):
        self.models = {"bert": "READY", "resnet50": "READY", "whisper": "READY", "old": None}
        super().__init__()

    def answer(self, verb, path, query, body):
        if (verb, path) == ("POST", "/v2/repository/index"):
            index = [{"name": name, **({"version": "1", "state": state, "reason": ""} if state else {})} for name, state in self.models.items()]
            for name, state in self.models.items():
                self.models[name] = "UNAVAILABLE" if state == "UNLOADING" else state
            return 200, index
        parts = path.split("/")
        if verb == "POST" and parts[:4] == ["", "v2", "repository", "models"] and parts[4] in self.models:
            self.models[parts[4]] = {"unload": "UNLOADING", "load": "READY"}[parts[5]]
            return 200, ""
        return 400, {"error": "no such model"}


class Ollama(Server):
    looks = ("/api/ps",)

    def __init__(self):
        self.models = {"llama3.1:latest": 5_000_000_000, "nomic-embed-text:latest": 500_000_000}
        super().__init__()

    def answer(self, verb, path, query, body):
        if (verb, path) == ("GET", "/api/ps"):
            return 200, {"models": [{"name": name, "model": name, "size": size + 1, "size_vram": size, "details": {"format": "gguf"},
                                     "expires_at": "2024-06-04T14:38:31.83753-07:00"} for name, size in self.models.items()]}
        if (verb, path) == ("POST", "/api/generate"):
            if body.get("keep_alive") == 0:
                self.models.pop(body["model"], None)
            return 200, {"model": body["model"], "response": "", "done": True, "done_reason": "unload"}
        return super().answer(verb, path, query, body)


class Comfyui(Server):
    looks = ("/system_stats",)

    def __init__(self):
        self.held = 8_000_000_000
        super().__init__()

    def answer(self, verb, path, query, body):
        if (verb, path) == ("GET", "/system_stats"):
            return 200, {"system": {"os": "posix"}, "devices": [
                {"name": "cuda:0", "type": "cuda", "index": 0, "vram_total": 10_000_000_000, "vram_free": 10_000_000_000 - self.held,
                 "torch_vram_total": self.held, "torch_vram_free": 1_000_000}]}
        if (verb, path) == ("POST", "/free"):
            self.held = 1_000_000  # a worker's thread does it, some time later
            return 200, ""
        return super().answer(verb, path, query, body)


class Other(Server):
    def answer(self, verb, path, query, body):
        return (200, {"freed_bytes": 4096}) if path == "/cache/trim" else super().answer(verb, path, query, body)
