#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A block from OrfGpuPool's cache and back, beside OpenCL's own allocator and malloc in the same run."""

import json
import os
import subprocess

from orfeas_bench import BUILD, Table, on


def main():
    program = os.path.join(BUILD, "tests", "bench", "bench-pool")
    done = subprocess.run([*on(0), program], capture_output=True, text=True, check=True)
    cost = json.loads(done.stdout)
    table = Table("allocate and release from cache, a pair, best of 7 rounds")
    if not cost:
        table.absent("pool", "no OpenCL device")
        table.print()
        return
    for name in ("4 KiB", "256 KiB", "16 MiB", "mixed"):
        row = cost[name]
        table.add(f"pool, {name}", f"{row['pool_ns']:.0f} ns", "<= 1 us", row["pool_ns"] <= 1000)
        table.add(f"  clCreateBuffer and clReleaseMemObject ({cost['platform']})",
                  f"{row['opencl_ns']:.0f} ns, {row['opencl_ns'] / row['pool_ns']:.1f} times the pool's")
        table.add("  malloc and free, untouched", f"{row['malloc_ns']:.0f} ns, {row['malloc_ns'] / row['pool_ns']:.2f} times the pool's")
    table.add("pool, mixed, 64 held at once", f"{cost['held_ns']:.0f} ns", "<= 1 us", cost["held_ns"] <= 1000)
    table.add("pool, 4 KiB, 4 threads on one core", f"{cost['threads_ns']:.0f} ns", "<= 1 us", cost["threads_ns"] <= 1000)
    table.add("pool, 16 MiB, written once", f"{cost['written_ns'] / 1000:.0f} us")
    table.add("  OpenCL's own buffer, written once", f"{cost['opencl_written_ns'] / 1000:.0f} us, "
              f"{cost['opencl_written_ns'] / cost['written_ns']:.1f} times the pool's")
    table.print()


main()
