/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notify/orf-notice-hold.h"

struct _OrfNoticeHold {
  GPtrArray *silences; /* OrfNoticeSilence, by id */
  GHashTable *firing;  /* rule -> GPtrArray of OrfNoticeAlert, in the order in which they began */
};

/* ---- silences -------------------------------------------------------------------------------- */

OrfNoticeSilence *
orf_notice_silence_new (
  gint64 id, const char *matchers, gint64 from_us, gint64 until_us, GError **error)
{
  OrfSelector *selector = orf_selector_parse (matchers, error);
  OrfNoticeSilence *silence;

  if (selector == NULL)
    return NULL;
  silence = g_new0 (OrfNoticeSilence, 1);
  *silence = (OrfNoticeSilence){ id, selector, from_us, until_us };
  return silence;
}

void
orf_notice_silence_free (OrfNoticeSilence *silence)
{
  g_clear_pointer (&silence->matchers, orf_selector_free);
  g_free (silence);
}

static int
compare_silences (gconstpointer a, gconstpointer b)
{
  const OrfNoticeSilence *one = *(const OrfNoticeSilence *const *) a;
  const OrfNoticeSilence *other = *(const OrfNoticeSilence *const *) b;

  return one->id < other->id ? -1 : one->id > other->id;
}

void
orf_notice_hold_set_silences (OrfNoticeHold *hold, GPtrArray *silences)
{
  g_ptr_array_unref (hold->silences);
  hold->silences = silences;
  g_ptr_array_sort (silences, compare_silences);
}

const OrfNoticeSilence *
orf_notice_hold_find_silence (const OrfNoticeHold *hold, const OrfNoticeAlert *alert, gint64 now_us)
{
  g_autofree char **labels = hold->silences->len > 0 ? orf_notice_alert_list_labels (alert) : NULL;

  for (guint i = 0; i < hold->silences->len; i++) {
    const OrfNoticeSilence *silence = hold->silences->pdata[i];
    gboolean matches;

    /* ignored: who is in doubt is told rather than not */
    if (silence->from_us <= now_us && now_us < silence->until_us &&
        orf_selector_match (silence->matchers, alert->rule, labels, &matches, NULL) && matches)
      return silence;
  }
  return NULL;
}

/* ---- inhibition ------------------------------------------------------------------------------ */

void
orf_notice_hold_add_firing (OrfNoticeHold *hold, OrfNoticeAlert *alert)
{
  GPtrArray *alerts = g_hash_table_lookup (hold->firing, alert->rule);

  if (alerts == NULL) {
    alerts = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_notice_alert_unref);
    g_hash_table_insert (hold->firing, g_strdup (alert->rule), alerts);
  }
  g_ptr_array_add (alerts, orf_notice_alert_ref (alert));
}

void
orf_notice_hold_remove_firing (OrfNoticeHold *hold, const OrfNoticeAlert *alert)
{
  GPtrArray *alerts = g_hash_table_lookup (hold->firing, alert->rule);

  for (guint i = 0; alerts != NULL && i < alerts->len; i++)
    if (((OrfNoticeAlert *) alerts->pdata[i])->alert_id == alert->alert_id) {
      g_ptr_array_remove_index (alerts, i);
      break;
    }
  if (alerts != NULL && alerts->len == 0)
    g_hash_table_remove (hold->firing, alert->rule);
}

const OrfNoticeAlert *
orf_notice_hold_find_inhibitor (const OrfNoticeHold *hold, const OrfNoticeAlert *alert)
{
  for (char **rule = alert->inhibited_by; rule != NULL && *rule != NULL; rule++) {
    GPtrArray *alerts = g_hash_table_lookup (hold->firing, *rule);

    for (guint i = 0; alerts != NULL && i < alerts->len; i++) {
      const OrfNoticeAlert *other = alerts->pdata[i];

      if (other->alert_id != alert->alert_id && orf_notice_alert_agrees (alert, other))
        return other;
    }
  }
  return NULL;
}

/* ---- life ------------------------------------------------------------------------------------ */

OrfNoticeHold *
orf_notice_hold_new (void)
{
  OrfNoticeHold *hold = g_new0 (OrfNoticeHold, 1);

  hold->silences = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_notice_silence_free);
  hold->firing = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                        (GDestroyNotify) g_ptr_array_unref);
  return hold;
}

void
orf_notice_hold_free (OrfNoticeHold *hold)
{
  g_ptr_array_unref (hold->silences);
  g_hash_table_unref (hold->firing);
  g_free (hold);
}
