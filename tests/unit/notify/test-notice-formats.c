/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each format against the documented shape of what takes it, and with texts that want to be more
 * than texts. */
#include <math.h>
#include <string.h>

#include "notify/orf-notice-alertmanager.h"
#include "notify/orf-notice-journal.h"
#include "notify/orf-notice-labels.h"
#include "notify/orf-notice-mail.h"
#include "notify/orf-notice-slack.h"
#include "notify/orf-notice-webhook.h"
#include "notify/orf-notice-words.h"
#include "orf-decode.h"
#include "orf-encode.h"

#include "notice-fixture.h"

#define FIRED_US    (1760000000 * S + 250000)
#define RESOLVED_US (1760000060 * S)
#define EVIL        "x\r\nBcc: all@example.org\r\n\r\n<!channel> \"&\xff"

static OrfAlertTelling *
make_telling (const char *const *devices, guint n_over, gboolean is_summary)
{
  char *group[] = { (char *) "rule", (char *) "gpu_memory_high", NULL };
  g_autoptr (OrfNoticePost) post = orf_notice_post_new ("one", g_strdupv (group), is_summary);

  for (guint i = 0; devices[i] != NULL; i++) {
    g_autoptr (OrfNoticeAlert) alert = make_alert (i + 1, "gpu_memory_high", "a b", NULL, FIRED_US);
    g_autoptr (OrfNoticeAlert) over = NULL;

    g_strfreev (alert->labels);
    alert->labels = g_new0 (char *, 5);
    alert->labels[0] = g_strdup ("device");
    alert->labels[1] = g_strdup (devices[i]);
    alert->labels[2] = g_strdup ("nodeName");
    alert->labels[3] = g_strdup ("n1");
    g_free (alert->summary);
    alert->summary = g_strdup_printf ("GPU memory of %s is 86.5 %% used", devices[i]);
    alert->help = g_strdup ("Look at gpu.list.");
    alert->runbook = g_strdup ("https://example.org/runbook");
    over = make_over (alert, RESOLVED_US);
    g_ptr_array_add (post->notices,
                     orf_notice_new (i + 1, "one",
                                     i < n_over ? ORF_NOTICE_RESOLVED : ORF_NOTICE_FIRING, FIRED_US,
                                     i < n_over ? over : alert));
  }
  return orf_notice_post_tell (post, 100);
}

static json_t *
parse (GString *text)
{
  g_autoptr (GError) error = NULL;
  json_t *json = orf_json_parse (text->str, text->len, 20, &error);

  g_assert_no_error (error);
  g_string_free (text, TRUE);
  return json;
}

/* path: members and places, such as "alerts/0/labels/device". */
static const char *
get (json_t *json, const char *path)
{
  g_auto (GStrv) steps = g_strsplit (path, "/", -1);

  for (guint i = 0; steps[i] != NULL; i++)
    json = json_is_array (json) ? json_array_get (json, (size_t) atoi (steps[i]))
                                : json_object_get (json, steps[i]);
  return json_string_value (json);
}

