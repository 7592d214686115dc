/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-heap.h"

#include <malloc.h>

/* Each arena keeps what its own threads freed last, which no other can have; by default there are
 * eight a core.  The threads that work at the same time are the main loop, the writer and what it
 * waits for. */
#define MAX_ARENAS 4
/* Pieces from here on are the kernel's again as soon as they are freed.  Unless it is set, malloc
 * takes the size of the largest piece that was freed, up to 32 MiB, and keeps those in its arenas,
 * where one small piece behind them holds them for ever. */
#define MMAP_BYTES (256 * 1024)
/* No small pieces are kept unmerged (what a thread frees last still is): merging them is done at
 * the next large piece, by whatever thread asks for it, for all that its arena has: a call of
 * 65,536 names left the main loop 10 ms of that. */
#define FASTBIN_BYTES 0

void
orf_heap_configure (void)
{
  mallopt (M_ARENA_MAX, MAX_ARENAS);
  mallopt (M_MMAP_THRESHOLD, MMAP_BYTES);
  mallopt (M_MXFAST, FASTBIN_BYTES);
}
