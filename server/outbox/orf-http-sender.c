/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "outbox/orf-http-sender.h"

#include <string.h>

#include <libsoup/soup.h>

#include "core/orf-clock.h"
#include "core/orf-http-send.h"
#include "core/orf-url.h"
#include "orf-error.h"
#include "outbox/orf-backoff.h"

/* Of an answer that says why not. */
#define MAX_ANSWER_BYTES 1024
/* A kept connection that is not used for so long is closed, before most servers do it. */
#define IDLE_S 30
/* Longer secrets are none. */
#define MAX_SECRET_BYTES 8192

struct _OrfHttpSender {
  SoupSession *session;
  GUri *uri;
  char *authorization; /* NULL: none */
};

struct _OrfHttpPost {
  SoupMessage *message;
  GCancellable *cancellable;
  GInputStream *answer;
  guint timer_id;
  gboolean timed_out;
  guint status; /* 0: none came */
  GError *error;
  gsize length; /* of text */
  char text[MAX_ANSWER_BYTES + 1];
  OrfHttpPosted posted; /* NULL: nobody waits any more */
  gpointer user_data;
};

/* ---- one request ----------------------------------------------------------------------------- */

static void
post_free (OrfHttpPost *post)
{
  g_clear_handle_id (&post->timer_id, g_source_remove);
  g_clear_object (&post->message);
  g_clear_object (&post->cancellable);
  g_clear_object (&post->answer);
  g_clear_error (&post->error);
  g_free (post);
}

static OrfDeliveryOutcome
judge (guint status)
{
  if (SOUP_STATUS_IS_SUCCESSFUL (status))
    return ORF_DELIVERY_DONE;
  switch (status) {
  case SOUP_STATUS_UNAUTHORIZED:
  case SOUP_STATUS_FORBIDDEN:
  case SOUP_STATUS_PROXY_AUTHENTICATION_REQUIRED:
  case SOUP_STATUS_REQUEST_TIMEOUT:
  case 425: /* too early */
  case 429: /* too many */
    return ORF_DELIVERY_RETRY;
  default:
    return SOUP_STATUS_IS_CLIENT_ERROR (status) ? ORF_DELIVERY_REFUSED : ORF_DELIVERY_RETRY;
  }
}

/* Text of others goes into our log and our file: one line of UTF-8.  length -1: up to its NUL. */
static char *
dup_line (const char *text, gssize length)
{
  char *line = g_utf8_make_valid (text, length);

  for (char *at = line; *at != '\0'; at++)
    if (g_ascii_iscntrl (*at))
      *at = ' ';
  return g_strstrip (line);
}

static char *
dup_reason (OrfHttpPost *post)
{
  g_autofree char *phrase = NULL, *line = NULL;
  const char *told;

  if (post->status == 0)
    return g_strdup (post->timed_out ? "no answer in time" : post->error->message);
  told = soup_message_get_reason_phrase (post->message);
  phrase = dup_line (told != NULL ? told : "", -1);
  line = dup_line (post->text, (gssize) post->length);
  return g_strdup_printf ("%u %s%s%s", post->status, phrase, line[0] != '\0' ? ": " : "", line);
}

static gint64
get_retry_after (OrfHttpPost *post)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (post->message);

  return orf_backoff_parse_retry_after (soup_message_headers_get_one (headers, "Retry-After"),
                                        orf_clock_now_us ());
}

static void
finish (OrfHttpPost *post)
{
  if (post->posted != NULL) {
    OrfDeliveryOutcome outcome = post->status != 0 ? judge (post->status) : ORF_DELIVERY_RETRY;
    g_autofree char *reason = outcome != ORF_DELIVERY_DONE ? dup_reason (post) : NULL;
    const OrfDeliveryResult result = {
      .outcome = outcome,
      .retry_after_us = outcome == ORF_DELIVERY_RETRY && post->status != 0 ? get_retry_after (post)
                                                                           : 0,
      .error = reason,
    };

    post->posted (post->user_data, &result, post->status);
  }
  post_free (post);
}

