/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/orf-alert-info.h"

#include "alerts/orf-alert-keeper.h"
#include "core/orf-id.h"
#include "metrics/orf-series-name.h"

static OrfAlertAcknowledgement *
make_acknowledgement (const OrfAlertRow *row)
{
  OrfAlertAcknowledgement *made;

  if (row->acknowledged_us == 0)
    return NULL;
  made = orf_alert_acknowledgement_new ();
  made->author = g_strdup (row->author);
  made->note = g_strdup (row->note);
  made->verdict = row->verdict;
  made->at_us = row->acknowledged_us;
  return made;
}

static void
tell_holds (OrfAlertInfo *info,
            const OrfAlertRow *row,
            const OrfAlertEntry *entry,
            OrfNotifier *notifier)
{
  g_autoptr (OrfNoticeAlert) alert = orf_alert_keeper_describe (row, entry);
  const OrfNoticeSilence *silence = orf_notifier_find_silence (notifier, alert);
  const OrfNoticeAlert *inhibitor = orf_notifier_find_inhibitor (notifier, alert);

  info->silenced_by = silence != NULL ? orf_id_format (ORF_ID_SILENCE, silence->id) : NULL;
  info->inhibited_by = inhibitor != NULL ? orf_id_format (ORF_ID_ALERT, inhibitor->alert_id) : NULL;
}

OrfAlertInfo *
orf_alert_info_make (const OrfAlertRow *row, const OrfAlertBook *book, OrfNotifier *notifier)
{
  const OrfAlertEntry *entry = book != NULL ? orf_alert_book_find (book, row->rule) : NULL;
  OrfAlertInfo *info = orf_alert_info_new ();

  info->id = orf_id_format (ORF_ID_ALERT, row->id);
  info->rule = g_strdup (row->rule);
  info->severity = row->severity;
  info->state = row->state;
  info->value = row->value;
  info->threshold = row->threshold;
  info->labels = orf_series_name_labels_from_json (row->labels_json);
  info->started_us = row->started_us;
  info->has_fired_us = row->fired_us > 0;
  info->fired_us = row->fired_us;
  info->has_resolved_us = row->resolved_us > 0;
  info->resolved_us = row->resolved_us;
  info->summary = g_strdup (row->summary);
  info->acknowledged = make_acknowledgement (row);
  if (entry != NULL) {
    info->help = g_strdup (entry->help);
    info->runbook = g_strdup (orf_alert_rule_get_spec (entry->rule)->runbook);
  }
  if (notifier != NULL &&
      (row->state == ORF_ALERT_STATE_FIRING || row->state == ORF_ALERT_STATE_PENDING))
    tell_holds (info, row, entry, notifier);
  return info;
}
