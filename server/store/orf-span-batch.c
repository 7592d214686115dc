/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-span-batch.h"

#include <malloc.h>
#include <sodium.h>
#include <string.h>

#include "core/orf-names.h"

OrfSpanBatch *
orf_span_batch_new (void)
{
  OrfSpanBatch *batch = g_new0 (OrfSpanBatch, 1);

  batch->spans = g_array_new (FALSE, TRUE, sizeof (OrfSpan));
  batch->operations = g_array_new (FALSE, FALSE, sizeof (OrfSpanOperation));
  batch->sources = g_array_new (FALSE, FALSE, sizeof (OrfSpanSource));
  batch->marks = g_array_new (FALSE, FALSE, sizeof (OrfSpanMark));
  batch->devices = g_array_new (FALSE, FALSE, sizeof (OrfMarkedDevice));
  batch->text = g_string_new (NULL);
  g_string_append_c (batch->text, '\0'); /* no text begins at 0 */
  batch->known = orf_names_table_new (g_free, NULL);
  batch->key = g_string_new (NULL);
  return batch;
}

void
orf_span_batch_free (OrfSpanBatch *batch)
{
  if (batch == NULL)
    return;
  g_array_unref (batch->spans);
  g_array_unref (batch->operations);
  g_array_unref (batch->sources);
  g_array_unref (batch->marks);
  g_array_unref (batch->devices);
  g_string_free (batch->text, TRUE);
  g_hash_table_unref (batch->known);
  g_string_free (batch->key, TRUE);
  g_free (batch);
}

gsize
orf_span_batch_cut_name (const char *text, gsize length)
{
  if (length <= ORF_SPAN_NAME_BYTES)
    return length;
  length = ORF_SPAN_NAME_BYTES;
  /* not within a character */
  while (length > 0 && ((guint8) text[length] & 0xc0) == 0x80)
    length--;
  return length;
}

guint32
orf_span_batch_add_text (OrfSpanBatch *batch, const char *text, gssize length)
{
  guint32 at = (guint32) batch->text->len;

  g_string_append_len (batch->text, text, length);
  g_string_append_c (batch->text, '\0');
  return at;
}

const char *
orf_span_batch_get_text (const OrfSpanBatch *batch, guint32 at)
{
  return at > 0 ? batch->text->str + at : NULL;
}

const OrfSpanMark *
orf_span_batch_get_mark (const OrfSpanBatch *batch, const OrfSpan *span)
{
  return span->gpu > 0 ? &g_array_index (batch->marks, OrfSpanMark, span->gpu - 1) : NULL;
}

/* The number of what was added under this key before, and TRUE; else that of the next. */
static gboolean
find_known (OrfSpanBatch *batch, guint next, guint *number)
{
  gpointer found;

  if (g_hash_table_lookup_extended (batch->known, batch->key->str, NULL, &found)) {
    *number = GPOINTER_TO_UINT (found);
    return TRUE;
  }
  g_hash_table_insert (batch->known, g_strdup (batch->key->str), GUINT_TO_POINTER (next));
  *number = next;
  return FALSE;
}

/* The length of the first part, as one character that is not NUL, keeps "ab" "c" from "a" "bc". */
guint
orf_span_batch_add_operation (OrfSpanBatch *batch, const char *service, const char *name)
{
  gsize service_bytes = orf_span_batch_cut_name (service, strlen (service));
  gsize name_bytes = orf_span_batch_cut_name (name, strlen (name));
  OrfSpanOperation operation;
  guint number;

  g_string_assign (batch->key, "o");
  g_string_append_c (batch->key, (char) (service_bytes + 1));
  g_string_append_len (batch->key, service, (gssize) service_bytes);
  g_string_append_len (batch->key, name, (gssize) name_bytes);
  if (find_known (batch, batch->operations->len, &number))
    return number;
  operation.service = orf_span_batch_add_text (batch, service, (gssize) service_bytes);
  operation.name = orf_span_batch_add_text (batch, name, (gssize) name_bytes);
  g_array_append_val (batch->operations, operation);
  return number;
}

/* JSON has no line break but as an escape. */
guint
orf_span_batch_add_source (OrfSpanBatch *batch, const char *resource, const char *scope)
{
  OrfSpanSource source = { 0 };
  guint number;

  g_string_printf (batch->key, "s%s\n%s", resource, scope != NULL ? scope : "");
  if (find_known (batch, batch->sources->len, &number))
    return number + 1;
  crypto_generichash (source.digest, sizeof source.digest, (const guint8 *) batch->key->str,
                      batch->key->len, NULL, 0);
  source.resource = orf_span_batch_add_text (batch, resource, -1);
  source.scope = scope != NULL ? orf_span_batch_add_text (batch, scope, -1) : 0;
  g_array_append_val (batch->sources, source);
  return number + 1;
}

guint
orf_span_get_length_class (gint64 duration_us)
{
  return duration_us > 0 ? g_bit_storage ((gulong) duration_us) : 0;
}

gsize
orf_span_batch_measure (const OrfSpanBatch *batch)
{
  return sizeof *batch + malloc_usable_size (batch->spans->data) +
         malloc_usable_size (batch->operations->data) + malloc_usable_size (batch->sources->data) +
         malloc_usable_size (batch->marks->data) + malloc_usable_size (batch->devices->data) +
         batch->text->allocated_len;
}
