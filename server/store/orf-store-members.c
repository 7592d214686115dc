/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-store-members.h"

#include <string.h>

#include "store/orf-store-rows.h"

/* The first versions whose files have the tables: one that is only looked at is not migrated. */
#define FIRST_VERSION       2
#define FIRST_GPU_VERSION   9
#define FIRST_ALERT_VERSION 12

/* Each of these is a list of its own, newest first, so that no more than max rows of any are
 * sorted; `rank` and `n` make the order of what happened at the same time always the same. */
#define EVENTS                                                                                     \
  "SELECT * FROM (SELECT 'event' AS kind, 'e-' || id AS id, t_us, text AS title, 5 AS rank, "      \
  "id AS n FROM event WHERE t_us >= ?1 AND t_us < ?2 ORDER BY t_us DESC, id DESC LIMIT ?3)"
#define GPU_EVENTS                                                                                 \
  "SELECT * FROM (SELECT 'gpu_event', 'g-' || id, raised_us, device || ': ' || text, 4, id "       \
  "FROM gpu_event WHERE raised_us >= ?1 AND raised_us < ?2 "                                       \
  "ORDER BY raised_us DESC, id DESC LIMIT ?3)"
#define CLEANUPS                                                                                   \
  "SELECT * FROM (SELECT 'cleanup', 'c-' || id, started_us, device || ': ' || "                    \
  "coalesce(replace(verdict, '_', ' '), 'not ended') || "                                          \
  "iif(freed_bytes IS NULL, '', printf(', %.1f MiB freed', freed_bytes / 1048576.0)), 3, id "      \
  "FROM cleanup WHERE started_us >= ?1 AND started_us < ?2 "                                       \
  "ORDER BY started_us DESC, id DESC LIMIT ?3)"
#define WORKERS                                                                                    \
  "SELECT * FROM (SELECT 'worker', 'w-' || id, lost_us, name || ' was lost', 2, id "               \
  "FROM worker WHERE lost_us >= ?1 AND lost_us < ?2 ORDER BY lost_us DESC, id DESC LIMIT ?3)"
/* Without what has a row of another kind. */
#define AUDIT                                                                                      \
  "SELECT * FROM (SELECT 'audit', 'a-' || id, t_us, method || ' by ' || actor, 1, id "             \
  "FROM audit WHERE t_us >= ?1 AND t_us < ?2 "                                                     \
  "AND method NOT IN ('events.mark', 'incidents.pin', 'incidents.unpin', 'gpu.cleanup', "          \
  "'alerts.acknowledge') "                                                                         \
  "ORDER BY t_us DESC, id DESC LIMIT ?3)"
#define ALERTS                                                                                     \
  "SELECT * FROM (SELECT 'alert', 'al-' || id, fired_us, severity || ': ' || "                     \
  "coalesce(summary, rule), 6, id FROM alert WHERE fired_us >= ?1 AND fired_us < ?2 "              \
  "ORDER BY fired_us DESC, id DESC LIMIT ?3)"
#define IN_ORDER " ORDER BY t_us DESC, rank DESC, n DESC LIMIT ?3"

static const char events_sql[] = EVENTS IN_ORDER;
#define WITH_GPU                                                                                   \
  EVENTS " UNION ALL " GPU_EVENTS " UNION ALL " CLEANUPS " UNION ALL " WORKERS " UNION ALL " AUDIT
static const char gpu_sql[] = "SELECT * FROM (" WITH_GPU ")" IN_ORDER;
static const char all_sql[] = "SELECT * FROM (" WITH_GPU " UNION ALL " ALERTS ")" IN_ORDER;

OrfMemberRow *
orf_member_row_new (void)
{
  return g_new0 (OrfMemberRow, 1);
}

void
orf_member_row_free (OrfMemberRow *row)
{
  if (row == NULL)
    return;
  g_free (row->kind);
  g_free (row->id);
  g_free (row->title);
  g_free (row);
}

gsize
orf_member_row_measure (const OrfMemberRow *row)
{
  return sizeof *row + strlen (row->kind) + strlen (row->id) + strlen (row->title);
}

static OrfMemberRow *
make_row (OrfStatement *statement)
{
  OrfMemberRow *row = orf_member_row_new ();

  row->kind = orf_statement_dup_sure_text (statement, 0);
  row->id = orf_statement_dup_sure_text (statement, 1);
  row->t_us = sqlite3_column_int64 (statement, 2);
  row->title = orf_statement_dup_sure_text (statement, 3);
  return row;
}

/* By what the file has; NULL in *sql: none of it. */
static gboolean
choose_sql (OrfConnection *connection, const char **sql, GError **error)
{
  gboolean has_events, has_gpu, has_alerts;

  if (!orf_connection_has_version (connection, FIRST_VERSION, &has_events, error) ||
      !orf_connection_has_version (connection, FIRST_GPU_VERSION, &has_gpu, error) ||
      !orf_connection_has_version (connection, FIRST_ALERT_VERSION, &has_alerts, error))
    return FALSE;
  *sql = has_alerts ? all_sql : has_gpu ? gpu_sql : has_events ? events_sql : NULL;
  return TRUE;
}

static gboolean
collect (OrfConnection *connection,
         gint64 from_us,
         gint64 to_us,
         guint max,
         GPtrArray *rows,
         GError **error)
{
  g_autoptr (OrfStatement) statement = NULL;
  const char *sql;

  if (!choose_sql (connection, &sql, error))
    return FALSE;
  if (sql == NULL)
    return TRUE;
  statement = orf_connection_prepare (connection, sql, error);
  if (statement == NULL)
    return FALSE;
  sqlite3_bind_int64 (statement, 1, from_us);
  sqlite3_bind_int64 (statement, 2, to_us);
  sqlite3_bind_int64 (statement, 3, max);
  return orf_connection_collect (connection, statement, (OrfRowMake) make_row, rows, error);
}

GPtrArray *
orf_members_read (
  OrfConnection *connection, gint64 from_us, gint64 to_us, guint max, GError **error)
{
  g_autoptr (GPtrArray)
    rows = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_member_row_free);

  return collect (connection, from_us, to_us, max, rows, error) ? g_steal_pointer (&rows) : NULL;
}

/* ---- of a window that is not an incident yet ------------------------------------------------- */

typedef struct {
  gint64 from_us, to_us;
  guint max;
} Window;

static gboolean
read_thread_cb (gconstpointer data, OrfConnection *connection, GPtrArray *rows, GError **error)
{
  const Window *window = data;

  return collect (connection, window->from_us, window->to_us, window->max, rows, error);
}

void
orf_store_read_members (OrfStore *store,
                        gint64 from_us,
                        gint64 to_us,
                        guint max,
                        OrfCancel *cancel,
                        OrfRowsDone done,
                        gpointer user_data)
{
  static const OrfRowsRead how = { FIRST_VERSION, read_thread_cb,
                                   (GDestroyNotify) orf_member_row_free,
                                   (OrfRowMeasure) orf_member_row_measure, g_free };
  const Window window = { from_us, to_us, max };

  orf_store_read_rows (store, &how, g_memdup2 (&window, sizeof window), cancel, done, user_data);
}
