/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-gpu-bins.h"

/* How many blocks of a bin are looked at for one that fits better: enough to find the size that was
 * released last, and a bound on what an allocation costs. */
#define LOOK_AT 16

typedef struct {
  unsigned row;
  unsigned step;
} BinPlace;

static unsigned
floor_log2 (uint64_t value)
{
  return 63u - (unsigned) __builtin_clzll (value);
}

static BinPlace
find_place (const OrfGpuBins *bins, size_t bytes)
{
  uint64_t granules = bytes / bins->granule_bytes;
  unsigned log2;

  if (granules < ORF_GPU_BIN_STEPS)
    return (BinPlace){ 0, (unsigned) granules };
  log2 = floor_log2 (granules);
  return (BinPlace){ log2 - 3, (unsigned) (granules >> (log2 - 4)) & (ORF_GPU_BIN_STEPS - 1) };
}

void
orf_gpu_bins_add (OrfGpuBins *bins, OrfGpuBlock *block)
{
  BinPlace place = find_place (bins, block->bytes);
  OrfGpuBlock **head = &bins->heads[place.row][place.step];

  block->bin_before = NULL;
  block->bin_after = *head;
  if (*head != NULL)
    (*head)->bin_before = block;
  *head = block;
  bins->steps[place.row] |= (uint16_t) (1u << place.step);
  bins->rows |= UINT64_C (1) << place.row;
}

void
orf_gpu_bins_remove (OrfGpuBins *bins, OrfGpuBlock *block)
{
  BinPlace place = find_place (bins, block->bytes);
  OrfGpuBlock **head = &bins->heads[place.row][place.step];

  if (block->bin_before != NULL)
    block->bin_before->bin_after = block->bin_after;
  else
    *head = block->bin_after;
  if (block->bin_after != NULL)
    block->bin_after->bin_before = block->bin_before;
  block->bin_before = block->bin_after = NULL;
  if (*head != NULL)
    return;
  bins->steps[place.row] &= (uint16_t) ~(1u << place.step);
  if (bins->steps[place.row] == 0)
    bins->rows &= ~(UINT64_C (1) << place.row);
}

static OrfGpuBlock *
find_in_bin (OrfGpuBlock *head, size_t bytes)
{
  OrfGpuBlock *best = NULL;
  unsigned n = 0;

  for (OrfGpuBlock *block = head; block != NULL && n < LOOK_AT; block = block->bin_after, n++) {
    if (block->bytes == bytes)
      return block;
    if (block->bytes > bytes && (best == NULL || block->bytes < best->bytes))
      best = block;
  }
  return best;
}

OrfGpuBlock *
orf_gpu_bins_find (const OrfGpuBins *bins, size_t bytes)
{
  BinPlace place = find_place (bins, bytes);
  OrfGpuBlock *block = find_in_bin (bins->heads[place.row][place.step], bytes);
  unsigned steps;
  uint64_t rows;

  if (block != NULL)
    return block;
  /* every block of a later bin fits */
  steps = bins->steps[place.row] & (~0u << (place.step + 1));
  if (steps == 0) {
    rows = bins->rows & (~UINT64_C (0) << (place.row + 1));
    if (rows == 0)
      return NULL;
    place.row = (unsigned) __builtin_ctzll (rows);
    steps = bins->steps[place.row];
  }
  return find_in_bin (bins->heads[place.row][__builtin_ctz (steps)], bytes);
}

size_t
orf_gpu_bins_round_up (const OrfGpuBins *bins, size_t bytes)
{
  uint64_t granules = (bytes + bins->granule_bytes - 1) / bins->granule_bytes;
  uint64_t step = 1;

  if (granules >= ORF_GPU_BIN_STEPS)
    step = UINT64_C (1) << (floor_log2 (granules) - 4);
  return (size_t) ((granules + step - 1) / step * step * bins->granule_bytes);
}