static void
closed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_input_stream_close_finish (G_INPUT_STREAM (source), result, NULL); /* nothing hangs on it */
  finish (user_data);
}

/* The status says it all; where the rest of the answer does not come, that changes nothing. */
static void
answered_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  OrfHttpPost *post = user_data;

  g_input_stream_read_all_finish (G_INPUT_STREAM (source), result, &post->length, NULL);
  g_input_stream_close_async (post->answer, G_PRIORITY_DEFAULT, post->cancellable, closed_cb, post);
}

static void
sent_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  OrfHttpPost *post = user_data;

  post->answer = orf_http_send_finish (SOUP_SESSION (source), result, &post->error);
  if (post->answer == NULL) {
    finish (post);
    return;
  }
  post->status = soup_message_get_status (post->message);
  g_input_stream_read_all_async (post->answer, post->text, MAX_ANSWER_BYTES, G_PRIORITY_DEFAULT,
                                 post->cancellable, answered_cb, post);
}

static gboolean
timeout_cb (gpointer user_data)
{
  OrfHttpPost *post = user_data;

  post->timer_id = 0;
  post->timed_out = TRUE;
  g_cancellable_cancel (post->cancellable);
  return G_SOURCE_REMOVE;
}

OrfHttpPost *
orf_http_sender_post (OrfHttpSender *sender,
                      const char *content_type,
                      const char *const *headers,
                      GBytes *body,
                      gint64 timeout_us,
                      OrfHttpPosted posted,
                      gpointer user_data)
{
  OrfHttpPost *post = g_new0 (OrfHttpPost, 1);
  SoupMessageHeaders *fields;

  post->message = soup_message_new_from_uri (SOUP_METHOD_POST, sender->uri);
  post->cancellable = g_cancellable_new ();
  post->posted = posted;
  post->user_data = user_data;
  post->timer_id = g_timeout_add ((guint) MIN (timeout_us / ORF_US_PER_MS + 1, G_MAXINT32),
                                  timeout_cb, post);
  soup_message_add_flags (post->message, SOUP_MESSAGE_NO_REDIRECT);
  soup_message_set_request_body_from_bytes (post->message, content_type, body);
  fields = soup_message_get_request_headers (post->message);
  for (guint i = 0; headers[i] != NULL; i += 2)
    soup_message_headers_replace (fields, headers[i], headers[i + 1]);
  if (sender->authorization != NULL)
    soup_message_headers_replace (fields, "Authorization", sender->authorization);
  orf_http_send_async (sender->session, post->message, post->cancellable, sent_cb, post);
  return post;
}

void
orf_http_post_cancel (OrfHttpPost *post)
{
  post->posted = NULL;
  g_cancellable_cancel (post->cancellable);
}

/* ---- settings -------------------------------------------------------------------------------- */

static void
set_field_error (GError **error,
                 const OrfHttpSenderOptions *options,
                 const char *key,
                 const char *allowed)
{
  g_autofree char *field = g_strconcat (options->section, ".", key, NULL);

  g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, field, allowed,
                                                 "%s: %s", field, allowed));
}

static GUri *
parse_url (const OrfHttpSenderOptions *options, GError **error)
{
  g_autoptr (GUri) uri = g_uri_parse (options->url, SOUP_HTTP_URI_FLAGS, NULL);
  const char *scheme = uri != NULL ? g_uri_get_scheme (uri) : NULL;

  if (scheme == NULL || (!g_str_equal (scheme, "http") && !g_str_equal (scheme, "https")) ||
      g_uri_get_host (uri) == NULL || g_uri_get_host (uri)[0] == '\0') {
    set_field_error (error, options, "url", "http://HOST… or https://HOST…");
    return NULL;
  }
  if (g_uri_get_userinfo (uri) != NULL) {
    set_field_error (error, options, "url", "names no user: he belongs to basic_user");
    return NULL;
  }
  return g_steal_pointer (&uri);
}

