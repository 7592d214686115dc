/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as what comes back to a load test, by HTTP, WebSocket or lines: however they are cut,
 * the same answers are read of them.  The first byte says by which way. */
#include "orf-load-reader.h"

#include "fuzz-cuts.h"

/* Of one input; more say nothing new. */
#define MAX_ANSWERS 1000

typedef struct {
  OrfLoadReader *reader;
  GString *log;
  GString *pongs;
  guint n_answers;
  gboolean ended;
} Side;

static void
note (Side *side, OrfLoadReadState state, OrfLoadFault fault)
{
  g_string_append_printf (side->log, "[%d %s]", state,
                          state == ORF_LOAD_READ_DONE ? orf_load_fault_to_string (fault) : "");
  side->ended = state == ORF_LOAD_READ_BROKEN || ++side->n_answers == MAX_ANSWERS;
}

static void
feed_cb (gpointer user_data, const uint8_t *data, gsize length)
{
  Side *side = user_data;
  OrfLoadFault fault = ORF_LOAD_FAULT_NONE;
  OrfLoadReadState state;

  if (side->ended)
    return;
  state = orf_load_reader_feed (side->reader, (const char *) data, length, &fault);
  while (state != ORF_LOAD_READ_MORE) {
    note (side, state, fault);
    if (side->ended)
      return;
    state = orf_load_reader_feed (side->reader, "", 0, &fault);
  }
}

static void
finish (Side *side)
{
  OrfLoadFault fault = ORF_LOAD_FAULT_NONE;

  if (!side->ended)
    note (side, orf_load_reader_end (side->reader, &fault), fault);
  orf_load_reader_take_pongs (side->reader, side->pongs);
}

static void
side_init (Side *side, uint8_t way)
{
  *side = (Side){ .reader = orf_load_reader_new (way % 3, way & 4),
                  .log = g_string_new (NULL),
                  .pongs = g_string_new (NULL) };
}

static void
side_clear (Side *side)
{
  orf_load_reader_free (side->reader);
  g_string_free (side->log, TRUE);
  g_string_free (side->pongs, TRUE);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  Side whole, cut;

  if (size == 0)
    return 0;
  side_init (&whole, data[0]);
  side_init (&cut, data[0]);
  fuzz_feed_both (data, size, feed_cb, &whole, &cut);
  finish (&whole);
  finish (&cut);
  if (!g_string_equal (whole.log, cut.log))
    g_error ("at once: %s; cut: %s", whole.log->str, cut.log->str);
  if (!g_string_equal (whole.pongs, cut.pongs))
    g_error ("cut, the pongs are others");
  side_clear (&whole);
  side_clear (&cut);
  return 0;
}
