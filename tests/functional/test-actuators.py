#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""[actuators]: the snippets of doc/actuators.md, against servers that behave as those that they are for."""

import os
import pathlib
import re

import gpu_servers
import orfeas_test
from orfeas_test import contains, equal, wait_for

PAGE = pathlib.Path(__file__).resolve().parents[2] / "doc/actuators.md"
KINDS = {"vllm": gpu_servers.Vllm, "sglang": gpu_servers.Sglang, "triton": gpu_servers.Triton, "ollama": gpu_servers.Ollama,
         "comfyui": gpu_servers.Comfyui, "embedder": gpu_servers.Other}
GPU = "[gpu]\nbackends=simulated\n"
DEVICE = "device=simulated-0\n"


def snippet(name, server=None, more=""):
    """As it stands on the page, but for the port."""
    text = next(found for found in re.findall(r"```ini\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
                if found.startswith(f"[actuators]\n{name}="))
    if server is not None:
        text, count = re.subn(r"127\.0\.0\.1:\d+", server.authority, text)
        equal(count, 1, text)
    return text + more


def start(t, *texts):
    """Sections of one name are one to a key file."""
    # a device whose memory moves by itself is never flat, and each cleanup would wait to its end
    return t.start(config=GPU + "".join(texts), env={"ORFEAS_SIMULATED": "used_percent=50"})


def find(daemon, name):
    return next((worker for worker in daemon.call("worker.list")["workers"] if worker["name"] == name), None)


def wait_connected(daemon, name):
    return wait_for(lambda: (worker := find(daemon, name)) and worker["state"] == "connected" and worker, f"{name} to be there")


def test_every_snippet(t):
    servers = {name: kind() for name, kind in KINDS.items()}
    try:
        daemon = start(t, *(snippet(name, server) for name, server in servers.items()), snippet("batch"))
        found = {name: wait_connected(daemon, name) for name in (*servers, "batch")}
    finally:
        for server in servers.values():
            server.close()
    equal({name: worker["source"] for name, worker in found.items()},
          {"vllm": "vllm", "sglang": "sglang", "triton": "triton", "ollama": "ollama", "comfyui": "comfyui", "embedder": "http", "batch": "exec"})
    equal({name: worker["capabilities"] for name, worker in found.items() if name in ("vllm", "ollama")},
          {"vllm": ["unload"], "ollama": ["shrink", "unload"]})
    equal(found["ollama"]["reserved_bytes"], 5_500_000_000)
    equal((found["comfyui"]["reserved_bytes"], found["comfyui"]["allocated_bytes"]), (8_000_000_000, 7_999_000_000))
    equal([server.asked for server in servers.values()], [[]] * len(servers), "looking changes nothing")


def clean(daemon, name, level="aggressive", **params):
    """What a cleanup says of that one worker; None: it was not asked."""
    answer = daemon.call("gpu.cleanup", {"worker": wait_connected(daemon, name)["worker"], "level": level, **params},
                         meta={"deadline_ms": 60000})
    return answer["workers"][0] if answer["workers"] else None


def test_cleanup_asks_each(t):
    """As its API has it; bytes are claimed only where the server tells them, though all of them say yes at once."""
    servers = {name: kind() for name, kind in KINDS.items()}
    try:
        daemon = start(t, *(snippet(name, server, DEVICE) for name, server in servers.items()), snippet("batch", more=DEVICE))
        wait_for(lambda: daemon.call("gpu.list")["devices"], "a device")
        claims = {name: clean(daemon, name)["claimed_bytes"] for name in (*servers, "batch")}
        equal(claims, {"vllm": None, "sglang": None, "triton": None, "ollama": 5_500_000_000, "comfyui": None, "embedder": 4096, "batch": None})
        equal(servers["vllm"].asked, [("POST", "/sleep?level=1&mode=wait", None)])
        assert servers["vllm"].sleeping and servers["vllm"].left == 0, "it was not waited for"
        equal(servers["sglang"].asked, [("POST", "/flush_cache", None),
                                        ("POST", "/release_memory_occupation", {"tags": ["kv_cache", "weights"]})])
        equal(servers["triton"].models, {"bert": "UNAVAILABLE", "resnet50": "UNAVAILABLE", "whisper": "READY", "old": None})
        equal(servers["ollama"].models, {})
        equal(servers["comfyui"].asked, [("POST", "/free", {"unload_models": True, "free_memory": True})])
        equal(servers["embedder"].asked, [("POST", "/cache/trim", {"keep": 0})])
    finally:
        for server in servers.values():
            server.close()


def test_cleanup_of_those_that_do_not(t):
    with gpu_servers.Vllm(running=3) as busy, gpu_servers.Ollama() as broken, gpu_servers.Comfyui() as hanging:
        broken.broken = {"/api/generate"}
        hanging.hang = {"/free"}
        daemon = start(t, snippet("vllm", busy, DEVICE), snippet("ollama", broken, DEVICE),
                       snippet("comfyui", hanging, DEVICE + "timeout_us=2000000\n"))
        wait_for(lambda: daemon.call("gpu.list")["devices"], "a device")
        found = clean(daemon, "vllm")
        equal((found["verdict"], found["text"]), ("refused", "3 requests run or wait"))
        found = clean(daemon, "ollama")
        equal((found["verdict"], found["text"]), ("refused", "/api/generate: 500 boom"))
        found = clean(daemon, "comfyui")
        equal((found["claimed_bytes"], found["text"]), (None, "it was asked, and is not done in time"))
        equal((busy.asked, busy.sleeping), ([], False))
        # one that would not serve any more is asked by aggressive cleanups only
        daemon.call("gpu.cleanup", {"worker": find(daemon, "vllm")["worker"], "level": "normal"})
        equal(busy.asked, [])


def test_dry_run(t):
    with gpu_servers.Ollama() as server:
        daemon = start(t, snippet("ollama", server, DEVICE + "dry_run=true\n"))
        wait_for(lambda: daemon.call("gpu.list")["devices"], "a device")
        found = clean(daemon, "ollama")
        equal((found["verdict"], server.asked), ("refused", []))
        contains(found["text"], "dry_run")


def test_woken_again_where_told(t):
    with gpu_servers.Vllm() as left, gpu_servers.Sglang() as woken:
        daemon = start(t, snippet("vllm", left, DEVICE + "poll_us=100000\nrestore_us=0\n"),
                       snippet("sglang", woken, DEVICE + "poll_us=100000\nrestore=low\nrestore_us=0\n"))
        wait_for(lambda: daemon.call("gpu.list")["devices"], "a device")
        clean(daemon, "vllm")
        clean(daemon, "sglang")
        wait_for(lambda: ("POST", "/resume_memory_occupation", {"tags": ["kv_cache", "weights"]}) in woken.asked, "the way back")
        wait_for(lambda: woken.released == [], "it to be gone")  # what is asked for is noted before it is done
        equal(left.sleeping, True)


def test_who_is_not_there(t):
    with gpu_servers.Ollama() as server:
        text = snippet("ollama", server, "poll_us=100000\n")
        daemon = start(t, text)
        wait_connected(daemon, "ollama")
    wait_for(lambda: find(daemon, "ollama")["state"] == "silent", "it to be missed")


def test_reload(t):
    with gpu_servers.Ollama() as first, gpu_servers.Ollama() as second:
        daemon = start(t, snippet("ollama", first, "poll_us=100000\n"))
        wait_connected(daemon, "ollama")
        second.models = {}
        with open(daemon.config, "w", encoding="utf-8") as file:
            file.write(GPU + snippet("ollama", second, "poll_us=100000\n") + snippet("batch"))
        daemon.process.send_signal(orfeas_test.signal.SIGHUP)
        wait_for(lambda: find(daemon, "batch"), "the new one")
        wait_for(lambda: find(daemon, "ollama")["reserved_bytes"] == 0, "the other server")
        equal(len([worker for worker in daemon.call("worker.list")["workers"] if worker["name"] == "ollama"]), 1)
        with open(daemon.config, "w", encoding="utf-8") as file:
            file.write(GPU)
        daemon.process.send_signal(orfeas_test.signal.SIGHUP)
        wait_for(lambda: find(daemon, "ollama")["state"] == "left", "it to leave")


def test_bad_settings(t):
    for text, said in (("[actuators]\na=exec\n", "actuators.a.kind"), ("[actuators]\na=gopher://x\n", "actuators.a"),
                       ("[actuators]\na=http://x\n[actuators.a]\nkind=triton\n", "actuators.a.models"),
                       ("[actuators]\na=http://x\n[actuators.a]\nkind=llama\n", "actuators.a.kind")):
        contains(t.daemon(config=GPU + text).start_refused(), said)


def test_pid_file_and_token(t):
    pid_file, token_file = os.path.join(t.dir, "pid"), os.path.join(t.dir, "token")
    for path, text in ((pid_file, f"{os.getpid()}\n"), (token_file, "secret\n")):
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
    with gpu_servers.Comfyui() as server:
        daemon = start(t, snippet("comfyui", server, f"pid_file={pid_file}\ntoken_file={token_file}\n"))
        equal(wait_connected(daemon, "comfyui")["pid"], os.getpid())


orfeas_test.main()
