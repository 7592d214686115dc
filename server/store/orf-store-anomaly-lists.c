/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-anomalies.h"

#include <jansson.h>

#include "store/orf-store-ids.h"
#include "store/orf-store-rows.h"

/* The first version whose files have the tables: one that is only looked at is not migrated. */
#define FIRST_VERSION       16
#define FIRST_ALERT_VERSION 12

/* How far from its beginning and its end things are near an anomaly, and how many are told. */
#define NEAR_US    (60 * G_GINT64_CONSTANT (1000000))
#define MAX_TRACES "5"
#define MAX_NEAR   "16"

#define COLUMNS                                                                                    \
  "a.id, a.kind, a.detector, a.entity, a.series_id, a.direction, a.score, a.once_in_us, "          \
  "a.severity, a.started_us, a.ended_us, a.value, a.lower, a.upper, a.related, a.verdict, "        \
  "a.note, s.name, s.labels, (SELECT i.id FROM incident AS i WHERE i.author = 'black box' "        \
  "AND i.title = 'anomaly of ' || a.entity AND i.from_us <= a.started_us "                         \
  "AND i.to_us > a.started_us ORDER BY i.from_us DESC LIMIT 1)"
#define FROM " FROM anomaly AS a LEFT JOIN series AS s ON s.id = a.series_id "

static const char list_sql[] =
  "SELECT " COLUMNS FROM "WHERE (?1 = 0 OR a.id = ?1) AND a.started_us >= ?2 AND a.started_us < ?3 "
  "AND (?4 IS NULL OR a.kind = ?4) AND (?5 = 0 OR a.severity = 'critical' "
  "OR (?5 = 1 AND a.severity = 'warning')) AND (a.started_us, a.id) < (?6, ?7) "
  "ORDER BY a.started_us DESC, a.id DESC";
static const char open_sql[] = "SELECT " COLUMNS FROM "WHERE a.ended_us IS NULL ORDER BY a.id";
static const char quiet_sql[] = "SELECT " COLUMNS FROM
                                "WHERE a.verdict IN ('noise', 'known') ORDER BY a.id DESC LIMIT ?1";
static const char states_sql[] =
  "SELECT subject, members, saved_us, state FROM anomaly_state ORDER BY saved_us DESC LIMIT ?1";
/* Each operation by itself: of that the indexes are. */
static const char traces_sql[] =
  "SELECT DISTINCT lower(hex(t.trace_id)) FROM (SELECT f.trace_no FROM span_operation AS o "
  "CROSS JOIN span AS f ON f.operation_no = o.operation_no AND f.outcome = 'error' "
  "AND f.start_us BETWEEN ?1 AND ?2 UNION ALL SELECT w.trace_no FROM span_operation AS o "
  "CROSS JOIN span AS w ON w.operation_no = o.operation_no AND w.usual_us IS NOT NULL "
  "AND w.start_us BETWEEN ?1 AND ?2) AS n JOIN trace AS t ON t.trace_no = n.trace_no "
  "LIMIT " MAX_TRACES;
static const char alerts_sql[] =
  "SELECT id FROM alert WHERE started_us BETWEEN ?1 AND ?2 AND fired_us IS NOT NULL "
  "ORDER BY started_us LIMIT " MAX_NEAR;
static const char events_sql[] =
  "SELECT id FROM event WHERE t_us BETWEEN ?1 AND ?2 ORDER BY t_us LIMIT " MAX_NEAR;
static const char count_sql[] =
  "SELECT detector, count(*) FROM anomaly WHERE started_us >= ?1 AND severity <> 'info' "
  "GROUP BY detector";

/* ---- rows ------------------------------------------------------------------------------------ */

void
orf_anomaly_entry_free (OrfAnomalyEntry *entry)
{
  if (entry == NULL)
    return;
  orf_anomaly_record_free (entry->row);
  g_free (entry->name);
  g_free (entry->labels_json);
  g_ptr_array_unref (entry->traces);
  g_array_unref (entry->alerts);
  g_array_unref (entry->events);
  g_free (entry);
}

