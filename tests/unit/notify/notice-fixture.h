/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "notify/orf-notice.h"

#define S G_GINT64_CONSTANT (1000000)

/* labels and inhibited_by: words separated by blanks. */
static inline OrfNoticeAlert *
make_alert (
  gint64 id, const char *rule, const char *labels, const char *inhibited_by, gint64 fired_us)
{
  OrfNoticeAlert *alert = orf_notice_alert_new ();

  alert->alert_id = id;
  alert->rule = g_strdup (rule);
  alert->severity = ORF_SEVERITY_WARNING;
  alert->labels = g_strsplit (labels, " ", -1);
  alert->inhibited_by = inhibited_by != NULL ? g_strsplit (inhibited_by, " ", -1) : NULL;
  alert->value = 86.5;
  alert->threshold = 85;
  alert->started_us = fired_us;
  alert->fired_us = fired_us;
  alert->summary = g_strdup_printf ("%s is too high", rule);
  return alert;
}

/* The same when it is over. */
static inline OrfNoticeAlert *
make_over (const OrfNoticeAlert *alert, gint64 resolved_us)
{
  OrfNoticeAlert *over = orf_notice_alert_new ();

  *over = *alert;
  over->rule = g_strdup (alert->rule);
  over->labels = g_strdupv (alert->labels);
  over->inhibited_by = g_strdupv (alert->inhibited_by);
  over->summary = g_strdup (alert->summary);
  over->help = g_strdup (alert->help);
  over->runbook = g_strdup (alert->runbook);
  over->resolved_us = resolved_us;
  return over;
}
