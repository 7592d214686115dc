/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomalies/orf-anomaly-writer.h"

#include "core/orf-clock.h"

/* Anomalies that wait while nothing can be written. */
#define MAX_WAITING 10000
#define SAY_US      (60 * ORF_US_PER_S)

typedef struct {
  OrfAnomalyRecord *row;
  gboolean told;
} Waiting;

struct _OrfAnomalyWriter {
  OrfStore *store;
  OrfAnomalyTold told;
  gpointer user_data;
  GArray *waiting; /* Waiting, by id */
  GArray *writing; /* the same, on their way; NULL: nothing is */
  gboolean stopped;
  gint64 said_us; /* monotonic */
};

static void
clear_waiting (gpointer data)
{
  orf_anomaly_record_free (((Waiting *) data)->row);
}

static GArray *
waiting_new (void)
{
  GArray *waiting = g_array_new (FALSE, FALSE, sizeof (Waiting));

  g_array_set_clear_func (waiting, clear_waiting);
  return waiting;
}

OrfAnomalyWriter *
orf_anomaly_writer_new (OrfStore *store, OrfAnomalyTold told, gpointer user_data)
{
  OrfAnomalyWriter *writer = g_new0 (OrfAnomalyWriter, 1);

  writer->store = store;
  writer->told = told;
  writer->user_data = user_data;
  writer->waiting = waiting_new ();
  return writer;
}

void
orf_anomaly_writer_free (OrfAnomalyWriter *writer)
{
  if (writer == NULL)
    return;
  g_clear_pointer (&writer->writing, g_array_unref);
  g_array_unref (writer->waiting);
  g_free (writer);
}

static Waiting *
find (GArray *waiting, gint64 id)
{
  for (guint i = waiting->len; i > 0; i--)
    if (g_array_index (waiting, Waiting, i - 1).row->id == id)
      return &g_array_index (waiting, Waiting, i - 1);
  return NULL;
}

void
orf_anomaly_writer_add (OrfAnomalyWriter *writer, OrfAnomalyRecord *row, gboolean told)
{
  Waiting *known = find (writer->waiting, row->id);
  const Waiting one = { row, told };

  if (known != NULL) {
    orf_anomaly_record_free (known->row);
    *known = (Waiting){ row, known->told || told };
  } else if (writer->waiting->len < MAX_WAITING) {
    g_array_append_val (writer->waiting, one);
  } else {
    g_warning ("an anomaly is lost: nothing can be written for long");
    orf_anomaly_record_free (row);
  }
}

/* What was refused goes back to where it came from, where nothing newer is. */
static void
put_back (OrfAnomalyWriter *writer)
{
  g_autoptr (GArray) newer = writer->waiting;

  writer->waiting = g_steal_pointer (&writer->writing);
  for (guint i = 0; i < newer->len; i++) {
    Waiting *one = &g_array_index (newer, Waiting, i);

    orf_anomaly_writer_add (writer, g_steal_pointer (&one->row), one->told);
  }
}

static void
say (OrfAnomalyWriter *writer, const GError *error)
{
  gint64 now_us = orf_clock_monotonic_us ();

  if (writer->said_us != 0 && now_us - writer->said_us < SAY_US)
    return;
  writer->said_us = now_us;
  g_warning ("%u anomalies are not in the file: %s", writer->waiting->len, error->message);
}

static void
written_cb (gpointer user_data, const OrfWriteResult *result, const GError *error)
{
  OrfAnomalyWriter *writer = user_data;
  g_autoptr (GArray) written = NULL;

  if (error != NULL) {
    put_back (writer);
    say (writer, error);
    return;
  }
  written = g_steal_pointer (&writer->writing);
  for (guint i = 0; i < written->len && !writer->stopped; i++) {
    const Waiting *one = &g_array_index (written, Waiting, i);

    if (one->told)
      writer->told (writer->user_data, one->row);
  }
}

/* NULL: nothing is to be written. */
static OrfAnomalyChange *
make_change (const OrfAnomalyWriter *writer, GPtrArray *states, const OrfAnomalyLimits *limits)
{
  g_autoptr (OrfAnomalyChange) change = orf_anomaly_change_new ();

  for (guint i = 0; i < writer->waiting->len; i++)
    g_ptr_array_add (change->anomalies,
                     orf_anomaly_record_copy (g_array_index (writer->waiting, Waiting, i).row));
  for (guint i = 0; i < states->len; i++)
    g_ptr_array_add (change->states, g_steal_pointer (&states->pdata[i]));
  g_ptr_array_set_size (states, 0);
  change->before_us = limits->before_us;
  change->max_rows = limits->max_rows;
  return orf_anomaly_change_is_empty (change) ? NULL : g_steal_pointer (&change);
}

void
orf_anomaly_writer_write (OrfAnomalyWriter *writer,
                          GPtrArray *states,
                          const OrfAnomalyLimits *limits)
{
  OrfAnomalyChange *change = writer->writing == NULL ? make_change (writer, states, limits) : NULL;

  if (change == NULL)
    return;
  writer->writing = writer->waiting;
  writer->waiting = waiting_new ();
  orf_store_write_anomalies (writer->store, change, written_cb, writer);
}

static void
finished_cb (gpointer user_data, const OrfWriteResult *result, const GError *error)
{
  if (error != NULL)
    g_warning ("what was learnt of anomalies is not in the file: %s", error->message);
}

/* Behind what is on its way already. */
void
orf_anomaly_writer_finish (OrfAnomalyWriter *writer,
                           GPtrArray *states,
                           const OrfAnomalyLimits *limits)
{
  OrfAnomalyChange *change = make_change (writer, states, limits);

  writer->stopped = TRUE;
  if (change != NULL)
    orf_store_write_anomalies (writer->store, change, finished_cb, NULL);
}
