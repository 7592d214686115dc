/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "export/orf-export-settings.h"

#include <string.h>

#include <libsoup/soup.h>

#include "core/orf-url.h"
#include "orf-error.h"

/* Letters, digits and these are a header's name (RFC 9110). */
#define TOKEN_MARKS "!#$%&'*+-.^_`|~"

static gboolean
refuse (const OrfConfigTraceReceiver *settings,
        const char *key,
        const char *allowed,
        GError **error)
{
  g_autofree char *field = g_strconcat (ORF_EXPORT_SECTION ".", settings->name,
                                        key != NULL ? "." : "", key, NULL);

  g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, field, allowed,
                                                 "%s: it has to be %s", field, allowed));
  return FALSE;
}

/* ---- own addresses --------------------------------------------------------------------------- */

static gboolean
is_any (const char *host)
{
  return strcmp (host, "0.0.0.0") == 0 || strcmp (host, "::") == 0;
}

/* listen: HOST:PORT, or [HOST]:PORT, or what nobody can listen at. */
static gboolean
leads_to (const char *host, int port, const char *listen)
{
  const char *colon = strrchr (listen, ':');
  gboolean bracketed = listen[0] == '[' && colon != NULL && colon - listen > 1;
  g_autofree char *own = NULL;
  guint64 own_port;

  if (colon == NULL || !g_ascii_string_to_unsigned (colon + 1, 10, 1, G_MAXUINT16, &own_port, NULL))
    return FALSE; /* 0 is one that nobody knows yet */
  own = bracketed ? g_strndup (listen + 1, (gsize) (colon - listen) - 2)
                  : g_strndup (listen, (gsize) (colon - listen));
  if (port != (int) own_port)
    return FALSE;
  return g_ascii_strcasecmp (host, own) == 0 || is_any (host) ||
         (orf_url_is_loopback (host) && (orf_url_is_loopback (own) || is_any (own))) ||
         (is_any (own) && g_ascii_strcasecmp (host, g_get_host_name ()) == 0);
}

gboolean
orf_export_is_own (const OrfConfig *config, const char *url)
{
  const char *const listens[] = { config->listen.http, config->otlp.listen };
  g_autoptr (GUri) uri = g_uri_parse (url, SOUP_HTTP_URI_FLAGS, NULL);

  for (guint i = 0; uri != NULL && g_uri_get_host (uri) != NULL && i < G_N_ELEMENTS (listens); i++)
    if (leads_to (g_uri_get_host (uri), g_uri_get_port (uri), listens[i]))
      return TRUE;
  return FALSE;
}

/* ---- headers --------------------------------------------------------------------------------- */

static gboolean
is_token (const char *name, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isalnum (name[i]) && strchr (TOKEN_MARKS, name[i]) == NULL)
      return FALSE;
  return length > 0;
}

/* Those that are the request's own. */
static gboolean
is_ours (const char *name)
{
  static const char *const names[] = { "Authorization", "Connection", "Host", "Transfer-Encoding",
                                       "Upgrade" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_ascii_strcasecmp (name, names[i]) == 0)
      return TRUE;
  return g_ascii_strncasecmp (name, "Content-", strlen ("Content-")) == 0;
}

static gboolean
is_value (const char *text)
{
  for (; *text != '\0'; text++)
    if (g_ascii_iscntrl (*text))
      return FALSE;
  return TRUE;
}

static char **
make_headers (const OrfConfigTraceReceiver *settings, GError **error)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  g_strv_builder_add_many (builder, "Content-Encoding", "gzip", NULL);
  for (char **at = settings->headers; at != NULL && *at != NULL; at++) {
    const char *mark = strchrnul (*at, '=');
    g_autofree char *name = g_strndup (*at, (gsize) (mark - *at));

    if (*mark == '\0' || !is_token (name, strlen (name)) || is_ours (name) ||
        !is_value (mark + 1)) {
      refuse (settings, "headers", "NAME=VALUE;…, of headers that are not the request's own",
              error);
      return NULL;
    }
    g_strv_builder_add_many (builder, name, mark + 1, NULL);
  }
  return g_strv_builder_end (builder);
}

OrfHttpSender *
orf_export_settings_make_sender (const OrfConfig *config,
                                 const OrfConfigTraceReceiver *settings,
                                 char ***headers,
                                 GError **error)
{
  g_autofree char *section = g_strconcat (ORF_EXPORT_SECTION ".", settings->name, NULL);
  const OrfHttpSenderOptions options = {
    .section = section,
    .url = settings->url,
    .token_file = settings->token_file,
    .basic_user = settings->basic_user,
    .password_file = settings->password_file,
    .tls_ca_file = settings->tls_ca_file,
  };
  g_auto (GStrv) made = make_headers (settings, error);
  OrfHttpSender *sender;

  if (made == NULL)
    return NULL;
  if (orf_export_is_own (config, settings->url)) {
    refuse (settings, NULL, "another's address: this one is the daemon's own", error);
    return NULL;
  }
  sender = orf_http_sender_new (&options, error);
  if (sender != NULL)
    *headers = g_steal_pointer (&made);
  return sender;
}
