/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a sketch: it is refused, or is one that can be asked, added to another, and written
 * again. */
#include <math.h>
#include <stdint.h>

#include "history/orf-sketch.h"
#include "orf-error.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_order (const OrfSketch *sketch)
{
  double before = -INFINITY;

  for (guint i = 0; i <= 10; i++) {
    double value = orf_sketch_quantile (sketch, i / 10.0);

    if (isnan (value) != (orf_sketch_get_count (sketch) == 0) || value < before)
      g_error ("quantile %u is %g, after %g", i, value, before);
    before = value;
  }
}

static void
check_again (const OrfSketch *sketch)
{
  g_autoptr (GByteArray) bytes = orf_sketch_encode (sketch);
  g_autoptr (OrfSketch) again = orf_sketch_decode (bytes->data, bytes->len, NULL);
  g_autoptr (GByteArray) same = again != NULL ? orf_sketch_encode (again) : NULL;

  if (same == NULL || same->len != bytes->len || memcmp (same->data, bytes->data, same->len) != 0)
    g_error ("a sketch does not come back");
  orf_sketch_merge (again, sketch);
  if (orf_sketch_get_count (again) != 2 * orf_sketch_get_count (sketch))
    g_error ("two of it are not twice as many");
  check_order (again);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfSketch) sketch = orf_sketch_decode (data, size, &error);

  if (sketch == NULL) {
    if (!g_error_matches (error, ORF_ERROR, ORF_ERROR_DATA_LOSS))
      g_error ("refused with other words");
    return 0;
  }
  check_order (sketch);
  check_again (sketch);
  return 0;
}
