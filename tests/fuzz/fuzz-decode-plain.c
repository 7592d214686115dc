/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text as the parameters of a large call, read without a tree: what is taken so is what the
 * other way takes, and the same. */
#include <stdint.h>
#include <string.h>

#include "orf-decode-plain.h"
#include "orf-decode.h"
#include "orf-encode.h"
#include "orf-schema-types.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static const OrfDesc *const shapes[] = {
  &orf_metrics_record_params_desc,
  &orf_worker_report_params_desc,
  &orf_traces_record_params_desc,
};

static GString *
tell (const OrfDesc *desc, gconstpointer params)
{
  GString *text = g_string_new (NULL);

  if (!orf_encode (desc, params, text, NULL))
    g_string_assign (text, "cannot be told");
  return text;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) one = NULL;
  g_autoptr (GString) other = NULL;
  const OrfDesc *desc;
  gpointer plain, whole;

  if (size == 0)
    return 0;
  desc = shapes[data[0] % G_N_ELEMENTS (shapes)];
  text = g_strndup ((const char *) data + 1, size - 1);
  plain = orf_decode_plain (desc, text, strlen (text));
  if (plain == NULL)
    return 0;
  whole = orf_decode_text (desc, text, strlen (text), ORF_DECODE_STRICT, &error);
  if (whole == NULL)
    g_error ("taken one way, and not the other (%s): %s", error->message, text);
  one = tell (desc, plain);
  other = tell (desc, whole);
  orf_struct_free (desc, plain);
  orf_struct_free (desc, whole);
  if (!g_string_equal (one, other))
    g_error ("%s became %s and %s", text, one->str, other->str);
  return 0;
}