static void
test_webhook (void)
{
  const char *const devices[] = { "gpu-0", "gpu-1", NULL };
  g_autoptr (OrfAlertTelling) telling = make_telling (devices, 1, FALSE);
  g_autoptr (json_t) json = parse (orf_notice_webhook_format (telling, "http://host:5000/"));

  g_assert_cmpstr (get (json, "version"), ==, "4");
  g_assert_cmpstr (get (json, "groupKey"), ==, "{}:{alertname=\"gpu_memory_high\"}");
  g_assert_cmpfloat (json_number_value (json_object_get (json, "truncatedAlerts")), ==, 0);
  g_assert_cmpstr (get (json, "status"), ==, "firing");
  g_assert_cmpstr (get (json, "receiver"), ==, "one");
  g_assert_cmpstr (get (json, "groupLabels/alertname"), ==, "gpu_memory_high");
  g_assert_cmpuint (json_object_size (json_object_get (json, "groupLabels")), ==, 1);
  g_assert_cmpstr (get (json, "commonLabels/severity"), ==, "warning");
  g_assert_cmpstr (get (json, "commonLabels/node_name"), ==, "n1");
  g_assert_null (get (json, "commonLabels/device"));
  g_assert_cmpstr (get (json, "commonAnnotations/description"), ==, "Look at gpu.list.");
  g_assert_null (get (json, "commonAnnotations/notification_id"));
  g_assert_cmpstr (get (json, "externalURL"), ==, "http://host:5000/");
  g_assert_cmpstr (get (json, "alerts/0/status"), ==, "resolved");
  g_assert_cmpstr (get (json, "alerts/0/startsAt"), ==, "2025-10-09T08:53:20.250Z");
  g_assert_cmpstr (get (json, "alerts/0/endsAt"), ==, "2025-10-09T08:54:20.000Z");
  g_assert_cmpstr (get (json, "alerts/0/annotations/notification_id"), ==, "al-1/resolved");
  g_assert_cmpstr (get (json, "alerts/1/status"), ==, "firing");
  g_assert_cmpstr (get (json, "alerts/1/endsAt"), ==, "0001-01-01T00:00:00Z");
  g_assert_cmpstr (get (json, "alerts/1/labels/device"), ==, "gpu-1");
  g_assert_cmpstr (get (json, "alerts/1/annotations/runbook_url"), ==,
                   "https://example.org/runbook");
  g_assert_cmpstr (get (json, "alerts/1/annotations/value"), ==, "86.5");
  g_assert_cmpstr (get (json, "alerts/1/generatorURL"), ==, "http://host:5000/#alerts");
  g_assert_cmpuint (strlen (get (json, "alerts/1/fingerprint")), ==, 16);
}

/* FNV-1a of "a" 0xff "b" 0xff, worked out apart from the code. */
static void
test_fingerprint (void)
{
  char *labels[] = { (char *) "a", (char *) "b", NULL }, *none[] = { NULL };
  const guint8 bytes[] = { 'a', 0xff, 'b', 0xff };
  guint64 sum = G_GUINT64_CONSTANT (0xcbf29ce484222325);
  g_autofree char *fingerprint = orf_notice_labels_make_fingerprint (labels);
  g_autofree char *empty = orf_notice_labels_make_fingerprint (none);
  g_autofree char *expected = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (bytes); i++)
    sum = (sum ^ bytes[i]) * G_GUINT64_CONSTANT (0x100000001b3);
  expected = g_strdup_printf ("%016" G_GINT64_MODIFIER "x", sum);
  g_assert_cmpstr (fingerprint, ==, expected);
  g_assert_cmpstr (empty, ==, "cbf29ce484222325");
}

static void
test_labels (void)
{
  const char *const devices[] = { "", NULL };
  g_autoptr (OrfAlertTelling) telling = make_telling (devices, 0, FALSE);
  OrfAlertTold *told = telling->alerts->pdata[0];
  g_auto (GStrv) labels = NULL;
  g_autofree char *text = NULL;

  /* empty ones are none; ours go before one of the same name */
  g_free (told->labels[2]);
  told->labels[2] = g_strdup ("severity");
  labels = orf_notice_labels_make (told);
  text = g_strjoinv (" ", labels);
  g_assert_cmpstr (text, ==, "alertname gpu_memory_high severity warning");
}

static void
test_alertmanager (void)
{
  const char *const devices[] = { "gpu-0", "gpu-1", NULL };
  g_autoptr (OrfAlertTelling) telling = make_telling (devices, 1, FALSE);
  g_autoptr (json_t)
    json = parse (orf_notice_alertmanager_format (telling->alerts, "", FIRED_US, 240 * S));

  g_assert_cmpuint (json_array_size (json), ==, 2);
  g_assert_cmpstr (get (json, "0/labels/alertname"), ==, "gpu_memory_high");
  g_assert_cmpstr (get (json, "0/startsAt"), ==, "2025-10-09T08:53:20.250Z");
  g_assert_cmpstr (get (json, "0/endsAt"), ==, "2025-10-09T08:54:20.000Z");
  g_assert_cmpstr (get (json, "1/endsAt"), ==, "2025-10-09T08:57:20.250Z");
  g_assert_cmpstr (get (json, "1/annotations/summary"), ==, "GPU memory of gpu-1 is 86.5 % used");
  g_assert_null (json_object_get (json_array_get (json, 0), "generatorURL")); /* no URL is none */
}

