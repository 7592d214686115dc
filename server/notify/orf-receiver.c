/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariant: at most one of post and errand is there, and only while told is set.
 */
#include "notify/orf-receiver.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "core/orf-clock.h"
#include "core/orf-config.h"
#include "exec/orf-errand.h"
#include "notify/orf-notice-alertmanager.h"
#include "notify/orf-notice-journal.h"
#include "notify/orf-notice-mail.h"
#include "notify/orf-notice-slack.h"
#include "notify/orf-notice-webhook.h"
#include "notify/orf-notice-words.h"
#include "notify/orf-receiver-command.h"
#include "orf-encode.h"
#include "orf-error.h"
#include "outbox/orf-http-sender.h"

#define SECTION        "receivers"
#define JOURNAL_SOCKET "/run/systemd/journal/socket"
/* What a command wrote, as its answer. */
#define MAX_ANSWER_CHARS 200
/* Of ExecAsk.facts, with four bytes each. */
#define MAX_FACT_CHARS 2000
/* What is pushed holds through three pushes that fail. */
#define VALID_RESENDS 4

typedef struct {
  const char *name;
  gboolean has_url, is_state;
  gboolean (*check) (OrfReceiver *receiver, GError **error); /* NULL: nothing more */
  void (*tell) (OrfReceiver *receiver, const OrfAlertTelling *telling);
} Kind;

struct _OrfReceiver {
  const OrfConfig *config;
  OrfConfigReceiver *settings;
  const Kind *kind;
  OrfSelector *matchers; /* NULL: all */
  OrfHttpSender *sender; /* NULL: it is no URL */
  OrfReceiverTold told;  /* NULL: nothing is under way */
  gpointer user_data;
  OrfHttpPost *post;
  OrfErrand *errand;
  guint timer_id; /* of errand */
};

/* ---- ends ------------------------------------------------------------------------------------ */

static void
finish (OrfReceiver *receiver, const OrfDeliveryResult *result, const char *answer)
{
  OrfReceiverTold told = receiver->told;

  g_clear_handle_id (&receiver->timer_id, g_source_remove);
  receiver->post = NULL;
  receiver->errand = NULL;
  receiver->told = NULL;
  told (receiver->user_data, result, answer);
}

static void
fail (OrfReceiver *receiver, OrfDeliveryOutcome outcome, const char *error)
{
  const OrfDeliveryResult result = { outcome, 0, error };

  finish (receiver, &result, NULL);
}

static void
succeed (OrfReceiver *receiver, const char *answer)
{
  const OrfDeliveryResult result = { ORF_DELIVERY_DONE, 0, NULL };

  finish (receiver, &result, answer);
}

/* ---- by HTTP --------------------------------------------------------------------------------- */

static void
posted_cb (gpointer user_data, const OrfDeliveryResult *result, guint status)
{
  g_autofree char *answer = status > 0 ? g_strdup_printf ("HTTP %u", status) : NULL;

  finish (user_data, result, answer);
}

/* Takes json. */
static void
post (OrfReceiver *receiver, GString *json)
{
  static const char *const headers[] = { NULL };
  g_autoptr (GBytes) body = g_string_free_to_bytes (json);

  receiver->post = orf_http_sender_post (receiver->sender, "application/json", headers, body,
                                         receiver->settings->timeout_us, posted_cb, receiver);
}

static void
tell_webhook (OrfReceiver *receiver, const OrfAlertTelling *telling)
{
  post (receiver, orf_notice_webhook_format (telling, receiver->config->notify.external_url));
}

static void
tell_slack (OrfReceiver *receiver, const OrfAlertTelling *telling)
{
  post (receiver, orf_notice_slack_format (telling, receiver->config->notify.external_url));
}

static void
tell_alertmanager (OrfReceiver *receiver, const OrfAlertTelling *telling)
{
  post (receiver,
        orf_notice_alertmanager_format (telling->alerts, receiver->config->notify.external_url,
                                        orf_clock_now_us (),
                                        VALID_RESENDS * receiver->settings->resend_us));
}

