/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any text as one of the words that we gave out and get back: cursors, ids, what stands in the
 * outbox.  What is taken means the same when we write it; of an id that is what was taken.  And any
 * series as a request of remote write: by halves all of its samples come, each once. */
#include <stdint.h>
#include <string.h>

#include "core/orf-id.h"
#include "outbox/orf-outbox-run.h"
#include "remote/orf-write-request.h"
#include "rpc/orf-list-cursor.h"

#include "fuzz-take.h"

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
check_run (gint64 from_no, gint64 to_no)
{
  g_autoptr (GBytes) again = orf_outbox_run_format (from_no, to_no);
  gint64 same_from_no, same_to_no;

  if (from_no > to_no)
    g_error ("a run that ends before it begins");
  if (!orf_outbox_run_parse (again, G_MAXINT64, &same_from_no, &same_to_no) ||
      same_from_no != from_no || same_to_no != to_no)
    g_error ("a run that becomes another");
}

static void
read_entry (GBytes *entry)
{
  OrfWritePiece pieces[2];
  gint64 from_no, to_no;

  if (orf_outbox_run_parse (entry, G_MAXINT64, &from_no, &to_no))
    check_run (from_no, to_no);
  if (orf_write_request_split (entry, pieces)) {
    g_bytes_unref (pieces[0].body);
    g_bytes_unref (pieces[1].body);
  }
}

/* ---- remote write ---------------------------------------------------------------------------- */

static GBytes *
take_labels (FuzzInput *input)
{
  g_autofree char *name = fuzz_take_text (input, 40), *value = fuzz_take_text (input, 200);
  char *labels[] = { (char *) "__name__", name, (char *) "l", value, NULL };

  return orf_write_request_make_labels (labels);
}

/* How many series and samples a request has. */
static guint
fill (FuzzInput *input, OrfWriteRequest *request)
{
  guint n_series = 1 + fuzz_take_byte (input) % 4, n_all = 0;

  for (guint i = 0; i < n_series; i++) {
    g_autoptr (GBytes) labels = take_labels (input);
    OrfWriteSample samples[8];
    guint n = 1 + fuzz_take_byte (input) % G_N_ELEMENTS (samples);

    for (guint k = 0; k < n; k++)
      samples[k] = (OrfWriteSample){ (gint64) fuzz_take_number (input), fuzz_take_byte (input) };
    orf_write_request_add (request, labels, samples, n);
    n_all += n;
  }
  if (orf_write_request_get_n_samples (request) != n_all ||
      orf_write_request_get_size (request) == 0)
    g_error ("%u samples are not there", n_all);
  return n_all;
}

static void
check_halves (GBytes *body, guint n_samples)
{
  OrfWritePiece pieces[2];

  if (!orf_write_request_split (body, pieces)) {
    if (n_samples != 1)
      g_error ("%u samples that cannot be shared out", n_samples);
    return;
  }
  if (pieces[0].n_samples + pieces[1].n_samples != n_samples || pieces[0].n_samples == 0 ||
      pieces[1].n_samples == 0)
    g_error ("%u samples became %u and %u", n_samples, pieces[0].n_samples, pieces[1].n_samples);
  for (guint i = 0; i < 2; i++) {
    check_halves (pieces[i].body, pieces[i].n_samples);
    g_bytes_unref (pieces[i].body);
  }
}

static void
write_remotely (FuzzInput *input)
{
  g_autoptr (OrfWriteRequest) request = orf_write_request_new ();
  guint n = fill (input, request);
  g_autoptr (GBytes) body = orf_write_request_pack (request);

  check_halves (body, n);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autoptr (GBytes) entry = g_bytes_new (data, size);
  FuzzInput input = { data, size };

  read_cursor (text);
  read_id (text);
  read_entry (entry);
  write_remotely (&input);
  return 0;
}
