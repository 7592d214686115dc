/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notify/orf-notice-journal.h"

#include <string.h>
#include <syslog.h>

#include "notify/orf-notice-words.h"

/* `journalctl MESSAGE_ID=…` finds what orfeas tells of alerts. */
#define MESSAGE_ID "a4f1c0de5b9d4c6f8e2d7a6b3c915e08"
/* A field of a log, and all of them one datagram. */
#define MAX_FIELD_CHARS 4000

static void
add_field (GByteArray *entry, const char *name, const char *value)
{
  g_autofree char *cut = orf_notice_words_cut (value, MAX_FIELD_CHARS, TRUE);
  guint64 length = strlen (cut), stored = GUINT64_TO_LE (length);

  g_byte_array_append (entry, (const guint8 *) name, (guint) strlen (name));
  if (strchr (cut, '\n') == NULL) {
    g_byte_array_append (entry, (const guint8 *) "=", 1);
  } else {
    g_byte_array_append (entry, (const guint8 *) "\n", 1);
    g_byte_array_append (entry, (const guint8 *) &stored, sizeof stored);
  }
  g_byte_array_append (entry, (const guint8 *) cut, (guint) length);
  g_byte_array_append (entry, (const guint8 *) "\n", 1);
}

static int
get_priority (const OrfAlertTold *told)
{
  if (told->event == ORF_ALERT_NOTICE_EVENT_RESOLVED)
    return LOG_NOTICE;
  switch (told->severity) {
  case ORF_SEVERITY_CRITICAL:
    return LOG_CRIT;
  case ORF_SEVERITY_WARNING:
    return LOG_WARNING;
  default:
    return LOG_INFO;
  }
}

GByteArray *
orf_notice_journal_format (const OrfAlertTold *told)
{
  GByteArray *entry = g_byte_array_new ();
  g_auto (GStrv) fields = orf_notice_words_make_fields (told);
  gboolean over = told->event == ORF_ALERT_NOTICE_EVENT_RESOLVED;
  const char priority[] = { (char) ('0' + get_priority (told)), '\0' };
  g_autofree char *message = g_strdup_printf ("%s: %s: %s", over ? "alert over" : "alert",
                                              told->rule, told->summary);

  add_field (entry, "MESSAGE", message);
  add_field (entry, "MESSAGE_ID", MESSAGE_ID);
  add_field (entry, "PRIORITY", priority);
  add_field (entry, "SYSLOG_IDENTIFIER", "orfeasd");
  for (guint i = 0; fields[i] != NULL; i += 2)
    add_field (entry, fields[i], fields[i + 1]);
  return entry;
}
