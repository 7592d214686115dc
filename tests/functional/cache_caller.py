#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""cache-caller.c with the Python client: the same lines and options."""

import json
import os
import random
import sys
import threading
import time

import orfeas

READS_PER_WRITE = 20


def now_us():
    return time.monotonic_ns() // 1000


def obey(cache, verb, key=None, value=None):
    try:
        if verb == "get":
            found = cache.get(key, default=None)
            return {"value": found}
        if verb == "many":
            return {"values": cache.get_many([key, value])}
        if verb == "invalidate":
            return {"removed": cache.invalidate(key)}
        if verb == "set":
            cache.set(key, value)
        elif verb == "delete":
            cache.delete(key)
        elif verb == "fresh":
            return {"status": "done" if cache.wait_until_fresh(20) else "not in time"}
        else:
            return vars(cache.stats())
        return {"status": "done"}
    except orfeas.Error:
        return {"error": "failed", "status": "failed"}


def load(cache, until, seed, n_keys):
    rand = random.Random(seed)
    number = 0
    while now_us() < until:
        number += 1
        key = f"t:{rand.randrange(n_keys)}"
        written = f"{os.getpid()}-{seed}-{number}" if rand.randrange(READS_PER_WRITE) == 0 else None
        read, status = "-", 0
        began = now_us()
        try:
            if written:
                cache.set(key, written)
            else:
                read = cache.get(key) or "-"
        except orfeas.Error:
            status = 1
        ended = now_us()
        sys.stdout.write(f"{'s' if written else 'g'} {key} {written or read} {began} {ended} {status}\n")
        time.sleep(0.00002)


def main():
    with orfeas.Cache("unix:" + sys.argv[1], timeout=5) as cache:
        if len(sys.argv) == 6:
            until = now_us() + int(sys.argv[2]) * 1000000
            threads = [threading.Thread(target=load, args=(cache, until, int(sys.argv[3]) * 16 + i, int(sys.argv[4])))
                       for i in range(int(sys.argv[5]))]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            print("end", os.getpid())
        for line in sys.stdin if len(sys.argv) == 2 else ():
            print(json.dumps(obey(cache, *line.split())), flush=True)


main()
