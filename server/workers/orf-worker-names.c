/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "workers/orf-worker-names.h"

#include "core/orf-id.h"
#include "orf-error.h"

/* Of those that have the name: more would hide what is to be done. */
#define MAX_TOLD 8

/* "w-1, w-4 and 3 more" */
static char *
describe (const OrfWorkerNamesake *namesakes, guint n_namesakes, gboolean live, guint n)
{
  GString *text = g_string_new (NULL);
  guint n_told = 0;

  for (guint i = 0; i < n_namesakes && n_told < MAX_TOLD; i++) {
    g_autofree char *id = orf_id_format (ORF_ID_WORKER, namesakes[i].no);

    if (namesakes[i].live == live)
      g_string_append_printf (text, "%s%s", n_told++ > 0 ? ", " : "", id);
  }
  if (n > n_told)
    g_string_append_printf (text, " and %u more", n - n_told);
  return g_string_free (text, FALSE);
}

gint64
orf_worker_names_choose (const char *name,
                         const OrfWorkerNamesake *namesakes,
                         guint n_namesakes,
                         GError **error)
{
  g_autofree char *candidates = NULL;
  gboolean live = FALSE;
  gint64 no = 0;
  guint n = 0;

  for (guint i = 0; i < n_namesakes; i++)
    live |= namesakes[i].live;
  for (guint i = 0; i < n_namesakes; i++) {
    if (namesakes[i].live == live) {
      no = namesakes[i].no;
      n++;
    }
  }
  if (n == 1)
    return no;
  if (n == 0) {
    g_propagate_error (error, orf_error_new_field (ORF_ERROR_NOT_FOUND, "worker", NULL,
                                                   "no worker '%s'", name));
    return 0;
  }
  candidates = describe (namesakes, n_namesakes, live, n);
  g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "worker", candidates,
                                                 "worker: '%s' is the name of %s: say which", name,
                                                 candidates));
  return 0;
}

OrfWorker *
orf_worker_names_find (OrfWorkers *workers, const char *text, GError **error)
{
  GPtrArray *all = orf_workers_get_all (workers);
  OrfWorker *worker = orf_workers_find (workers, text);
  g_autoptr (GArray) namesakes = g_array_new (FALSE, FALSE, sizeof (OrfWorkerNamesake));
  g_autofree char *id = NULL;
  gint64 no;

  if (worker != NULL)
    return worker;
  for (guint i = 0; i < all->len; i++) {
    const OrfWorker *one = all->pdata[i];
    const OrfWorkerNamesake namesake = { one->no, orf_worker_is_live (one) };

    if (g_str_equal (one->name, text))
      g_array_append_val (namesakes, namesake);
  }
  no = orf_worker_names_choose (text, (const OrfWorkerNamesake *) namesakes->data, namesakes->len,
                                error);
  if (no == 0)
    return NULL;
  id = orf_id_format (ORF_ID_WORKER, no);
  return orf_workers_find (workers, id);
}
