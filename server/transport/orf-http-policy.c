/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/orf-http-policy.h"

#include <string.h>

#include "orf-error.h"

#define HTTP_PORT  80
#define HTTPS_PORT 443
/* As the schema has it in `meta`. */
#define MAX_DEADLINE_MS 86400000

/* What a browser may do with what it gets from us.  One set for all answers: what is no page loads
 * nothing anyway, and so no answer can be forgotten.  No Strict-Transport-Security: it would bind
 * the host's other ports too, which are not ours.  nosniff: an answer is what its type says, and is
 * never run as a script because it looks like one.  X-Frame-Options is for browsers that know no
 * frame-ancestors. */
const char orf_http_policy_guards[] =
  "X-Content-Type-Options: nosniff\r\n"
  "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
  "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; "
  "frame-ancestors 'none'\r\n"
  "X-Frame-Options: DENY\r\n"
  "Referrer-Policy: no-referrer\r\n"
  "Cross-Origin-Opener-Policy: same-origin\r\n"
  "Cross-Origin-Resource-Policy: same-origin\r\n";
const gsize orf_http_policy_guards_length = sizeof orf_http_policy_guards - 1;

typedef struct {
  const char *name; /* without brackets */
  gsize length;
  const char *port; /* after the colon; NULL: none */
} Authority;

static gboolean
split_authority (const char *text, Authority *authority)
{
  const char *end;

  if (text[0] == '[') {
    end = strchr (text, ']');
    if (end == NULL || (end[1] != '\0' && end[1] != ':'))
      return FALSE;
    *authority = (Authority){ text + 1, (gsize) (end - text - 1), end[1] == ':' ? end + 2 : NULL };
  } else {
    end = strchrnul (text, ':');
    *authority = (Authority){ text, (gsize) (end - text), *end == ':' ? end + 1 : NULL };
  }
  return authority->length > 0;
}

static gboolean
authority_is (const Authority *authority, const char *name)
{
  return name != NULL && strlen (name) == authority->length &&
         g_ascii_strncasecmp (authority->name, name, authority->length) == 0;
}

static gboolean
is_allowed (const OrfHttpPolicy *policy, const Authority *host, const char *local)
{
  char *const *names = policy->config->listen.allowed_hosts;

  if (authority_is (host, "127.0.0.1") || authority_is (host, "localhost") ||
      authority_is (host, "::1") || authority_is (host, policy->listen_host) ||
      authority_is (host, local))
    return TRUE;
  for (guint i = 0; names != NULL && names[i] != NULL; i++) {
    g_autofree char *name = NULL;
    Authority allowed;

    if (split_authority (names[i], &allowed)) {
      name = g_strndup (allowed.name, allowed.length);
      if (authority_is (host, name))
        return TRUE;
    }
  }
  return FALSE;
}

gboolean
orf_http_policy_allows_host (const OrfHttpPolicy *policy, const char *host, const char *local)
{
  Authority authority;

  return host != NULL && split_authority (host, &authority) &&
         is_allowed (policy, &authority, local);
}

static gboolean
is_own_port (const OrfHttpPolicy *policy, const char *port)
{
  guint64 value = policy->tls ? HTTPS_PORT : HTTP_PORT;

  /* a vertical tab before it is none of GLib's spaces, and one of strtoull()'s */
  if (port != NULL && (!g_ascii_isdigit (port[0]) ||
                       !g_ascii_string_to_unsigned (port, 10, 1, G_MAXUINT16, &value, NULL)))
    return FALSE;
  return value == policy->port;
}

gboolean
orf_http_policy_allows_origin (const OrfHttpPolicy *policy, const char *origin, const char *local)
{
  char *const *origins = policy->config->listen.allowed_origins;
  const char *scheme = policy->tls ? "https://" : "http://";
  Authority authority;

  if (origin == NULL)
    return TRUE;
  for (guint i = 0; origins != NULL && origins[i] != NULL; i++)
    if (g_ascii_strcasecmp (origins[i], origin) == 0)
      return TRUE;
  return g_ascii_strncasecmp (origin, scheme, strlen (scheme)) == 0 &&
         split_authority (origin + strlen (scheme), &authority) &&
         is_own_port (policy, authority.port) && is_allowed (policy, &authority, local);
}

static gboolean
is_utf8_charset (const char *parameter)
{
  if (g_ascii_strncasecmp (parameter, "charset=", 8) != 0)
    return TRUE;
  return g_ascii_strcasecmp (parameter + 8, "utf-8") == 0 ||
         g_ascii_strcasecmp (parameter + 8, "\"utf-8\"") == 0;
}

gboolean
orf_http_policy_is_json (const char *content_type)
{
  static const char json[] = "application/json";
  g_auto (GStrv) parts = NULL;

  if (content_type == NULL)
    return FALSE;
  if (strcmp (content_type, json) == 0) /* nearly always */
    return TRUE;
  parts = g_strsplit (content_type, ";", -1);
  if (parts[0] == NULL || g_ascii_strcasecmp (g_strstrip (parts[0]), json) != 0)
    return FALSE;
  for (guint i = 1; parts[i] != NULL; i++)
    if (!is_utf8_charset (g_strstrip (parts[i])))
      return FALSE;
  return TRUE;
}

const char *
orf_http_policy_get_bearer (const char *authorization)
{
  if (authorization == NULL)
    return NULL;
  if (g_ascii_strncasecmp (authorization, "Bearer ", 7) != 0)
    return "";
  return authorization + 7 + strspn (authorization + 7, " ");
}

gboolean
orf_http_policy_parse_deadline (const char *text, gint64 *deadline_ms, GError **error)
{
  guint64 value;

  if (text == NULL) {
    *deadline_ms = 0;
    return TRUE;
  }
  if (!g_ascii_string_to_unsigned (text, 10, 1, MAX_DEADLINE_MS, &value, NULL)) {
    g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "X-Deadline-Ms",
                                                   "an integer from 1 to 86400000",
                                                   "X-Deadline-Ms: %.40s is no "
                                                   "number of milliseconds",
                                                   text));
    return FALSE;
  }
  *deadline_ms = (gint64) value;
  return TRUE;
}

char *
orf_http_policy_decode_path (const char *path, gsize length)
{
  /* NULL for %00 and broken encodings */
  g_autofree char *decoded = g_uri_unescape_segment (path, path + length, NULL);

  if (decoded == NULL || !g_utf8_validate (decoded, -1, NULL))
    return NULL;
  return g_steal_pointer (&decoded);
}