/* A secret in a file, without the line's end. */
static char *
read_secret (const char *path, GError **error)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) failure = NULL;
  gsize length;

  if (!g_file_get_contents (path, &text, &length, &failure)) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION, "%s", failure->message);
    return NULL;
  }
  g_strchomp (text);
  for (const char *at = text; *at != '\0'; at++)
    if (g_ascii_iscntrl (*at))
      length = 0;
  if (length == 0 || text[0] == '\0' || length > MAX_SECRET_BYTES) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION, "%s holds no secret in one line",
                 path);
    return NULL;
  }
  return g_steal_pointer (&text);
}

static char *
make_basic (const char *user, const char *password)
{
  g_autofree char *pair = g_strconcat (user, ":", password, NULL);
  g_autofree char *encoded = g_base64_encode ((const guchar *) pair, strlen (pair));

  return g_strconcat ("Basic ", encoded, NULL);
}

/* *authorization stays NULL where nothing was set. */
static gboolean
read_authorization (const OrfHttpSenderOptions *options, char **authorization, GError **error)
{
  gboolean basic = options->basic_user[0] != '\0';
  g_autofree char *secret = NULL;

  if (basic && options->token_file[0] != '\0') {
    set_field_error (error, options, "token_file", "either it or basic_user");
    return FALSE;
  }
  if (!basic && options->token_file[0] == '\0')
    return TRUE;
  if (basic && (options->password_file[0] == '\0' || strchr (options->basic_user, ':') != NULL)) {
    set_field_error (error, options, "basic_user", "without a colon, and with a password_file");
    return FALSE;
  }
  secret = read_secret (basic ? options->password_file : options->token_file, error);
  if (secret == NULL)
    return FALSE;
  *authorization = basic ? make_basic (options->basic_user, secret)
                         : g_strconcat ("Bearer ", secret, NULL);
  return TRUE;
}

static gboolean
check_clear (const OrfHttpSender *sender, const OrfHttpSenderOptions *options, GError **error)
{
  if (sender->authorization == NULL || g_str_equal (g_uri_get_scheme (sender->uri), "https") ||
      orf_url_is_loopback (g_uri_get_host (sender->uri)))
    return TRUE;
  g_set_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION,
               "%s.url: a secret goes by https only, or to this machine", options->section);
  return FALSE;
}

static gboolean
set_authorities (OrfHttpSender *sender, const OrfHttpSenderOptions *options, GError **error)
{
  g_autofree char *path = NULL;
  g_autoptr (GTlsDatabase) authorities = NULL;
  g_autoptr (GError) failure = NULL;

  if (options->tls_ca_file[0] == '\0')
    return TRUE;
  path = g_canonicalize_filename (options->tls_ca_file, NULL);
  authorities = g_tls_file_database_new (path, &failure);
  if (authorities == NULL) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION, "%s.tls_ca_file: %s: %s",
                 options->section, path, failure->message);
    return FALSE;
  }
  soup_session_set_tls_database (sender->session, authorities);
  return TRUE;
}

OrfHttpSender *
orf_http_sender_new (const OrfHttpSenderOptions *options, GError **error)
{
  g_autoptr (OrfHttpSender) sender = g_new0 (OrfHttpSender, 1);

  sender->uri = parse_url (options, error);
  if (sender->uri == NULL || !read_authorization (options, &sender->authorization, error) ||
      !check_clear (sender, options, error))
    return NULL;
  /* no proxy: GLib's resolver asks libproxy for one in threads, each time */
  sender->session = soup_session_new_with_options ("user-agent", "orfeasd/" ORF_VERSION,
                                                   "idle-timeout", IDLE_S, "proxy-resolver", NULL,
                                                   NULL);
  /* what would be unpacked is not read, and a bomb not at all */
  soup_session_remove_feature_by_type (sender->session, SOUP_TYPE_CONTENT_DECODER);
  return set_authorities (sender, options, error) ? g_steal_pointer (&sender) : NULL;
}

void
orf_http_sender_free (OrfHttpSender *sender)
{
  g_clear_object (&sender->session);
  g_clear_pointer (&sender->uri, g_uri_unref);
  g_free (sender->authorization);
  g_free (sender);
}
