/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "workers/orf-worker-recorded.h"

#include <glib-object.h> /* GCallback, for orf-schema-bind.h */

#include "core/orf-id.h"
#include "orf-schema-bind.h"
#include "store/orf-store-workers.h"
#include "workers/orf-worker-keeper.h"
#include "workers/orf-worker-list.h"

/* As many as the file has by [workers] max_rows, unless that was raised: then the newest. */
#define MAX_READ 10000

typedef struct {
  OrfCall *call;
  const OrfWorkerListParams *params; /* the call's, which lives until it is ended */
  GPtrArray *rows;                   /* OrfWorkerRow, by the reader */
} List;

static gboolean
read_thread_cb (gpointer data, OrfConnection *connection, GError **error)
{
  List *list = data;

  list->rows = orf_workers_read (connection, 0, MAX_READ, error);
  return list->rows != NULL;
}

static void
read_cb (gpointer user_data, const GError *error)
{
  List *list = user_data;
  guint n_rows = list->rows != NULL ? list->rows->len : 0;
  g_autofree OrfWorker *workers = g_new0 (OrfWorker, n_rows);
  g_autoptr (GPtrArray) all = g_ptr_array_new ();

  if (error != NULL) {
    orf_call_fail (list->call, g_error_copy (error));
  } else {
    for (guint i = 0; i < n_rows; i++) {
      orf_worker_borrow_row (list->rows->pdata[i], &workers[i]);
      workers[i].id = orf_id_format (ORF_ID_WORKER, workers[i].no);
      g_ptr_array_add (all, &workers[i]);
    }
    orf_worker_list_answer (list->call, list->params, all);
    for (guint i = 0; i < n_rows; i++)
      g_free (workers[i].id);
  }
  g_clear_pointer (&list->rows, g_ptr_array_unref);
  g_free (list);
}

static void
list_cb (OrfCall *call, const OrfWorkerListParams *params, gpointer user_data)
{
  List *list = g_new0 (List, 1);

  list->call = call;
  list->params = params;
  orf_store_read (user_data, read_thread_cb, list, orf_call_get_cancel (call), read_cb, list);
}

void
orf_worker_recorded_bind (OrfRouter *router, OrfStore *store)
{
  orf_bind_worker_list (router, list_cb, store);
}
