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


def snippet(name, server=None, more=""):
    """As it stands on the page, but for the port."""
    text = next(found for found in re.findall(r"```ini\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
                if found.startswith(f"[actuators]\n{name}="))
    if server is not None:
        text, count = re.subn(r"127\.0\.0\.1:\d+", server.authority, text)
        equal(count, 1, text)
    return text + more


def start(t, *texts, more=""):
    # sections of one name are one to a key file
    return t.start(config=GPU + "".join(texts) + more)


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
