/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "traces/orf-span-seats.h"

#include <string.h>

#include "core/orf-names.h"

/* Who has a seat counts for so much more: else two would take it from each other. */
#define SEAT_WEIGHT 2
/* Of what counts as busy, so much is left after a minute; below the other nothing is. */
#define DECAY 0.5
#define IDLE  0.01

typedef struct {
  OrfSpanTally *sum;
  double recent; /* spans, old ones for less */
  gboolean seated;
} Operation;

struct _OrfSpanSeats {
  GHashTable *operations; /* key -> Operation */
  guint n_seated;
};

/* The length keeps "ab" "c" from "a" "bc". */
static char *
make_key (const char *service, const char *operation)
{
  return g_strdup_printf ("%" G_GSIZE_FORMAT " %s%s", strlen (service), service, operation);
}

static void
operation_free (gpointer data)
{
  Operation *operation = data;

  orf_span_tally_free (operation->sum);
  g_free (operation);
}

/* ---- counting -------------------------------------------------------------------------------- */

static void
prefer (OrfSpanExemplar *known, const OrfSpanExemplar *fresh)
{
  if (fresh->start_us > 0 && (fresh->duration_us >= known->duration_us ||
                              fresh->start_us - known->start_us > ORF_SPAN_EXEMPLAR_US))
    *known = *fresh;
}

static void
add (OrfSpanTally *sum, const OrfSpanTally *tally)
{
  sum->spans += tally->spans;
  sum->errors += tally->errors;
  sum->sum_us += tally->sum_us;
  for (guint i = 0; i < ORF_SPAN_N_CLASSES; i++) {
    sum->counts[i] += tally->counts[i];
    prefer (&sum->exemplars[i], &tally->exemplars[i]);
  }
  prefer (&sum->failed, &tally->failed);
}

static Operation *
ensure_operation (OrfSpanSeats *seats, const OrfSpanTally *tally)
{
  g_autofree char *key = make_key (tally->service, tally->operation);
  Operation *operation = g_hash_table_lookup (seats->operations, key);

  if (operation != NULL)
    return operation;
  operation = g_new0 (Operation, 1);
  operation->sum = orf_span_tally_new (tally->service, tally->operation);
  g_hash_table_insert (seats->operations, g_steal_pointer (&key), operation);
  return operation;
}

void
orf_span_seats_add (OrfSpanSeats *seats, const OrfSpanTally *tally, guint max)
{
  Operation *operation = ensure_operation (seats, tally);

  add (operation->sum, tally);
  operation->recent += (double) tally->spans;
  if (operation->seated || seats->n_seated >= max)
    return;
  operation->seated = TRUE;
  seats->n_seated++;
}

/* ---- seats ----------------------------------------------------------------------------------- */

static double
get_weight (const Operation *operation)
{
  return operation->seated ? SEAT_WEIGHT * operation->recent : operation->recent;
}

static int
compare_names (const OrfSpanTally *first, const OrfSpanTally *second)
{
  int order = strcmp (first->service, second->service);

  return order != 0 ? order : strcmp (first->operation, second->operation);
}

/* The busiest first; of those that are as busy who has a seat, and then by name. */
static int
compare_cb (gconstpointer a, gconstpointer b)
{
  const Operation *first = *(Operation *const *) a, *second = *(Operation *const *) b;
  double first_weight = get_weight (first), second_weight = get_weight (second);

  if (first_weight != second_weight)
    return first_weight > second_weight ? -1 : 1;
  if (first->seated != second->seated)
    return first->seated ? -1 : 1;
  return compare_names (first->sum, second->sum);
}

static gboolean
is_idle_cb (gpointer key, gpointer value, gpointer user_data)
{
  Operation *operation = value;

  operation->recent *= DECAY;
  return !operation->seated && operation->recent < IDLE;
}

void
orf_span_seats_rank (OrfSpanSeats *seats, guint max)
{
  g_autoptr (GPtrArray) order = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, seats->operations);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    g_ptr_array_add (order, value);
  g_ptr_array_sort (order, compare_cb);
  seats->n_seated = MIN (order->len, max);
  for (guint i = 0; i < order->len; i++)
    ((Operation *) order->pdata[i])->seated = i < seats->n_seated;
  g_hash_table_foreach_remove (seats->operations, is_idle_cb, NULL);
}

GPtrArray *
orf_span_seats_dup_seated (const OrfSpanSeats *seats)
{
  GPtrArray *seated = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, seats->operations);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((Operation *) value)->seated)
      g_ptr_array_add (seated, ((Operation *) value)->sum);
  return seated;
}

const OrfSpanTally *
orf_span_seats_find (const OrfSpanSeats *seats, const char *service, const char *operation)
{
  g_autofree char *key = make_key (service, operation);
  const Operation *found = g_hash_table_lookup (seats->operations, key);

  return found != NULL ? found->sum : NULL;
}

guint
orf_span_seats_get_n_known (const OrfSpanSeats *seats)
{
  return g_hash_table_size (seats->operations);
}

/* ---- life ------------------------------------------------------------------------------------ */

OrfSpanSeats *
orf_span_seats_new (void)
{
  OrfSpanSeats *seats = g_new0 (OrfSpanSeats, 1);

  seats->operations = orf_names_table_new (g_free, operation_free);
  return seats;
}

void
orf_span_seats_free (OrfSpanSeats *seats)
{
  g_hash_table_unref (seats->operations);
  g_free (seats);
}
