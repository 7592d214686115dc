/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What decides who a browser's request comes from: four lines, of Host, Origin, Cookie and the body
 * of a login.  Whatever they hold, only what is ours is let through.  And any text as the value of
 * another header, or as a path. */
#include <stdint.h>
#include <string.h>

#include "core/orf-config.h"
#include "transport/orf-http-session.h"

#include "fuzz-file.h"

/* The address that the connection came to. */
#define LOCAL   "192.0.2.1"
#define FOREIGN "https://grafana.example"

static gboolean
is_own_host (const char *host, gsize length)
{
  static const char *const own[] = { "127.0.0.1",   "localhost",   "[::1]",       "::1",
                                     "[127.0.0.1]", "[localhost]", "gpu.example", "[gpu.example]",
                                     "192.0.2.1",   "[192.0.2.1]" };

  for (guint i = 0; i < G_N_ELEMENTS (own); i++)
    if (strlen (own[i]) == length && g_ascii_strncasecmp (own[i], host, length) == 0)
      return TRUE;
  return FALSE;
}

/* Where the name ends and the port begins. */
static gsize
get_name_length (const char *authority)
{
  const char *end = authority[0] == '[' ? strchr (authority, ']') : NULL;

  return end != NULL ? (gsize) (end + 1 - authority) : strcspn (authority, ":");
}

static void
check_host (const OrfHttpPolicy *policy, const char *host)
{
  if (orf_http_policy_allows_host (policy, host, LOCAL) &&
      !is_own_host (host, get_name_length (host)))
    g_error ("the host %s was let in", host);
}

static void
check_origin (const OrfHttpPolicy *policy, const char *origin)
{
  const char *scheme = policy->tls ? "https://" : "http://";
  const char *host = origin + strlen (scheme), *port;
  gsize length;

  if (!orf_http_policy_allows_origin (policy, origin, LOCAL) ||
      g_ascii_strcasecmp (origin, FOREIGN) == 0)
    return;
  if (g_ascii_strncasecmp (origin, scheme, strlen (scheme)) != 0)
    g_error ("the origin %s was let in", origin);
  length = get_name_length (host);
  port = host + length;
  if (!is_own_host (host, length) || port[0] != ':' ||
      !g_str_equal (port + 1 + strspn (port + 1, "0"), "5000"))
    g_error ("the origin %s was let in", origin);
}

/* What we give is what we take. */
static void
check_cookie (const OrfHttpPolicy *policy, const char *id)
{
  g_autofree char *cookie = orf_http_session_new_cookie (policy, id);
  g_autofree char *again = orf_http_session_dup_id (policy, cookie);
  g_autofree char *over = orf_http_session_new_cookie (policy, NULL);

  if (g_strcmp0 (id, again) != 0 || strstr (over, "Max-Age=0") == NULL)
    g_error ("the session %s became %s", id, again);
}

static void
check_cookies (const OrfHttpPolicy *policy, const char *cookies)
{
  g_autofree char *id = orf_http_session_dup_id (policy, cookies);
  g_autofree char *pair = g_strconcat (policy->tls ? "__Host-" : "", "orfeas-session-5000=", id,
                                       NULL);

  if (id == NULL)
    return;
  if (strchr (id, ';') != NULL || strstr (cookies, pair) == NULL)
    g_error ("%s became the session %s", cookies, id);
  check_cookie (policy, id);
}

static void
check_login (const char *body, gsize length)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *token = orf_http_session_dup_token (body, length, &error);

  if ((token == NULL) != (error != NULL) || (token != NULL && strlen (token) > length))
    g_error ("a login became the token %s", token != NULL ? token : "");
}

static void
read_headers (const char *text)
{
  g_autoptr (GError) error = NULL;
  gint64 deadline_ms = 0;
  const char *bearer = orf_http_policy_get_bearer (text);

  if (bearer != NULL && strlen (bearer) > strlen (text))
    g_error ("a token longer than its header");
  if (orf_http_policy_is_json (text) && strcasestr (text, "application/json") == NULL)
    g_error ("JSON: %s", text);
  if (orf_http_policy_parse_deadline (text, &deadline_ms, &error) &&
      (deadline_ms < 0 || deadline_ms > G_GINT64_CONSTANT (1) << 31))
    g_error ("a deadline of %" G_GINT64_FORMAT, deadline_ms);
}

/* None came. */
static void
read_nothing (const OrfHttpPolicy *policy)
{
  gint64 deadline_ms = -1;

  if (orf_http_policy_get_bearer (NULL) != NULL || orf_http_policy_is_json (NULL) ||
      orf_http_policy_allows_host (policy, NULL, NULL) ||
      !orf_http_policy_allows_origin (policy, NULL, NULL) ||
      orf_http_session_dup_id (policy, NULL) != NULL ||
      !orf_http_policy_parse_deadline (NULL, &deadline_ms, NULL) || deadline_ms != 0)
    g_error ("something was read of nothing");
}

static void
read_path (const char *text)
{
  gsize length = strlen (text);
  g_autofree char *path = orf_http_policy_decode_path (text, length);

  if (path != NULL && (!g_utf8_validate (path, -1, NULL) || strlen (path) > length))
    g_error ("no path");
}

static void
check_request (const OrfHttpPolicy *policy, char *const *lines, guint n)
{
  if (n > 0)
    check_host (policy, lines[0]);
  if (n > 1)
    check_origin (policy, lines[1]);
  if (n > 2)
    check_cookies (policy, lines[2]);
  if (n > 3)
    check_login (lines[3], strlen (lines[3]));
}

static OrfConfig *
load_config (void)
{
  static const char *const words[] = { "listen.allowed_hosts=gpu.example;[gpu.example];[x",
                                       "listen.allowed_origins=" FOREIGN, NULL };
  g_autoptr (GError) error = NULL;
  OrfConfig *config = orf_config_load (fuzz_write_file (NULL, 0), words, &error);

  if (config == NULL)
    g_error ("%s", error->message);
  return config;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static OrfHttpPolicy plain, secure;
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_auto (GStrv) lines = g_strsplit (text, "\n", 4);
  guint n = g_strv_length (lines);

  if (plain.config == NULL) {
    plain = (OrfHttpPolicy){ load_config (), "127.0.0.1", 5000, FALSE };
    secure = (OrfHttpPolicy){ plain.config, "127.0.0.1", 5000, TRUE };
  }
  check_request (&plain, lines, n);
  check_request (&secure, lines, n);
  check_login ((const char *) data, size);
  read_path (text);
  read_nothing (&plain);
  read_headers (text);
  return 0;
}
