/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cost/orf-cost-self.h"

#include <string.h>

#include "cost/orf-cost-book.h"

struct _OrfCostSelfBook {
  gint64 from_us, to_us;
  GArray *selves;    /* OrfCostSelf */
  GHashTable *index; /* Key → 1 + its place */
  GHashTable *left_out;
};

typedef struct {
  gint64 t_us, operation_no;
} Key;

static guint
hash_cb (gconstpointer data)
{
  const Key *key = data;

  /* numbers of ours: nobody chooses them */
  return (guint) (key->operation_no * 2654435761 ^ key->t_us / ORF_COST_MINUTE_US);
}

static gboolean
equal_cb (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, sizeof (Key)) == 0;
}

OrfCostSelfBook *
orf_cost_self_book_new (gint64 from_us, gint64 to_us, const GArray *left_out)
{
  OrfCostSelfBook *book = g_new0 (OrfCostSelfBook, 1);

  book->from_us = from_us;
  book->to_us = to_us;
  book->selves = g_array_new (FALSE, FALSE, sizeof (OrfCostSelf));
  book->index = g_hash_table_new_full (hash_cb, equal_cb, g_free, NULL);
  book->left_out = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  for (guint i = 0; left_out != NULL && i < left_out->len; i++)
    g_hash_table_add (book->left_out,
                      g_memdup2 (&g_array_index (left_out, gint64, i), sizeof (gint64)));
  return book;
}

void
orf_cost_self_book_free (OrfCostSelfBook *book)
{
  if (book == NULL)
    return;
  g_array_unref (book->selves);
  g_hash_table_unref (book->index);
  g_hash_table_unref (book->left_out);
  g_free (book);
}

/* ---- minutes --------------------------------------------------------------------------------- */

static void
add_to_minute (OrfCostSelfBook *book, gint64 t_us, gint64 operation_no, gint64 us)
{
  const Key key = { t_us, operation_no };
  const OrfCostSelf fresh = { t_us, operation_no, 0 };
  guint place = GPOINTER_TO_UINT (g_hash_table_lookup (book->index, &key));

  if (place == 0) {
    g_array_append_val (book->selves, fresh);
    place = book->selves->len;
    g_hash_table_insert (book->index, g_memdup2 (&key, sizeof key), GUINT_TO_POINTER (place));
  }
  g_array_index (book->selves, OrfCostSelf, place - 1).self_us += us;
}

static void
add_piece (OrfCostSelfBook *book, gint64 operation_no, gint64 from_us, gint64 to_us)
{
  from_us = MAX (from_us, book->from_us);
  to_us = MIN (to_us, book->to_us);
  for (gint64 end_us; from_us < to_us; from_us = end_us) {
    gint64 minute_us = from_us - from_us % ORF_COST_MINUTE_US;

    end_us = MIN (to_us, minute_us + ORF_COST_MINUTE_US);
    add_to_minute (book, minute_us, operation_no, end_us - from_us);
  }
}

/* ---- a trace --------------------------------------------------------------------------------- */

static int
compare_parents (const OrfCostSpan *span, const guint8 *parent)
{
  if (!span->has_parent)
    return -1;
  return memcmp (span->parent, parent, sizeof span->parent);
}

/* By parent, roots first; those of one parent by when they began. */
static int
compare_cb (gconstpointer a, gconstpointer b)
{
  const OrfCostSpan *first = a, *second = b;
  int by_parent = second->has_parent ? compare_parents (first, second->parent)
                                     : (first->has_parent ? 1 : 0);

  if (by_parent != 0)
    return by_parent;
  return (first->start_us > second->start_us) - (first->start_us < second->start_us);
}

/* The first child. */
static guint
find_children (const OrfCostSpan *spans, guint n, const guint8 *id)
{
  guint from = 0, to = n;

  while (from < to) {
    guint middle = from + (to - from) / 2;

    if (compare_parents (&spans[middle], id) < 0)
      from = middle + 1;
    else
      to = middle;
  }
  return from;
}

static void
add_span (OrfCostSelfBook *book, const OrfCostSpan *spans, guint n, const OrfCostSpan *span)
{
  gint64 at_us = span->start_us;

  for (guint i = find_children (spans, n, span->id);
       i < n && compare_parents (&spans[i], span->id) == 0 && at_us < span->end_us; i++) {
    const OrfCostSpan *child = &spans[i];

    if (child == span)
      continue;
    add_piece (book, span->operation_no, at_us, MIN (child->start_us, span->end_us));
    at_us = MAX (at_us, child->end_us);
  }
  add_piece (book, span->operation_no, at_us, span->end_us);
}

void
orf_cost_self_book_add (
  OrfCostSelfBook *book, OrfCostSpan *spans, guint n_spans, gint64 from_no, gint64 to_no)
{
  qsort (spans, n_spans, sizeof *spans, compare_cb);
  for (guint i = 0; i < n_spans; i++)
    if (spans[i].span_no > from_no && spans[i].span_no <= to_no &&
        !g_hash_table_contains (book->left_out, &spans[i].operation_no))
      add_span (book, spans, n_spans, &spans[i]);
}

GArray *
orf_cost_self_book_tell (const OrfCostSelfBook *book, gint64 times, gint64 among)
{
  GArray *selves = g_array_copy (book->selves);

  for (guint i = 0; i < selves->len; i++) {
    OrfCostSelf *self = &g_array_index (selves, OrfCostSelf, i);

    self->self_us = self->self_us / among * times + self->self_us % among * times / among;
  }
  return selves;
}