static void
test_slack (void)
{
  const char *const devices[] = { "gpu-0", "<!channel>&", NULL };
  g_autoptr (OrfAlertTelling) telling = make_telling (devices, 1, FALSE);
  g_autoptr (json_t) json = parse (orf_notice_slack_format (telling, "https://host/"));

  g_assert_cmpstr (get (json, "text"), ==, "[FIRING:1] gpu_memory_high");
  g_assert_cmpstr (get (json, "attachments/0/color"), ==, "good");
  g_assert_cmpstr (get (json, "attachments/1/color"), ==, "warning");
  g_assert_cmpstr (get (json, "attachments/1/title"), ==,
                   "GPU memory of &lt;!channel&gt;&amp; is 86.5 % used");
  g_assert_cmpstr (get (json, "attachments/0/title_link"), ==, "https://host/#alerts");
  g_assert_cmpstr (get (json, "attachments/0/footer"), ==, "al-1/resolved");
  g_assert_nonnull (
    strstr (get (json, "attachments/0/text"), "gpu_memory_high: resolved (warning)"));
  g_assert_null (strstr (get (json, "attachments/1/text"), "<"));
}

static void
test_slack_bounds (void)
{
  const char *devices[60] = { 0 };
  g_autofree char *long_name = g_strnfill (5000, 'x');
  g_autoptr (OrfAlertTelling) telling = NULL;
  g_autoptr (json_t) json = NULL;

  for (guint i = 0; i + 1 < G_N_ELEMENTS (devices); i++)
    devices[i] = long_name;
  telling = make_telling (devices, 0, TRUE);
  json = parse (orf_notice_slack_format (telling, ""));
  g_assert_cmpstr (get (json, "text"), ==, "[FIRING:59] alerts of many kinds (and 39 more)");
  g_assert_cmpuint (json_array_size (json_object_get (json, "attachments")), ==, 20);
  g_assert_cmpint (g_utf8_strlen (get (json, "attachments/0/title"), -1), ==, 201);
  g_assert_cmpint (g_utf8_strlen (get (json, "attachments/0/text"), -1), <=, 1501);
}

/* Lines of the header, unfolded, then NULL; *body is what stands behind it. */
static char **
split_mail (const char *mail, char **body)
{
  const char *end = strstr (mail, "\n\n");
  g_autofree char *head = NULL;
  g_autofree guchar *text = NULL;
  gsize length;
  GString *unfolded = g_string_new (NULL);

  g_assert_nonnull (end);
  head = g_strndup (mail, (gsize) (end - mail));
  g_string_append (unfolded, head);
  g_string_replace (unfolded, "\n ", " ", 0);
  text = g_base64_decode (end, &length);
  *body = g_strndup ((char *) text, length);
  head = (g_free (head), g_string_free (unfolded, FALSE));
  return g_strsplit (head, "\n", -1);
}

static const char *
find_header (char **headers, const char *name)
{
  const char *found = NULL;

  for (char **at = headers; *at != NULL; at++)
    if (g_str_has_prefix (*at, name) && (*at)[strlen (name)] == ':') {
      g_assert_null (found);
      found = *at + strlen (name) + 2;
    }
  return found;
}

