/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "orf-gpu-block.h"

/* Idle blocks by size, for a fit in constant time: a row for each doubling, in 16 steps (two-level
 * segregated fit).  Sizes are counted in granules.  Not locked: the pool's lock protects it. */

#define ORF_GPU_BIN_STEPS 16
/* the last row begins at 2^45 granules of 512 bytes, more than any machine has */
#define ORF_GPU_BIN_ROWS 43

typedef struct {
  size_t granule_bytes;
  uint64_t rows;                    /* bit r: steps[r] is not 0 */
  uint16_t steps[ORF_GPU_BIN_ROWS]; /* bit s: the bin has blocks */
  OrfGpuBlock *heads[ORF_GPU_BIN_ROWS][ORF_GPU_BIN_STEPS];
} OrfGpuBins;

/* Blocks are multiples of the granule. */
void orf_gpu_bins_add (OrfGpuBins *bins, OrfGpuBlock *block);
void orf_gpu_bins_remove (OrfGpuBins *bins, OrfGpuBlock *block);
/* A block of at least bytes, which stays in its bin: one of just that size where there is one among
 * the first of its bin, else nearly the smallest that fits.  NULL: none. */
OrfGpuBlock *orf_gpu_bins_find (const OrfGpuBins *bins, size_t bytes);
/* The smallest size that begins a bin and is at least bytes: blocks of one class fit each other. */
size_t orf_gpu_bins_round_up (const OrfGpuBins *bins, size_t bytes);