/* ---- by a command ---------------------------------------------------------------------------- */

/* By sysexits.h, from which sendmail has its own: these will be so again. */
static gboolean
is_refusal (int status)
{
  return status == EX_USAGE || status == EX_DATAERR || status == EX_NOUSER || status == EX_NOHOST;
}

static void
ended_cb (gpointer user_data, int status, const GString *output, const char *problem)
{
  OrfReceiver *receiver = user_data;
  g_autofree char *answer = orf_notice_words_cut (output->str, MAX_ANSWER_CHARS, FALSE);

  if (problem != NULL)
    fail (receiver, is_refusal (status) ? ORF_DELIVERY_REFUSED : ORF_DELIVERY_RETRY, problem);
  else
    succeed (receiver, g_strstrip (answer));
}

static gboolean
timeout_cb (gpointer user_data)
{
  OrfReceiver *receiver = user_data;

  receiver->timer_id = 0;
  orf_errand_cancel (g_steal_pointer (&receiver->errand));
  fail (receiver, ORF_DELIVERY_RETRY, "no end in time: it was killed");
  return G_SOURCE_REMOVE;
}

/* Takes text.  facts: NULL-terminated. */
static void
run (OrfReceiver *receiver, const char *const *facts, GString *text)
{
  g_autofree char *input = g_string_free (text, FALSE);
  g_autoptr (GError) error = NULL;

  receiver->errand = orf_errand_start (receiver->config->exec.socket, ORF_EXEC_SECTION_RECEIVERS,
                                       receiver->settings->name, facts, input, ended_cb, receiver,
                                       &error);
  if (receiver->errand == NULL) {
    fail (receiver, ORF_DELIVERY_RETRY, error->message);
    return;
  }
  receiver->timer_id =
    g_timeout_add ((guint) MIN (receiver->settings->timeout_us / ORF_US_PER_MS + 1, G_MAXINT32),
                   timeout_cb, receiver);
}

static void
add_fact (GStrvBuilder *facts, const char *name, const char *value)
{
  g_autofree char *text = orf_notice_words_cut (value, MAX_FACT_CHARS, TRUE);
  g_autofree char *fact = g_strconcat (name, "=", text, NULL);

  g_strv_builder_add (facts, fact);
}

/* What there is to say of the message and of its first alert. */
static char **
make_facts (const OrfAlertTelling *telling)
{
  g_autoptr (GStrvBuilder) facts = g_strv_builder_new ();
  g_autofree char *count = g_strdup_printf ("%" G_GINT64_FORMAT,
                                            telling->alerts->len + telling->left_out);
  g_auto (GStrv) fields = telling->alerts->len > 0
                            ? orf_notice_words_make_fields (telling->alerts->pdata[0])
                            : NULL;

  add_fact (facts, "ORFEAS_RECEIVER", telling->receiver);
  add_fact (facts, "ORFEAS_STATUS", orf_alert_telling_status_to_string (telling->status));
  add_fact (facts, "ORFEAS_COUNT", count);
  for (char **at = fields; at != NULL && *at != NULL; at += 2)
    add_fact (facts, at[0], at[1]);
  return g_strv_builder_end (facts);
}

static void
tell_exec (OrfReceiver *receiver, const OrfAlertTelling *telling)
{
  g_auto (GStrv) facts = make_facts (telling);
  GString *json = g_string_new (NULL);

  orf_encode (&orf_alert_telling_desc, telling, json, NULL); /* it was decoded by the same */
  g_string_append_c (json, '\n');
  run (receiver, (const char *const *) facts, json);
}

static void
tell_sendmail (OrfReceiver *receiver, const OrfAlertTelling *telling)
{
  const OrfConfigReceiver *settings = receiver->settings;
  g_autofree char *from = orf_receiver_command_dup_from (settings);
  const OrfNoticeMail mail = { from, (const char *const *) settings->to, g_get_host_name (),
                               receiver->config->notify.external_url };

  run (receiver, NULL, orf_notice_mail_format (telling, &mail, orf_clock_now_us ()));
}

