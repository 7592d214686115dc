/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notify/orf-notice.h"

#include "core/orf-names.h"

#include <math.h>
#include <string.h>

/* ---- alerts ---------------------------------------------------------------------------------- */

OrfNoticeAlert *
orf_notice_alert_new (void)
{
  OrfNoticeAlert *alert = g_rc_box_new0 (OrfNoticeAlert);

  alert->value = alert->threshold = NAN;
  return alert;
}

OrfNoticeAlert *
orf_notice_alert_ref (OrfNoticeAlert *alert)
{
  return g_rc_box_acquire (alert);
}

static void
clear_cb (gpointer data)
{
  OrfNoticeAlert *alert = data;

  g_free (alert->rule);
  g_strfreev (alert->labels);
  g_strfreev (alert->inhibited_by);
  g_free (alert->summary);
  g_free (alert->help);
  g_free (alert->runbook);
}

void
orf_notice_alert_unref (OrfNoticeAlert *alert)
{
  g_rc_box_release_full (alert, clear_cb);
}

char **
orf_notice_alert_list_labels (const OrfNoticeAlert *alert)
{
  guint n = alert->labels != NULL ? g_strv_length (alert->labels) : 0, n_all = 0;
  char **all = g_new0 (char *, n + 5);

  for (guint i = 0; i < n; i += 2)
    if (!g_str_equal (alert->labels[i], "rule") && !g_str_equal (alert->labels[i], "severity")) {
      all[n_all++] = alert->labels[i];
      all[n_all++] = alert->labels[i + 1];
    }
  all[n_all++] = (char *) "rule";
  all[n_all++] = alert->rule;
  all[n_all++] = (char *) "severity";
  all[n_all++] = (char *) orf_severity_to_string (alert->severity);
  qsort (all, n_all / 2, 2 * sizeof (char *), orf_names_compare);
  return all;
}

gboolean
orf_notice_alert_matches (const OrfNoticeAlert *alert, const OrfSelector *selector)
{
  g_autofree char **labels = orf_notice_alert_list_labels (alert);
  gboolean matches = FALSE;

  /* ignored: who is in doubt is told rather than not */
  return orf_selector_match (selector, alert->rule, labels, &matches, NULL) && matches;
}

gboolean
orf_notice_alert_agrees (const OrfNoticeAlert *alert, const OrfNoticeAlert *other)
{
  char **a = alert->labels, **b = other->labels;

  while (a != NULL && *a != NULL && b != NULL && *b != NULL) {
    int order = strcmp (a[0], b[0]);

    if (order == 0 && !g_str_equal (a[1], b[1]))
      return FALSE;
    a += order <= 0 ? 2 : 0;
    b += order >= 0 ? 2 : 0;
  }
  return TRUE;
}

char *
orf_notice_alert_dup_name (const OrfNoticeAlert *alert)
{
  return g_strdup_printf ("al-%" G_GINT64_FORMAT, alert->alert_id);
}

/* ---- notices --------------------------------------------------------------------------------- */

OrfNotice *
orf_notice_new (
  gint64 id, const char *receiver, OrfNoticeEvent event, gint64 made_us, OrfNoticeAlert *alert)
{
  OrfNotice *notice = g_new0 (OrfNotice, 1);

  *notice = (OrfNotice){ id, g_strdup (receiver), event, made_us, orf_notice_alert_ref (alert) };
  return notice;
}

OrfNotice *
orf_notice_copy (const OrfNotice *notice)
{
  return orf_notice_new (notice->id, notice->receiver, notice->event, notice->made_us,
                         notice->alert);
}

void
orf_notice_free (OrfNotice *notice)
{
  g_clear_pointer (&notice->alert, orf_notice_alert_unref);
  g_free (notice->receiver);
  g_free (notice);
}

char *
orf_notice_dup_stable_id (const OrfNotice *notice)
{
  if (notice->event == ORF_NOTICE_REPEAT)
    return g_strdup_printf ("al-%" G_GINT64_FORMAT "/repeat-%" G_GINT64_FORMAT,
                            notice->alert->alert_id, notice->id);
  return g_strdup_printf ("al-%" G_GINT64_FORMAT "/%s", notice->alert->alert_id,
                          orf_notice_event_get_word (notice->event));
}

OrfAlertTold *
orf_notice_tell (const OrfNotice *notice)
{
  const OrfNoticeAlert *alert = notice->alert;
  OrfAlertTold *told = orf_alert_told_new ();

  told->id = orf_notice_dup_stable_id (notice);
  told->alert = orf_notice_alert_dup_name (alert);
  told->event = orf_alert_notice_event_from_string (orf_notice_event_get_word (notice->event));
  told->rule = g_strdup (alert->rule);
  told->severity = alert->severity;
  told->labels = g_strdupv (alert->labels);
  told->value = alert->value;
  told->threshold = alert->threshold;
  told->started_us = alert->started_us;
  told->fired_us = alert->fired_us;
  told->resolved_us = alert->resolved_us;
  told->has_resolved_us = notice->event == ORF_NOTICE_RESOLVED;
  told->summary = g_strdup (alert->summary);
  told->help = g_strdup (alert->help);
  told->runbook = g_strdup (alert->runbook);
  told->is_acknowledged = alert->is_acknowledged;
  return told;
}

/* ---- messages -------------------------------------------------------------------------------- */

OrfNoticePost *
orf_notice_post_new (const char *receiver, char **group, gboolean is_summary)
{
  OrfNoticePost *post = g_new0 (OrfNoticePost, 1);

  post->receiver = g_strdup (receiver);
  post->group = group;
  post->is_summary = is_summary;
  post->notices = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_notice_free);
  return post;
}

void
orf_notice_post_free (OrfNoticePost *post)
{
  g_clear_pointer (&post->notices, g_ptr_array_unref);
  g_strfreev (post->group);
  g_free (post->receiver);
  g_free (post);
}

/* Whether a later notice of it is of the same alert. */
static GHashTable *
find_latest (const OrfNoticePost *post)
{
  GHashTable *latest = g_hash_table_new (g_int64_hash, g_int64_equal);

  for (guint i = 0; i < post->notices->len; i++) {
    OrfNotice *notice = post->notices->pdata[i];

    g_hash_table_insert (latest, &notice->alert->alert_id, notice);
  }
  return latest;
}

OrfAlertTelling *
orf_notice_post_tell (const OrfNoticePost *post, guint max_listed)
{
  g_autoptr (GHashTable) latest = find_latest (post);
  OrfAlertTelling *telling = orf_alert_telling_new ();

  telling->receiver = g_strdup (post->receiver);
  telling->group = g_strdupv (post->group);
  telling->is_summary = post->is_summary;
  telling->status = ORF_ALERT_TELLING_STATUS_RESOLVED;
  telling->alerts = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_alert_told_free);
  for (guint i = 0; i < post->notices->len; i++) {
    const OrfNotice *notice = post->notices->pdata[i];
    gboolean is_latest = g_hash_table_lookup (latest, &notice->alert->alert_id) == notice;

    if (is_latest && notice->event != ORF_NOTICE_RESOLVED)
      telling->status = ORF_ALERT_TELLING_STATUS_FIRING;
    if (is_latest && telling->alerts->len < max_listed)
      g_ptr_array_add (telling->alerts, orf_notice_tell (notice));
  }
  telling->left_out = post->notices->len - telling->alerts->len;
  return telling;
}