static char **
get_texts (OrfStatement *statement, int column)
{
  const char *text = (const char *) sqlite3_column_text (statement, column);
  json_t *array = text != NULL ? json_loads (text, 0, NULL) : NULL;
  GStrvBuilder *builder = g_strv_builder_new ();
  char **texts;
  size_t i;
  json_t *value;

  json_array_foreach (array, i, value)
    g_strv_builder_add (builder, json_is_string (value) ? json_string_value (value) : "");
  texts = g_strv_builder_end (builder);
  g_strv_builder_unref (builder);
  json_decref (array);
  return texts;
}

static OrfAnomalyRecord *
make_row (OrfStatement *statement)
{
  OrfAnomalyRecord *row = orf_anomaly_record_new ();
  const char *verdict = (const char *) sqlite3_column_text (statement, 15);

  row->id = sqlite3_column_int64 (statement, 0);
  row->kind = orf_anomaly_kind_from_string ((const char *) sqlite3_column_text (statement, 1));
  row->detector = orf_statement_dup_sure_text (statement, 2);
  row->entity = orf_statement_dup_sure_text (statement, 3);
  row->series_id = sqlite3_column_int64 (statement, 4);
  row->direction = sqlite3_column_int (statement, 5);
  row->score = sqlite3_column_double (statement, 6);
  row->once_in_us = orf_statement_get_int64 (statement, 7, -1);
  row->severity = orf_severity_from_string ((const char *) sqlite3_column_text (statement, 8));
  row->started_us = sqlite3_column_int64 (statement, 9);
  row->ended_us = orf_statement_get_int64 (statement, 10, 0);
  row->value = orf_statement_get_double (statement, 11);
  row->lower = orf_statement_get_double (statement, 12);
  row->upper = orf_statement_get_double (statement, 13);
  row->related = get_texts (statement, 14);
  row->verdict = verdict != NULL ? orf_alert_verdict_from_string (verdict)
                                 : ORF_ALERT_VERDICT_UNSET;
  row->note = orf_statement_dup_text (statement, 16);
  return row;
}

static OrfAnomalyEntry *
make_entry (OrfStatement *statement)
{
  OrfAnomalyEntry *entry = g_new0 (OrfAnomalyEntry, 1);

  entry->row = make_row (statement);
  entry->name = orf_statement_dup_sure_text (statement, 17);
  entry->labels_json = orf_statement_dup_sure_text (statement, 18);
  entry->incident_id = orf_statement_get_int64 (statement, 19, 0);
  entry->traces = g_ptr_array_new_with_free_func (g_free);
  entry->alerts = g_array_new (FALSE, FALSE, sizeof (gint64));
  entry->events = g_array_new (FALSE, FALSE, sizeof (gint64));
  return entry;
}

/* ---- what is near ---------------------------------------------------------------------------- */

static OrfStatement *
prepare_near (OrfConnection *connection,
              const char *sql,
              const OrfAnomalyRecord *row,
              GError **error)
{
  OrfStatement *statement = orf_connection_prepare (connection, sql, error);
  /* of one that goes on: near its beginning */
  gint64 to_us = MAX (row->started_us, row->ended_us);

  if (statement == NULL)
    return NULL;
  sqlite3_bind_int64 (statement, 1, row->started_us - NEAR_US);
  sqlite3_bind_int64 (statement, 2, to_us + NEAR_US);
  return statement;
}

static gboolean
read_ids (OrfConnection *connection,
          const char *sql,
          const OrfAnomalyRecord *anomaly,
          GArray *ids,
          GError **error)
{
  g_autoptr (OrfStatement) statement = prepare_near (connection, sql, anomaly, error);
  gboolean row = TRUE;

  if (statement == NULL)
    return FALSE;
  while (orf_connection_step (connection, statement, &row, error)) {
    gint64 id;

    if (!row)
      return TRUE;
    id = sqlite3_column_int64 (statement, 0);
    g_array_append_val (ids, id);
  }
  return FALSE;
}

