/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/orf-alert-silences.h"

#include "core/orf-clock.h"
#include "orf-error.h"

struct _OrfAlertSilences {
  const OrfConfig *config;
  GPtrArray *rows; /* OrfSilenceRow by id */
  OrfNotifier *notifier;
  gint64 last_id;
};

OrfAlertSilences *
orf_alert_silences_new (const OrfConfig *config, OrfStore *store, GError **error)
{
  g_autoptr (OrfAlertSilences) silences = g_new0 (OrfAlertSilences, 1);

  silences->config = config;
  silences->rows = orf_store_load_silences (store, orf_clock_now_us (), &silences->last_id, error);
  return silences->rows != NULL ? g_steal_pointer (&silences) : NULL;
}

void
orf_alert_silences_free (OrfAlertSilences *silences)
{
  if (silences == NULL)
    return;
  g_clear_pointer (&silences->rows, g_ptr_array_unref);
  g_free (silences);
}

static void
tell_notifier (OrfAlertSilences *silences)
{
  GPtrArray *list;

  if (silences->notifier == NULL)
    return;
  list = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_notice_silence_free);
  for (guint i = 0; i < silences->rows->len; i++) {
    const OrfSilenceRow *row = silences->rows->pdata[i];
    OrfNoticeSilence *silence = orf_notice_silence_new (row->id, row->matchers, row->from_us,
                                                        row->until_us, NULL);

    if (silence != NULL) /* a file of another version may have others */
      g_ptr_array_add (list, silence);
  }
  orf_notifier_set_silences (silences->notifier, list);
}

void
orf_alert_silences_set_notifier (OrfAlertSilences *silences, OrfNotifier *notifier)
{
  silences->notifier = notifier;
  tell_notifier (silences);
}

const GPtrArray *
orf_alert_silences_list (OrfAlertSilences *silences, gint64 now_us)
{
  for (guint i = silences->rows->len; i > 0; i--)
    if (((const OrfSilenceRow *) silences->rows->pdata[i - 1])->until_us <= now_us)
      g_ptr_array_remove_index (silences->rows, i - 1);
  return silences->rows;
}

const OrfSilenceRow *
orf_alert_silences_find (OrfAlertSilences *silences, gint64 id, gint64 now_us)
{
  const GPtrArray *rows = orf_alert_silences_list (silences, now_us);

  for (guint i = 0; i < rows->len; i++)
    if (((const OrfSilenceRow *) rows->pdata[i])->id == id)
      return rows->pdata[i];
  return NULL;
}

gint64
orf_alert_silences_take_id (OrfAlertSilences *silences, const char *matchers, GError **error)
{
  g_autoptr (GError) failure = NULL;
  OrfNoticeSilence *silence = orf_notice_silence_new (0, matchers, 0, 0, &failure);

  if (silence == NULL) {
    g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "matchers",
                                                   "a selector, as {rule=\"…\", device=~\"…\"}",
                                                   "matchers: %s", failure->message));
    return 0;
  }
  orf_notice_silence_free (silence);
  if (orf_alert_silences_list (silences, orf_clock_now_us ())->len >=
      (guint64) silences->config->alerts.max_silences) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED,
                 "there are %u silences ([alerts] max_silences)", silences->rows->len);
    return 0;
  }
  return ++silences->last_id;
}

void
orf_alert_silences_put (OrfAlertSilences *silences, OrfSilenceRow *row)
{
  for (guint i = 0; i < silences->rows->len; i++)
    if (((const OrfSilenceRow *) silences->rows->pdata[i])->id == row->id) {
      g_ptr_array_remove_index (silences->rows, i);
      break;
    }
  g_ptr_array_add (silences->rows, row);
  tell_notifier (silences);
}