static void
test_mail (void)
{
  const char *const devices[] = { "gpu-0", NULL };
  const char *const to[] = { "a@example.org", "b@example.org", NULL };
  const OrfNoticeMail settings = { "orfeas@h", to, "h.example", "http://h:5000" };
  g_autoptr (OrfAlertTelling) telling = make_telling (devices, 0, FALSE);
  g_autoptr (GString) mail = orf_notice_mail_format (telling, &settings, RESOLVED_US);
  g_autoptr (GString) again = orf_notice_mail_format (telling, &settings, RESOLVED_US + 90 * S);
  g_autofree char *body = NULL, *body_again = NULL;
  g_auto (GStrv) headers = split_mail (mail->str, &body);
  g_auto (GStrv) headers_again = split_mail (again->str, &body_again);

  g_assert_cmpstr (find_header (headers, "From"), ==, "orfeas@h");
  g_assert_cmpstr (find_header (headers, "To"), ==, "a@example.org, b@example.org");
  g_assert_cmpstr (find_header (headers, "Subject"), ==,
                   "[FIRING:1] GPU memory of gpu-0 is 86.5 % used");
  g_assert_cmpstr (find_header (headers, "Date"), ==, "Thu, 9 Oct 2025 08:54:20 +0000");
  g_assert_cmpstr (find_header (headers, "Message-ID"), ==, "<al-1.firing.1.one@h.example>");
  g_assert_cmpstr (find_header (headers_again, "Message-ID"), ==,
                   find_header (headers, "Message-ID"));
  g_assert_nonnull (strstr (body, "gpu_memory_high: firing (warning)\n"));
  g_assert_nonnull (strstr (body, "runbook: https://example.org/runbook\n"));
  g_assert_nonnull (strstr (body, "http://h:5000/#alerts\n"));
}

static void
test_mail_injection (void)
{
  const char *const devices[] = { EVIL, NULL };
  const char *const to[] = { "a@example.org", NULL };
  const OrfNoticeMail settings = { "orfeas@h", to, "h\nBcc: x@y", "" };
  g_autoptr (OrfAlertTelling) telling = make_telling (devices, 0, FALSE);
  g_autoptr (GString) mail = orf_notice_mail_format (telling, &settings, RESOLVED_US);
  g_autofree char *body = NULL;
  g_auto (GStrv) headers = split_mail (mail->str, &body);

  g_assert_null (find_header (headers, "Bcc"));
  g_assert_cmpuint (g_strv_length (headers), ==, 9);
  g_assert_true (g_str_has_prefix (find_header (headers, "Subject"), "=?UTF-8?B?"));
  g_assert_true (g_str_is_ascii (mail->str));
  g_assert_null (strchr (mail->str, '\r'));
  for (char *at = mail->str; at != NULL; at = strchr (at + 1, '\n'))
    g_assert_cmpuint (strcspn (at + 1, "\n"), <=, 76);
}

static void
test_addresses (void)
{
  g_assert_true (orf_notice_mail_is_address ("a.b+c@example.org"));
  g_assert_true (orf_notice_mail_is_address ("root@localhost"));
  g_assert_false (orf_notice_mail_is_address ("root"));
  g_assert_false (orf_notice_mail_is_address ("-oQ/tmp@x"));
  g_assert_false (orf_notice_mail_is_address ("a@b, c@d"));
  g_assert_false (orf_notice_mail_is_address ("a@b\nBcc: c@d"));
  g_assert_false (orf_notice_mail_is_address ("a@b@c"));
  g_assert_false (orf_notice_mail_is_address ("@b"));
}

/* Fields as the journal reads them: NAME=VALUE in a line, or NAME, a length and as many bytes. */
static char *
find_field (const GByteArray *entry, const char *name)
{
  guint at = 0;
  char *found = NULL;

  while (at < entry->len) {
    const char *line = (const char *) entry->data + at;
    gsize name_length = strcspn (line, "=\n"), length, skip;

    if (line[name_length] == '=') {
      length = strcspn (line, "\n") - name_length - 1;
      skip = name_length + 1;
    } else {
      guint64 stored;

      memcpy (&stored, line + name_length + 1, sizeof stored);
      length = GUINT64_FROM_LE (stored);
      skip = name_length + 1 + sizeof stored;
    }
    if (strlen (name) == name_length && strncmp (line, name, name_length) == 0) {
      g_assert_null (found);
      found = g_strndup (line + skip, length);
    }
    at += (guint) (skip + length) + 1;
  }
  g_assert_cmpuint (at, ==, entry->len);
  return found;
}

