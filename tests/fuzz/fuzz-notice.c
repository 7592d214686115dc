/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any JSON as what is to be told of alerts, as the file and the outbox keep it: whatever callers
 * wrote into labels and summaries, each body that goes out is JSON, and of a mail each line of the
 * head is one of ours. */
#include <stdint.h>
#include <string.h>

#include "notify/orf-notice-alertmanager.h"
#include "notify/orf-notice-labels.h"
#include "notify/orf-notice-mail.h"
#include "notify/orf-notice-slack.h"
#include "notify/orf-notice-webhook.h"
#include "notify/orf-notice-words.h"
#include "orf-decode.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#define NOW_US   G_GINT64_CONSTANT (1700000000000000)
#define VALID_US G_GINT64_CONSTANT (60000000)
#define URL      "http://orfeas.example/"
/* What the longest of RFC 5322 may be. */
#define MAX_LINE_CHARS 998

static void
check_json (GString *taken)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) json = orf_json_parse (taken->str, taken->len, ORF_JSON_MAX_DEPTH, &error);

  if (json == NULL)
    g_error ("%s: %s", error->message, taken->str);
  g_string_free (taken, TRUE);
}

/* A line of the head begins with a name of ours, or goes on from the one before. */
static void
check_head_line (const char *line)
{
  static const char *const names[] = {
    "From: ",
    "To: ",
    "Subject:",
    "Date: ",
    "Message-ID: <",
    "Auto-Submitted: ",
    "MIME-Version: ",
    "Content-Type: ",
    "Content-Transfer-Encoding: ",
    " ",
  };
  guint i = 0;

  while (i < G_N_ELEMENTS (names) && !g_str_has_prefix (line, names[i]))
    i++;
  if (i == G_N_ELEMENTS (names) || strlen (line) > MAX_LINE_CHARS || !g_str_is_ascii (line))
    g_error ("a line of a mail's head: %s", line);
}

static void
check_mail (const OrfAlertTelling *telling)
{
  static const char *const to[] = { "a@example.org", "b@example.org", NULL };
  const OrfNoticeMail settings = { "orfeas@example.org", to, "host.example", URL };
  g_autoptr (GString) mail = orf_notice_mail_format (telling, &settings, NOW_US);
  char *body = strstr (mail->str, "\n\n");
  g_auto (GStrv) lines = NULL;

  if (body == NULL || strlen (mail->str) != mail->len)
    g_error ("a mail without a body");
  *body = '\0';
  lines = g_strsplit (mail->str, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    check_head_line (lines[i]);
}

/* Of what an environment takes, each value is one. */
static void
check_fields (const OrfAlertTold *told)
{
  g_auto (GStrv) fields = orf_notice_words_make_fields (told);
  g_auto (GStrv) labels = orf_notice_labels_make (told);
  g_autofree char *print = orf_notice_labels_make_fingerprint (labels);

  if (g_strv_length (fields) % 2 != 0 || g_strv_length (labels) % 2 != 0 || strlen (print) != 16)
    g_error ("a name without its value");
}

static void
tell (const OrfAlertTelling *telling)
{
  g_autofree char *subject = orf_notice_words_make_subject (telling);

  if (strpbrk (subject, "\r\n") != NULL || !g_utf8_validate (subject, -1, NULL))
    g_error ("a subject of lines: %s", subject);
  check_mail (telling);
  check_json (orf_notice_slack_format (telling, URL));
  check_json (orf_notice_webhook_format (telling, URL));
  check_json (orf_notice_alertmanager_format (telling->alerts, URL, NOW_US, VALID_US));
  for (guint i = 0; i < telling->alerts->len; i++)
    check_fields (telling->alerts->pdata[i]);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  gpointer telling = orf_decode_text (&orf_alert_telling_desc, (const char *) data, size,
                                      ORF_DECODE_STRICT, NULL);

  orf_notice_mail_is_address (text);
  if (telling != NULL)
    tell (telling);
  orf_struct_free (&orf_alert_telling_desc, telling);
  return 0;
}