static char *
make_trace (OrfStatement *statement)
{
  return orf_statement_dup_text (statement, 0);
}

static gboolean
read_near (OrfConnection *connection, OrfAnomalyEntry *entry, GError **error)
{
  g_autoptr (OrfStatement) statement = prepare_near (connection, traces_sql, entry->row, error);

  return statement != NULL &&
         orf_connection_collect (connection, statement, (OrfRowMake) make_trace, entry->traces,
                                 error) &&
         read_ids (connection, alerts_sql, entry->row, entry->alerts, error) &&
         read_ids (connection, events_sql, entry->row, entry->events, error);
}

static GPtrArray *
entries_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) orf_anomaly_entry_free);
}

/* ---- lists ----------------------------------------------------------------------------------- */

static gboolean
is_kept (const OrfAnomalyFilter *filter, const OrfAnomalyEntry *entry)
{
  return filter->keep_thread_cb == NULL ||
         (entry->name != NULL &&
          filter->keep_thread_cb (filter->keep_data, entry->name, entry->labels_json));
}

static gboolean
keep_rows (const OrfAnomalyFilter *filter,
           OrfStatement *statement,
           OrfConnection *connection,
           GPtrArray *entries,
           GError **error)
{
  gboolean row = TRUE;

  while (entries->len < filter->max) {
    g_autoptr (OrfAnomalyEntry) entry = NULL;

    if (!orf_connection_step (connection, statement, &row, error))
      return FALSE;
    if (!row)
      break;
    entry = make_entry (statement);
    if (is_kept (filter, entry))
      g_ptr_array_add (entries, g_steal_pointer (&entry));
  }
  return TRUE;
}

static gboolean
read_list (const OrfAnomalyFilter *filter,
           OrfConnection *connection,
           GPtrArray *entries,
           GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, list_sql, error);

  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, filter->id);
  sqlite3_bind_int64 (statement, 2, filter->from_us);
  sqlite3_bind_int64 (statement, 3, filter->to_us);
  orf_statement_bind_text (statement, 4, orf_anomaly_kind_to_string (filter->kind));
  sqlite3_bind_int (statement, 5,
                    filter->severity == ORF_SEVERITY_CRITICAL  ? 2
                    : filter->severity == ORF_SEVERITY_WARNING ? 1
                                                               : 0);
  sqlite3_bind_int64 (statement, 6, filter->before_us);
  sqlite3_bind_int64 (statement, 7, filter->before_id);
  return keep_rows (filter, statement, connection, entries, error);
}

static gboolean
read_thread_cb (gconstpointer filter, OrfConnection *connection, GPtrArray *entries, GError **error)
{
  if (!read_list (filter, connection, entries, error))
    return FALSE;
  for (guint i = 0; i < entries->len; i++)
    if (!read_near (connection, entries->pdata[i], error))
      return FALSE;
  return TRUE;
}

void
orf_store_read_anomalies (OrfStore *store,
                          const OrfAnomalyFilter *filter,
                          OrfCancel *cancel,
                          OrfRowsDone done,
                          gpointer user_data)
{
  static const OrfRowsRead how = { FIRST_VERSION, read_thread_cb,
                                   (GDestroyNotify) orf_anomaly_entry_free, NULL, g_free };

  orf_store_read_rows (store, &how, g_memdup2 (filter, sizeof *filter), cancel, done, user_data);
}

/* ---- rows with no more to say ------------------------------------------------------------------
 */

/* first: parameter of a statement that takes one; below 0: it takes none. */
static gboolean
collect (OrfConnection *connection,
         const char *sql,
         gint64 first,
         OrfRowMake make,
         GPtrArray *rows,
         GError **error)
{
  g_autoptr (OrfStatement) statement = orf_connection_prepare (connection, sql, error);

  if (statement == NULL)
    return FALSE;
  if (first >= 0)
    sqlite3_bind_int64 (statement, 1, first);
  return orf_connection_collect (connection, statement, make, rows, error);
}

/* ---- counts ---------------------------------------------------------------------------------- */

