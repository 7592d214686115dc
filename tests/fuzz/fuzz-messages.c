/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text as a message between our own processes, or of a service that is asked: the first byte
 * says of which shape.  What is taken can be told again, and is the same then. */
#include <stdint.h>

#include "orf-decode.h"
#include "orf-encode.h"
#include "orf-schema-types.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static const OrfDesc *const shapes[] = {
  &orf_probe_message_desc,  &orf_sql_ask_desc,         &orf_sql_reply_desc,
  &orf_alert_telling_desc,  &orf_rpc_meta_desc,        &orf_actuator_sleeping_desc,
  &orf_actuator_comfy_desc, &orf_actuator_models_desc, &orf_actuator_answer_desc,
};

/* NULL: it cannot be told; JSON has no word for a number that is none. */
static GString *
tell (const OrfDesc *desc, gconstpointer message)
{
  g_autoptr (GString) text = g_string_new (NULL);

  return orf_encode (desc, message, text, NULL) ? g_steal_pointer (&text) : NULL;
}

static void
check_again (const OrfDesc *desc, const GString *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) again = NULL;
  gpointer message = orf_decode_text (desc, text->str, text->len, ORF_DECODE_STRICT, &error);

  if (message == NULL)
    g_error ("what was told is not taken (%s): %s", error->message, text->str);
  again = tell (desc, message);
  orf_struct_free (desc, message);
  if (again == NULL || !g_string_equal (again, text))
    g_error ("%s became %s", text->str, again != NULL ? again->str : "nothing");
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const OrfDesc *desc;
  OrfDecodeMode mode;
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) text = NULL;
  gpointer message;

  if (size == 0)
    return 0;
  desc = shapes[(data[0] & 0x7f) % G_N_ELEMENTS (shapes)];
  mode = data[0] & 0x80 ? ORF_DECODE_STRICT : ORF_DECODE_LENIENT;
  message = orf_decode_text (desc, (const char *) data + 1, size - 1, mode, &error);
  if ((message == NULL) != (error != NULL))
    g_error ("neither taken nor refused");
  if (message == NULL)
    return 0;
  text = tell (desc, message);
  orf_struct_free (desc, message);
  if (text != NULL)
    check_again (desc, text);
  return 0;
}
