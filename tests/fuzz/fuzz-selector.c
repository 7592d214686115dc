/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text as a selector: it is refused with its field, or it matches or does not. */
#include <stdint.h>

#include "metrics/orf-selector.h"
#include "orf-error.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const char *const labels[] = { "device", "opencl-0", "pool", "aaaaaaaaaaaaaaaaaaaaaaaa",
                                        NULL };
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (OrfSelector) selector = NULL;
  gboolean matches;

  if (!g_utf8_validate (text, -1, NULL))
    return 0; /* the codec lets no other in */
  selector = orf_selector_parse (text, &error);
  if (selector != NULL)
    orf_selector_match (selector, "gpu.memory.used_bytes", (char *const *) labels, &matches,
                        &error);
  if (error != NULL && g_strcmp0 (orf_error_get_field (error), "select") != 0)
    g_error ("an error that names no field: %s", error->message);
  return 0;
}