/* ---- by the journal -------------------------------------------------------------------------- */

static gboolean
send_entries (int fd, const struct sockaddr_un *address, const OrfAlertTelling *telling)
{
  for (guint i = 0; i < telling->alerts->len; i++) {
    g_autoptr (GByteArray) entry = orf_notice_journal_format (telling->alerts->pdata[i]);

    if (sendto (fd, entry->data, entry->len, MSG_NOSIGNAL | MSG_DONTWAIT,
                (const struct sockaddr *) address, sizeof *address) < 0)
      return FALSE;
  }
  return TRUE;
}

static void
tell_journal (OrfReceiver *receiver, const OrfAlertTelling *telling)
{
  const char *path = receiver->settings->url[0] != '\0' ? receiver->settings->url : JOURNAL_SOCKET;
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  OrfDeliveryOutcome outcome = ORF_DELIVERY_RETRY;
  g_autofree char *problem = NULL;

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  if (fd < 0 || !send_entries (fd, &address, telling)) {
    outcome = errno == EMSGSIZE ? ORF_DELIVERY_REFUSED : ORF_DELIVERY_RETRY;
    problem = g_strdup_printf ("%s: %s", path, g_strerror (errno));
  }
  if (fd >= 0)
    close (fd);
  if (problem != NULL)
    fail (receiver, outcome, problem);
  else
    succeed (receiver, NULL);
}

/* ---- settings -------------------------------------------------------------------------------- */

static gboolean
refuse (const OrfReceiver *receiver, const char *key, const char *allowed, GError **error)
{
  g_autofree char *field = g_strconcat (SECTION ".", receiver->settings->name,
                                        key != NULL ? "." : "", key, NULL);

  g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, field, allowed,
                                                 "%s: %s", field, allowed));
  return FALSE;
}

static gboolean
check_exec (OrfReceiver *receiver, GError **error)
{
  const char *program = receiver->settings->command[0];

  if (program != NULL && g_path_is_absolute (program))
    return TRUE;
  return refuse (receiver, "command", "a program by its absolute path, and its arguments", error);
}

static gboolean
check_sendmail (OrfReceiver *receiver, GError **error)
{
  const OrfConfigReceiver *settings = receiver->settings;

  if (settings->command[0] != NULL && !check_exec (receiver, error))
    return FALSE;
  if (settings->to[0] == NULL)
    return refuse (receiver, "to", "NAME@HOST;…", error);
  for (char **to = settings->to; *to != NULL; to++)
    if (!orf_notice_mail_is_address (*to))
      return refuse (receiver, "to", "NAME@HOST;…", error);
  if (settings->from[0] != '\0' && !orf_notice_mail_is_address (settings->from))
    return refuse (receiver, "from", "NAME@HOST", error);
  return TRUE;
}

static gboolean
check_journal (OrfReceiver *receiver, GError **error)
{
  if (strlen (receiver->settings->url) < sizeof ((struct sockaddr_un *) NULL)->sun_path)
    return TRUE;
  return refuse (receiver, "url", "a path of at most 107 bytes", error);
}

static const Kind kinds[] = {
  { "webhook", TRUE, FALSE, NULL, tell_webhook },
  { "slack", TRUE, FALSE, NULL, tell_slack },
  { "alertmanager", TRUE, TRUE, NULL, tell_alertmanager },
  { "exec", FALSE, FALSE, check_exec, tell_exec },
  { "sendmail", FALSE, FALSE, check_sendmail, tell_sendmail },
  { "journal", FALSE, FALSE, check_journal, tell_journal },
};

static const Kind *
find_kind (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (kinds[i].name, name))
      return &kinds[i];
  return NULL;
}

