#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A probe that lies, by the protocol of orfeas-probe or beside it: what it does next stands in the file `mood` of the folder LYING_PROBE."""

import json
import os
import random
import signal
import sys
import time

FOLDER = os.environ.get("LYING_PROBE", "")
TOTAL = 16 << 30
MONSTERS = (None, True, -1, 1 << 62, 1 << 70, 1e300, -0.5, "12", [], {}, "\0", "<script>alert(1)</script>", "x" * 5000, "\u202e\n\r\x1b[2J", "ä" * 300)


def mood():
    try:
        with open(os.path.join(FOLDER, "mood"), encoding="ascii") as file:
            return file.read().strip()
    except FileNotFoundError:
        return "good"


def say(text):
    sys.stdout.write(text if isinstance(text, str) else json.dumps(text))
    sys.stdout.write("\n")
    sys.stdout.flush()


def device(name="liar-0", **facts):
    return {"device": name, "total_bytes": TOTAL, "used_bytes": TOTAL // 4, "free_bytes": TOTAL * 3 // 4, "processes": [], **facts}


def sample(*devices):
    return {"sample": {"took_us": 1, "devices": list(devices) or [device()]}}


def monstrous():
    """A sample in which some member, anywhere, is something else."""
    facts = device(processes=[{"pid": 1, "name": "a", "used_bytes": 1}])
    facts[random.choice(list(facts) + ["utilization_percent", "temperature_c", "power_w", "events", "largest_free_bytes"])] = random.choice(MONSTERS)
    return random.choice((sample(facts), {"sample": random.choice(MONSTERS)}, {"sample": {"took_us": random.choice(MONSTERS), "devices": [facts]}},
                          {"sample": {"devices": random.choice(MONSTERS)}}, {random.choice(("hello", "largest", "x")): random.choice(MONSTERS)}))


def bytes_of_chance():
    os.write(1, random.randbytes(random.randrange(1, 20000)) + b"\n")


def eat_memory():
    eaten = []
    for _ in range(512):
        eaten.append(bytearray(b"x") * (1 << 20))
    say(sample())


def ignore_the_end():
    """And everybody who asks."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(60)


def leave_a_child():
    child = os.fork()
    if child == 0:
        ignore_the_end()
    with open(os.path.join(FOLDER, "children"), "a", encoding="ascii") as file:
        file.write(f"{child}\n")
    say(sample())


MOODS = {
    "good": lambda: say(sample()),
    "monstrous": lambda: say(monstrous()),
    "garbage": bytes_of_chance,
    "hangs": ignore_the_end,
    "dies": lambda: os._exit(random.choice((0, 1, 127))),
    "crashes": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "stops": lambda: os.kill(os.getpid(), signal.SIGSTOP),
    "endless": lambda: os.write(1, b"[" * (3 << 20)) and say(""),
    "deep": lambda: say("[" * 100000),
    "half": lambda: os.write(1, b'{"sample":{"took_us":1,"devices":[') and os._exit(0),
    "twice": lambda: say(sample()) or say(sample()),
    "unasked": lambda: [say(sample()) for _ in range(10000)],
    "many devices": lambda: say(sample(*(device(f"liar-{i}") for i in range(5000)))),
    "other devices": lambda: say(sample(device(f"liar-{random.randrange(1 << 60)}"))),
    "the same twice": lambda: say(sample(device(), device())),
    "no devices": lambda: say({"sample": {"took_us": 1, "devices": []}}),
    "many processes": lambda: say(sample(device(processes=[{"pid": i, "name": "p" * 100, "used_bytes": TOTAL} for i in range(5000)]))),
    "talks": lambda: [print("x" * 200, file=sys.stderr) for _ in range(20000)] and say(sample()),
    "eats": eat_memory,
    "leaves a child": leave_a_child,
    "late": lambda: time.sleep(0.3) or say(sample()),
}


def main():
    random.seed(os.getpid())
    if mood() == "monstrous" and random.random() < 0.5:
        say({"hello": random.choice(MONSTERS)})
    say({"hello": {"backend": sys.argv[1], "version": None,
                   "devices": [{"device": "liar-0", "name": "Liar", "vendor": None, "unified": False, "total_bytes": TOTAL}]}})
    for _ in sys.stdin:
        MOODS[mood()]()


if __name__ == "__main__":
    main()
