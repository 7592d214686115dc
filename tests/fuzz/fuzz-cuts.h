/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include <glib.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* Gives the same bytes to one side at once and to another in pieces; the first byte says where they
 * are cut. */
static inline void
fuzz_feed_both (const uint8_t *data,
                size_t size,
                void (*feed) (gpointer side, const uint8_t *data, gsize length),
                gpointer whole,
                gpointer cut)
{
  guint32 state;

  if (size == 0)
    return;
  state = *data++;
  size--;
  feed (whole, data, size);
  for (gsize at = 0, n; at < size; at += n) {
    state = state * 1664525 + 1013904223;
    n = MIN (1 + (state >> 24) % 17, size - at);
    feed (cut, data + at, n);
  }
}