typedef struct {
  gint64 from_us;
  OrfAnomalyCounts counts;
  OrfAnomalyCountsDone done;
  gpointer user_data;
} Count;

static void
count_free (gpointer data)
{
  g_free (((OrfAnomalyCount *) data)->detector);
  g_free (data);
}

static OrfAnomalyCount *
make_count (OrfStatement *statement)
{
  OrfAnomalyCount *count = g_new0 (OrfAnomalyCount, 1);

  count->detector = orf_statement_dup_sure_text (statement, 0);
  count->n = sqlite3_column_int64 (statement, 1);
  return count;
}

static gboolean
count_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  Count *count = data;
  gboolean has;

  if (!orf_connection_has_version (connection, FIRST_VERSION, &has, error))
    return FALSE;
  if (!has)
    return TRUE;
  return collect (connection, count_sql, MAX (count->from_us, 0), (OrfRowMake) make_count,
                  count->counts.by_detector, error) &&
         orf_connection_get_int64 (connection, "SELECT coalesce(min(created_us), 0) FROM series",
                                   &count->counts.first_us, error);
}

static void
count_cb (gpointer user_data, const GError *error)
{
  Count *count = user_data;

  count->done (count->user_data, error == NULL ? &count->counts : NULL, error);
  g_ptr_array_unref (count->counts.by_detector);
  g_free (count);
}

void
orf_store_count_anomalies (
  OrfStore *store, gint64 from_us, OrfCancel *cancel, OrfAnomalyCountsDone done, gpointer user_data)
{
  Count *count = g_new0 (Count, 1);

  count->from_us = from_us;
  count->counts.by_detector = g_ptr_array_new_with_free_func (count_free);
  count->done = done;
  count->user_data = user_data;
  orf_store_read (store, count_thread_cb, count, cancel, count_cb, count);
}

/* ---- at start -------------------------------------------------------------------------------- */

void
orf_anomaly_memory_free (OrfAnomalyMemory *memory)
{
  if (memory == NULL)
    return;
  g_ptr_array_unref (memory->open);
  g_ptr_array_unref (memory->quiet);
  g_ptr_array_unref (memory->states);
  g_free (memory);
}

static OrfAnomalyStateRow *
make_state (OrfStatement *statement)
{
  OrfAnomalyStateRow *row = orf_anomaly_state_row_new ();
  gconstpointer data = sqlite3_column_blob (statement, 3);

  row->subject = orf_statement_dup_sure_text (statement, 0);
  row->members = get_texts (statement, 1);
  row->saved_us = sqlite3_column_int64 (statement, 2);
  row->state = g_bytes_new (data, (gsize) sqlite3_column_bytes (statement, 3));
  return row;
}

typedef struct {
  OrfAnomalyMemory *memory;
  guint max_quiet, max_states;
} Load;

static gboolean
load_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  const Load *load = data;
  OrfAnomalyMemory *memory = load->memory;
  gboolean has;

  if (!orf_connection_has_version (connection, FIRST_VERSION, &has, error))
    return FALSE;
  return !has ||
         (orf_connection_get_int64 (connection, ORF_STORE_MAX_ID_SQL ("anomaly"), &memory->max_id,
                                    error) &&
          collect (connection, open_sql, -1, (OrfRowMake) make_entry, memory->open, error) &&
          collect (connection, quiet_sql, load->max_quiet, (OrfRowMake) make_entry, memory->quiet,
                   error) &&
          collect (connection, states_sql, load->max_states, (OrfRowMake) make_state,
                   memory->states, error));
}

OrfAnomalyMemory *
orf_store_load_anomalies (OrfStore *store, guint max_quiet, guint max_states, GError **error)
{
  g_autoptr (OrfAnomalyMemory) memory = g_new0 (OrfAnomalyMemory, 1);
  Load load = { memory, max_quiet, max_states };

  memory->open = entries_new ();
  memory->quiet = entries_new ();
  memory->states = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_anomaly_state_row_free);
  return orf_store_load (store, load_thread_cb, &load, error) ? g_steal_pointer (&memory) : NULL;
}
