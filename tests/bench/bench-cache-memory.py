#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the process holds for each byte that the cache counts, after values of ever other sizes have come and gone."""

import base64
import os
import random
import time

from orfeas_bench import Session, Table, orfeas_test, rss_bytes

L1_BYTES = 256 << 20
# smallest and largest value of a phase, each of which writes so many times the bound
PHASES = ((16, 256), (4096, 65536), (64, 1024), (16, 65536), (200, 300))
TIMES = 1
MAX_RATIO = 1.3


def pick_size(chance, least, most):
    """Uniform in its logarithm: as many small ones as large ones."""
    return int(least * (most / least) ** chance.random())


def churn(peer, chance, text, phase, least, most):
    written = number = 0
    while written < TIMES * L1_BYTES:
        entries = []
        while sum(len(entry["value"]) for entry in entries) < 200_000 and len(entries) < 1000:
            at, size = chance.randrange(len(text) // 2), pick_size(chance, least, most)
            entries.append({"key": f"p{phase}:{number}", "value": text[at:at + size]})
            number += 1
        peer.call("cache.mset", {"entries": entries})
        written += sum(len(entry["value"]) + 150 for entry in entries)


def main():
    session = Session()
    daemon = session.daemon(settings={"cache.l1_bytes": L1_BYTES, "cache.l1_entries": 2_000_000})
    pid = daemon.process.pid
    chance = random.Random(1)
    text = base64.b64encode(os.urandom(1 << 18)).decode()
    table = Table(f"resident bytes for each byte counted, [cache] l1_bytes {L1_BYTES >> 20} MiB")
    with orfeas_test.Peer(daemon.ready["cache_socket"]) as peer:
        peer.call("cache.get", {"key": "none"})
        time.sleep(1)
        empty = rss_bytes(pid)
        for phase, (least, most) in enumerate(PHASES):
            churn(peer, chance, text, phase, least, most)
            stats = peer.call("cache.stats")["l1"]
            # the tables are counted from the beginning, and resident once they are used
            ratio = (rss_bytes(pid) - empty) / stats["used_bytes"]
            table.add(f"then values of {least} to {most} bytes", f"{ratio:.2f}: {stats['entries']:,} entries, {stats['used_bytes'] >> 20} MiB counted, "
                      f"{(rss_bytes(pid) - empty) >> 20} MiB more resident", f"<= {MAX_RATIO}", ratio <= MAX_RATIO)
    table.print()


main()