static void
test_journal (void)
{
  const char *const devices[] = { "gpu-0\nPRIORITY=0", NULL };
  g_autoptr (OrfAlertTelling) telling = make_telling (devices, 0, FALSE);
  g_autoptr (GByteArray) entry = NULL;
  g_autofree char *message = NULL, *priority = NULL, *id = NULL, *labels = NULL, *value = NULL;

  g_byte_array_append (entry = orf_notice_journal_format (telling->alerts->pdata[0]),
                       (const guint8 *) "", 1); /* to look at it as text */
  g_byte_array_set_size (entry, entry->len - 1);
  message = find_field (entry, "MESSAGE");
  priority = find_field (entry, "PRIORITY");
  id = find_field (entry, "ORFEAS_NOTIFICATION");
  labels = find_field (entry, "ORFEAS_LABELS");
  value = find_field (entry, "ORFEAS_VALUE");
  g_assert_cmpstr (message, ==,
                   "alert: gpu_memory_high: GPU memory of gpu-0\nPRIORITY=0 is 86.5 % used");
  g_assert_cmpstr (priority, ==, "4");
  g_assert_cmpstr (id, ==, "al-1/firing");
  g_assert_cmpstr (labels, ==, "{\"device\":\"gpu-0\\nPRIORITY=0\",\"nodeName\":\"n1\"}");
  g_assert_cmpstr (value, ==, "86.5");
}

static void
test_words (void)
{
  g_autofree char *number = orf_notice_words_format_number (NAN);
  g_autofree char *cut = orf_notice_words_cut ("äöü\nß", 3, FALSE);
  g_autofree char *lines = orf_notice_words_cut ("a\nb\tc", 10, TRUE);
  g_autofree char *broken = orf_notice_words_cut ("a\xff", 10, TRUE);

  g_assert_cmpstr (number, ==, "unknown");
  g_assert_cmpstr (cut, ==, "äöü…");
  g_assert_cmpstr (lines, ==, "a\nb c");
  g_assert_true (g_utf8_validate (broken, -1, NULL));
}

/* What is in the outbox is read back as it was. */
static void
test_entry (void)
{
  const char *const devices[] = { EVIL, "gpu-1", NULL };
  g_autoptr (OrfAlertTelling) telling = make_telling (devices, 1, FALSE);
  g_autoptr (OrfAlertTelling) read = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GString) again = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (orf_encode (&orf_alert_telling_desc, telling, text, &error));
  g_assert_no_error (error);
  read = orf_decode_text (&orf_alert_telling_desc, text->str, text->len, ORF_DECODE_LENIENT,
                          &error);
  g_assert_no_error (error);
  orf_encode (&orf_alert_telling_desc, read, again, &error);
  g_assert_cmpstr (again->str, ==, text->str);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/notice-formats/webhook", test_webhook);
  g_test_add_func ("/notice-formats/fingerprint", test_fingerprint);
  g_test_add_func ("/notice-formats/labels", test_labels);
  g_test_add_func ("/notice-formats/alertmanager", test_alertmanager);
  g_test_add_func ("/notice-formats/slack", test_slack);
  g_test_add_func ("/notice-formats/slack-bounds", test_slack_bounds);
  g_test_add_func ("/notice-formats/mail", test_mail);
  g_test_add_func ("/notice-formats/mail-injection", test_mail_injection);
  g_test_add_func ("/notice-formats/addresses", test_addresses);
  g_test_add_func ("/notice-formats/journal", test_journal);
  g_test_add_func ("/notice-formats/words", test_words);
  g_test_add_func ("/notice-formats/entry", test_entry);
  return g_test_run ();
}
