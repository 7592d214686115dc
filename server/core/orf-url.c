/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-url.h"

#include <string.h>

#include <gio/gio.h>

#define UNIX_PREFIX "http://unix:/"

void
orf_url_free (OrfUrl *url)
{
  g_free (url->socket_path);
  g_free (url->request);
  g_free (url->credentials);
  g_free (url->shown);
  g_free (url);
}

/* A control character would end the line of the request's head. */
static gboolean
is_plain (const char *text)
{
  for (; *text != '\0'; text++)
    if (g_ascii_iscntrl (*text) || *text == ' ')
      return FALSE;
  return TRUE;
}

static OrfUrl *
parse_unix (const char *text, const char *default_path)
{
  const char *path = text + strlen (UNIX_PREFIX) - 1, *colon = strchr (path, ':');
  const char *asked = colon != NULL ? colon + 1 : default_path;
  gsize length = colon != NULL ? (gsize) (colon - path) : strlen (path);
  OrfUrl *url;

  /* as long as sockaddr_un has room */
  if (length < 2 || length > 107 || asked[0] != '/')
    return NULL;
  url = g_new0 (OrfUrl, 1);
  url->socket_path = g_strndup (path, length);
  url->request = g_strconcat ("http://localhost", asked, NULL);
  url->shown = g_strndup (text, strcspn (text, "?"));
  url->is_loopback = TRUE;
  return url;
}

gboolean
orf_url_is_loopback (const char *host)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);

  return g_ascii_strcasecmp (host, "localhost") == 0 ||
         (address != NULL && g_inet_address_get_is_loopback (address));
}

static char *
dup_credentials (GUri *uri)
{
  const char *user = g_uri_get_user (uri), *password = g_uri_get_password (uri);

  if (user == NULL && password == NULL)
    return NULL;
  return g_strconcat (user != NULL ? user : "", ":", password != NULL ? password : "", NULL);
}

static OrfUrl *
split (GUri *uri, const char *default_path)
{
  g_autoptr (GUri) asked = NULL, shown = NULL;
  const char *path = g_uri_get_path (uri), *host = g_uri_get_host (uri);
  const GUriFlags flags = G_URI_FLAGS_ENCODED;
  OrfUrl *url = g_new0 (OrfUrl, 1);

  if (path[0] == '\0')
    path = default_path;
  asked = g_uri_build (flags, g_uri_get_scheme (uri), NULL, host, g_uri_get_port (uri), path,
                       g_uri_get_query (uri), NULL);
  shown = g_uri_build (flags, g_uri_get_scheme (uri), NULL, host, g_uri_get_port (uri), path, NULL,
                       NULL);
  url->request = g_uri_to_string (asked);
  url->shown = g_uri_to_string (shown);
  url->credentials = dup_credentials (uri);
  url->is_loopback = orf_url_is_loopback (host);
  return url;
}

OrfUrl *
orf_url_parse (const char *text, const char *default_path)
{
  const GUriFlags flags = G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_ENCODED_PATH |
                          G_URI_FLAGS_ENCODED_QUERY;
  g_autoptr (GUri) uri = NULL;
  const char *scheme, *host;

  if (!is_plain (text))
    return NULL;
  if (g_str_has_prefix (text, UNIX_PREFIX))
    return parse_unix (text, default_path);
  uri = g_uri_parse (text, flags, NULL);
  if (uri == NULL)
    return NULL;
  scheme = g_uri_get_scheme (uri);
  host = g_uri_get_host (uri);
  if ((!g_str_equal (scheme, "http") && !g_str_equal (scheme, "https")) || host == NULL ||
      host[0] == '\0' || strchr (host, '@') != NULL) /* what is before the last @ is a secret */
    return NULL;
  return split (uri, default_path);
}

gboolean
orf_url_is_valid (const char *text)
{
  g_autoptr (OrfUrl) url = orf_url_parse (text, "/");

  return url != NULL;
}

char *
orf_url_decode_form (const char *text)
{
  g_autofree char *spaced = g_strdup (text);
  g_autofree char *decoded = g_uri_unescape_string (g_strdelimit (spaced, "+", ' '), NULL);

  if (decoded == NULL || !g_utf8_validate (decoded, -1, NULL))
    return NULL;
  return g_steal_pointer (&decoded);
}
