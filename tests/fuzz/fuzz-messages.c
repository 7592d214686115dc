/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text as a message between our own processes, of a service that is asked, or as the parameters
 * or the result of any method: the first bytes say of which shape.  What is taken can be told
 * again, and is the same then.  And any two texts as a key's pattern and a key. */
#include <stdint.h>
#include <string.h>

#include "orf-decode.h"
#include "orf-encode.h"
#include "orf-pattern.h"
#include "orf-schema-methods.h"

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

/* What was told, taken and told again. */
static GString *
tell_again (const OrfDesc *desc, const GString *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) again = NULL;
  gpointer message = orf_decode_text (desc, text->str, text->len, ORF_DECODE_STRICT, &error);

  if (message == NULL)
    g_error ("what was told is not taken (%s): %s", error->message, text->str);
  again = tell (desc, message);
  orf_struct_free (desc, message);
  if (again == NULL)
    g_error ("%s became nothing", text->str);
  return g_steal_pointer (&again);
}

static void
check_again (const OrfDesc *desc, const GString *text)
{
  g_autoptr (GString) again = tell_again (desc, text);

  if (!g_string_equal (again, text))
    g_error ("%s became %s", text->str, again->str);
}

/* Beyond those the next byte names a method, of which the parameters or the result are meant; NULL:
 * that is made by its handler. */
static const OrfDesc *
choose_shape (guint8 what, guint8 number)
{
  const OrfMethod *method = &orf_methods[number % ORF_N_METHODS];

  if (what < G_N_ELEMENTS (shapes))
    return shapes[what];
  return what % 2 == 0 ? method->params : method->result;
}

/* A star takes more than what stands for itself. */
static void
match (const char *text, size_t size)
{
  const char *newline = memchr (text, '\n', size);
  g_autofree char *pattern = NULL, *wider = NULL;
  const char *key;
  size_t length;

  if (newline == NULL)
    return;
  pattern = g_strndup (text, (gsize) (newline - text));
  wider = g_strconcat (pattern, "*", NULL);
  key = newline + 1;
  length = size - (gsize) (key - text);
  if (orf_pattern_match (pattern, key, length) && !orf_pattern_match (wider, key, length))
    g_error ("%s matches %.*s, and %s does not", pattern, (int) length, key, wider);
}

static void
read_message (const OrfDesc *desc, OrfDecodeMode mode, const char *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) text = NULL;
  gpointer message = orf_decode_text (desc, data, size, mode, &error);

  if ((message == NULL) != (error != NULL))
    g_error ("neither taken nor refused");
  if (message == NULL)
    return;
  text = tell (desc, message);
  orf_struct_free (desc, message);
  if (text == NULL)
    return;
  /* a later daemon's word that we do not know is left out, and has its default from then on */
  if (mode == ORF_DECODE_LENIENT) {
    GString *settled = tell_again (desc, text);

    g_string_free (text, TRUE);
    text = settled;
  }
  check_again (desc, text);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  guint8 what;
  const OrfDesc *desc;
  gsize head;

  if (size < 2)
    return 0;
  match ((const char *) data, size);
  what = data[0] & 0x7f;
  desc = choose_shape (what, data[1]);
  head = what < G_N_ELEMENTS (shapes) ? 1 : 2;
  if (desc != NULL)
    read_message (desc, data[0] & 0x80 ? ORF_DECODE_STRICT : ORF_DECODE_LENIENT,
                  (const char *) data + head, size - head);
  return 0;
}
