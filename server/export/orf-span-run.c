/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "export/orf-span-run.h"

#include <string.h>

#include "core/orf-gzip.h"
#include "otlp/orf-otlp-write.h"

/* For the messages of a run: they came in requests of 64 MiB. */
#define MAX_ARENA_BYTES (512 << 20)
/* Text of the spans of a run: a collector's own bound on requests is 20 MiB.  One span goes alone
 * if need be. */
#define MAX_TEXT_BYTES (8 << 20)
/* The run is read in pieces of so many, to see how large it becomes. */
#define PIECE_SPANS 500

OrfSpanRun *
orf_span_run_new (gint64 from_no, gint64 to_no, guint max_spans)
{
  OrfSpanRun *run = g_new0 (OrfSpanRun, 1);

  *run = (OrfSpanRun){ .from_no = from_no, .to_no = to_no, .max_spans = max_spans };
  return run;
}

void
orf_span_run_free (OrfSpanRun *run)
{
  if (run == NULL)
    return;
  g_clear_pointer (&run->body, g_bytes_unref);
  g_free (run);
}

/* ---- reading --------------------------------------------------------------------------------- */

static gsize
measure (const OrfSpanRow *row)
{
  const char *const texts[] = { row->attributes, row->events, row->links };
  gsize bytes = 0;

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    bytes += texts[i] != NULL ? strlen (texts[i]) : 0;
  return bytes;
}

/* From `from` on: of the rows those go that are too much.  TRUE: some did. */
static gboolean
cut (GPtrArray *rows, guint from, gsize *bytes)
{
  for (guint i = from; i < rows->len; i++) {
    *bytes += measure (rows->pdata[i]);
    if (*bytes > MAX_TEXT_BYTES && i > 0) {
      g_ptr_array_set_size (rows, (int) i);
      return TRUE;
    }
  }
  return FALSE;
}

static gboolean
read_rows (const OrfSpanRun *run, OrfConnection *connection, GPtrArray *rows, GError **error)
{
  gint64 next_no = run->from_no;
  gsize bytes = 0;

  while (rows->len < run->max_spans) {
    guint before = rows->len, max = MIN (PIECE_SPANS, run->max_spans - before);

    if (!orf_spans_read_run (connection, next_no, run->to_no, max, rows, error))
      return FALSE;
    if (rows->len < before + max || cut (rows, before, &bytes))
      return TRUE;
    next_no = ((OrfSpanRow *) rows->pdata[rows->len - 1])->span_no + 1;
  }
  return TRUE;
}

static void
write_body (OrfSpanRun *run, const GPtrArray *rows)
{
  g_autoptr (OrfOtlpArena) arena = orf_otlp_arena_new ();
  g_autoptr (GString) text = NULL;
  gsize length;
  char *packed;

  orf_otlp_arena_reset (arena, MAX_ARENA_BYTES);
  text = orf_otlp_write_spans (arena, rows);
  if (text == NULL)
    return;
  packed = orf_gzip_pack (text->str, text->len, &length);
  run->body = g_bytes_new_take (packed, length);
}

gboolean
orf_span_run_read (gpointer data, OrfConnection *connection, GError **error)
{
  OrfSpanRun *run = data;
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_span_row_free);

  if (!orf_spans_get_bounds (connection, &run->first_no, &run->last_no, error))
    return FALSE;
  if (run->max_spans == 0 || run->last_no < run->from_no)
    return TRUE;
  if (!read_rows (run, connection, rows, error))
    return FALSE;
  run->n_spans = rows->len;
  if (rows->len == 0)
    return TRUE;
  run->from_us = ((OrfSpanRow *) rows->pdata[0])->start_us;
  run->begin_no = ((OrfSpanRow *) rows->pdata[0])->span_no;
  run->next_no = ((OrfSpanRow *) rows->pdata[rows->len - 1])->span_no + 1;
  write_body (run, rows);
  return TRUE;
}
