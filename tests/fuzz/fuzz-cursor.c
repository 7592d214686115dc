/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text as one of the words that we gave out and get back: cursors, ids, what stands in the
 * outbox.  What is taken means the same when we write it; of an id that is what was taken. */
#include <stdint.h>
#include <string.h>

#include "core/orf-id.h"
#include "export/orf-span-run.h"
#include "remote/orf-write-request.h"
#include "rpc/orf-list-cursor.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
read_cursor (const char *text)
{
  g_autoptr (GError) error = NULL;
  gint64 t_us, id;

  if (orf_list_cursor_parse (text, &t_us, &id, &error)) {
    g_autofree char *again = orf_list_cursor_format (t_us, id);
    gint64 same_us, same_id;

    if (!orf_list_cursor_parse (again, &same_us, &same_id, NULL) || same_us != t_us ||
        same_id != id)
      g_error ("the cursor %s became %s", text, again);
  } else if (error == NULL) {
    g_error ("refused without a word");
  }
}

static void
read_id (const char *text)
{
  guint n_kinds = 0;

  for (OrfIdKind kind = 0; kind < ORF_N_ID_KINDS; kind++) {
    gint64 number;

    if (orf_id_parse (kind, text, &number)) {
      g_autofree char *again = orf_id_format (kind, number);

      n_kinds++;
      if (!g_str_equal (again, text))
        g_error ("the id %s became %s", text, again);
    }
  }
  if (n_kinds > 1)
    g_error ("%s is of two kinds", text);
}

static void
read_entry (GBytes *entry)
{
  OrfWritePiece pieces[2];
  gint64 from_no, to_no;

  if (orf_span_run_parse (entry, &from_no, &to_no) && from_no > to_no)
    g_error ("a run that ends before it begins");
  if (orf_write_request_split (entry, pieces)) {
    g_bytes_unref (pieces[0].body);
    g_bytes_unref (pieces[1].body);
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autoptr (GBytes) entry = g_bytes_new (data, size);

  read_cursor (text);
  read_id (text);
  read_entry (entry);
  return 0;
}
