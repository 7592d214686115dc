/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notify/orf-notice-mail.h"

#include <string.h>

#include "core/orf-clock.h"
#include "notify/orf-notice-labels.h"
#include "notify/orf-notice-words.h"

/* RFC 2047: a line with an encoded word has at most 76 characters.  39 bytes are 52 of base64,
 * "=?UTF-8?B?" and "?=" twelve, "Subject: " nine. */
#define WORD_BYTES 39
/* RFC 5322 asks for at most 78 characters a line. */
#define LINE_BASE64     76
#define MAX_HELP_CHARS  4000
#define MAX_TOTAL_CHARS 200000

gboolean
orf_notice_mail_is_address (const char *text)
{
  const char *at = strchr (text, '@');

  if (at == NULL || at == text || at[1] == '\0' || text[0] == '-' || strlen (text) > 254)
    return FALSE;
  for (const char *c = text; *c != '\0'; c++)
    if (!g_ascii_isalnum (*c) && strchr ("@._+-=!#$%&'*/?^`{|}~[]:", *c) == NULL)
      return FALSE;
  return strchr (at + 1, '@') == NULL;
}

/* The bytes of the first whole characters of text, at most WORD_BYTES. */
static gsize
measure_word (const char *text)
{
  gsize length = 0;

  while (text[length] != '\0') {
    gsize next = (gsize) (g_utf8_next_char (text + length) - text);

    if (next > WORD_BYTES)
      break;
    length = next;
  }
  return length;
}

/* text has no control characters. */
static void
add_unstructured (GString *mail, const char *name, const char *text)
{
  g_string_append_printf (mail, "%s:", name);
  if (g_str_is_ascii (text) && strstr (text, "=?") == NULL &&
      strlen (name) + strlen (text) < LINE_BASE64) {
    g_string_append_printf (mail, " %s\n", text);
    return;
  }
  while (*text != '\0') {
    gsize length = measure_word (text);
    g_autofree char *word = g_base64_encode ((const guchar *) text, length);

    g_string_append_printf (mail, " =?UTF-8?B?%s?=\n", word); /* folded: the next line is its own */
    text += length;
  }
}

static void
add_date (GString *mail, gint64 now_us)
{
  static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
  static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
  g_autoptr (GDateTime) now = g_date_time_new_from_unix_utc (now_us / ORF_US_PER_S);

  /* not by strftime, whose names are the locale's */
  g_string_append_printf (mail, "Date: %s, %d %s %04d %02d:%02d:%02d +0000\n",
                          days[g_date_time_get_day_of_week (now) - 1],
                          g_date_time_get_day_of_month (now),
                          months[g_date_time_get_month (now) - 1], g_date_time_get_year (now),
                          g_date_time_get_hour (now), g_date_time_get_minute (now),
                          g_date_time_get_second (now));
}

/* A part of an address: of what else stands there, and could end the line, each is `other`. */
static char *
dup_atom (const char *text, char other)
{
  return g_strcanon (g_strdup (text), G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS ".-", other);
}

/* The same whenever this is sent again. */
static void
add_message_id (GString *mail, const OrfAlertTelling *telling, const char *host)
{
  const OrfAlertTold *first = telling->alerts->len > 0 ? telling->alerts->pdata[0] : NULL;
  g_autofree char *id = dup_atom (first != NULL ? first->id : "none", '.');
  g_autofree char *receiver = dup_atom (telling->receiver, '-');
  g_autofree char *domain = dup_atom (host, '-');

  g_string_append_printf (mail, "Message-ID: <%s.%u.%s@%s>\n", id, telling->alerts->len, receiver,
                          domain);
}

static char *
make_text (const OrfAlertTelling *telling, const char *external_url)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *link = orf_notice_labels_make_link (external_url);

  for (guint i = 0; i < telling->alerts->len && text->len < MAX_TOTAL_CHARS; i++) {
    g_autofree char *one = orf_notice_words_make_text (telling->alerts->pdata[i]);
    g_autofree char *cut = orf_notice_words_cut (one, MAX_HELP_CHARS, TRUE);

    g_string_append_printf (text, "%s%s", i > 0 ? "\n" : "", cut);
  }
  if (telling->left_out > 0)
    g_string_append_printf (text, "\nand %" G_GINT64_FORMAT " more\n", telling->left_out);
  if (link != NULL)
    g_string_append_printf (text, "\n%s\n", link);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
add_body (GString *mail, const char *text)
{
  g_autofree char *encoded = g_base64_encode ((const guchar *) text, strlen (text));

  g_string_append_c (mail, '\n');
  for (const char *at = encoded; *at != '\0'; at += strnlen (at, LINE_BASE64))
    g_string_append_printf (mail, "%.*s\n", LINE_BASE64, at);
}

GString *
orf_notice_mail_format (const OrfAlertTelling *telling,
                        const OrfNoticeMail *settings,
                        gint64 now_us)
{
  GString *mail = g_string_new (NULL);
  g_autofree char *to = g_strjoinv (",\n ", (char **) settings->to);
  g_autofree char *subject = orf_notice_words_make_subject (telling);
  g_autofree char *text = make_text (telling, settings->external_url);

  g_string_append_printf (mail, "From: %s\nTo: %s\n", settings->from, to);
  add_unstructured (mail, "Subject", subject);
  add_date (mail, now_us);
  add_message_id (mail, telling, settings->host);
  /* RFC 3834: no out-of-office answers to it */
  g_string_append (mail, "Auto-Submitted: auto-generated\nMIME-Version: 1.0\n"
                         "Content-Type: text/plain; charset=UTF-8\n"
                         "Content-Transfer-Encoding: base64\n");
  add_body (mail, text);
  return mail;
}