static gboolean
open_sender (OrfReceiver *receiver, GError **error)
{
  const OrfConfigReceiver *settings = receiver->settings;
  g_autofree char *section = g_strconcat (SECTION ".", settings->name, NULL);
  g_autofree char *base = g_strdup (settings->url);
  g_autofree char *url = NULL;

  if (receiver->kind->is_state)
    while (g_str_has_suffix (base, "/"))
      base[strlen (base) - 1] = '\0';
  url = g_strconcat (base, receiver->kind->is_state ? "/api/v2/alerts" : "", NULL);
  receiver->sender =
    orf_http_sender_new (&(OrfHttpSenderOptions){ .section = section,
                                                  .url = url,
                                                  .token_file = settings->token_file,
                                                  .basic_user = settings->basic_user,
                                                  .password_file = settings->password_file,
                                                  .tls_ca_file = settings->tls_ca_file },
                         error);
  return receiver->sender != NULL;
}

static gboolean
parse_matchers (OrfReceiver *receiver, GError **error)
{
  g_autoptr (GError) failure = NULL;

  if (receiver->settings->matchers[0] == '\0')
    return TRUE;
  receiver->matchers = orf_selector_parse (receiver->settings->matchers, &failure);
  return receiver->matchers != NULL || refuse (receiver, "matchers", failure->message, error);
}

OrfReceiver *
orf_receiver_new (const OrfConfig *config, const OrfConfigReceiver *settings, GError **error)
{
  g_autoptr (OrfReceiver) receiver = g_new0 (OrfReceiver, 1);

  receiver->config = config;
  receiver->settings = orf_config_entry_copy (SECTION, settings);
  receiver->kind = find_kind (settings->kind);
  if (receiver->kind == NULL) {
    refuse (receiver, NULL, "webhook, slack, alertmanager, exec, sendmail or journal", error);
    return NULL;
  }
  if ((receiver->kind->has_url && !open_sender (receiver, error)) ||
      (receiver->kind->check != NULL && !receiver->kind->check (receiver, error)) ||
      !parse_matchers (receiver, error))
    return NULL;
  return g_steal_pointer (&receiver);
}

void
orf_receiver_free (OrfReceiver *receiver)
{
  if (receiver == NULL)
    return;
  orf_receiver_cancel (receiver);
  g_clear_pointer (&receiver->sender, orf_http_sender_free);
  g_clear_pointer (&receiver->matchers, orf_selector_free);
  orf_config_entry_free (SECTION, receiver->settings);
  g_free (receiver);
}

gboolean
orf_receiver_has_settings (OrfReceiver *receiver, const OrfConfigReceiver *settings)
{
  return orf_config_entry_equal (SECTION, receiver->settings, settings);
}

const char *
orf_receiver_get_name (OrfReceiver *receiver)
{
  return receiver->settings->name;
}

/* ---- tellings -------------------------------------------------------------------------------- */

gboolean
orf_receiver_wants (OrfReceiver *receiver, const OrfNoticeAlert *alert, OrfNoticeEvent event)
{
  /* both begin with info; those of the schema have one more before it */
  if ((int) alert->severity - ORF_SEVERITY_INFO < receiver->settings->severity)
    return FALSE;
  if (event == ORF_NOTICE_RESOLVED && !receiver->settings->send_resolved &&
      !receiver->kind->is_state)
    return FALSE;
  return receiver->matchers == NULL || orf_notice_alert_matches (alert, receiver->matchers);
}

gint64
orf_receiver_get_resend_us (OrfReceiver *receiver)
{
  return receiver->kind->is_state ? receiver->settings->resend_us : 0;
}

void
orf_receiver_tell (OrfReceiver *receiver,
                   const OrfAlertTelling *telling,
                   OrfReceiverTold told,
                   gpointer user_data)
{
  receiver->told = told;
  receiver->user_data = user_data;
  receiver->kind->tell (receiver, telling);
}

void
orf_receiver_cancel (OrfReceiver *receiver)
{
  receiver->told = NULL;
  g_clear_handle_id (&receiver->timer_id, g_source_remove);
  g_clear_pointer (&receiver->post, orf_http_post_cancel);
  g_clear_pointer (&receiver->errand, orf_errand_cancel);
}
