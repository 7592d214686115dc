/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>

#include "orf-gpu-bins.h"

#define GRANULE 512

static void
test_round_up (void)
{
  OrfGpuBins bins = { .granule_bytes = GRANULE };
  size_t before = 0;

  g_assert_cmpuint (orf_gpu_bins_round_up (&bins, 1), ==, 512);
  g_assert_cmpuint (orf_gpu_bins_round_up (&bins, 512), ==, 512);
  g_assert_cmpuint (orf_gpu_bins_round_up (&bins, 513), ==, 1024);
  g_assert_cmpuint (orf_gpu_bins_round_up (&bins, 1 << 20), ==, 1 << 20);
  for (size_t bytes = 1; bytes < 4 << 20; bytes += 37) {
    size_t rounded = orf_gpu_bins_round_up (&bins, bytes);

    g_assert_cmpuint (rounded, >=, bytes);
    g_assert_cmpuint (rounded, >=, before);
    g_assert_cmpuint (rounded % GRANULE, ==, 0);
    /* what is lost: the granule, and a 16th */
    g_assert_cmpuint (rounded - bytes, <=, MAX (GRANULE, bytes / 16));
    g_assert_cmpuint (orf_gpu_bins_round_up (&bins, rounded), ==, rounded);
    before = rounded;
  }
}

static void
test_fits (void)
{
  OrfGpuBins bins = { .granule_bytes = GRANULE };
  OrfGpuBlock small = { .bytes = 3 * GRANULE };
  OrfGpuBlock middle = { .bytes = 100 * GRANULE };
  OrfGpuBlock large = { .bytes = (size_t) 5 << 30 };

  g_assert_null (orf_gpu_bins_find (&bins, GRANULE));
  orf_gpu_bins_add (&bins, &large);
  orf_gpu_bins_add (&bins, &middle);
  orf_gpu_bins_add (&bins, &small);
  g_assert_true (orf_gpu_bins_find (&bins, GRANULE) == &small);
  g_assert_true (orf_gpu_bins_find (&bins, 3 * GRANULE) == &small);
  g_assert_true (orf_gpu_bins_find (&bins, 4 * GRANULE) == &middle);
  g_assert_true (orf_gpu_bins_find (&bins, 100 * GRANULE) == &middle);
  /* of the same bin as middle, and larger */
  g_assert_true (orf_gpu_bins_find (&bins, 101 * GRANULE) == &large);
  g_assert_null (orf_gpu_bins_find (&bins, (size_t) 6 << 30));
  orf_gpu_bins_remove (&bins, &middle);
  g_assert_true (orf_gpu_bins_find (&bins, 4 * GRANULE) == &large);
  orf_gpu_bins_remove (&bins, &small);
  orf_gpu_bins_remove (&bins, &large);
  g_assert_null (orf_gpu_bins_find (&bins, GRANULE));
  g_assert_cmpuint (bins.rows, ==, 0);
}

/* Of one bin: the very size first, else the closest. */
static void
test_same_bin (void)
{
  OrfGpuBins bins = { .granule_bytes = GRANULE };
  OrfGpuBlock blocks[4] = { 0 };

  for (size_t i = 0; i < G_N_ELEMENTS (blocks); i++) {
    blocks[i].bytes = (1024 + 8 * i) * GRANULE;
    orf_gpu_bins_add (&bins, &blocks[i]);
  }
  for (size_t i = 0; i < G_N_ELEMENTS (blocks); i++)
    g_assert_true (orf_gpu_bins_find (&bins, blocks[i].bytes) == &blocks[i]);
  g_assert_true (orf_gpu_bins_find (&bins, blocks[1].bytes + GRANULE) == &blocks[2]);
  orf_gpu_bins_remove (&bins, &blocks[2]);
  g_assert_true (orf_gpu_bins_find (&bins, blocks[1].bytes + GRANULE) == &blocks[3]);
  g_assert_null (orf_gpu_bins_find (&bins, blocks[3].bytes + GRANULE));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/lib/gpu-bins/round-up", test_round_up);
  g_test_add_func ("/lib/gpu-bins/fits", test_fits);
  g_test_add_func ("/lib/gpu-bins/same-bin", test_same_bin);
  return g_test_run ();
}
