/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What decides who a browser's request comes from: four lines, of Host, Origin, Cookie and the body
 * of a login.  Whatever they hold, only what is ours is let through. */
#include <stdint.h>
#include <string.h>

#include "core/orf-config.h"
#include "transport/orf-http-session.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static gboolean
is_own_host (const char *host, gsize length)
{
  static const char *const own[] = { "127.0.0.1", "localhost",   "[::1]",
                                     "::1",       "[127.0.0.1]", "[localhost]" };

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
  if (orf_http_policy_allows_host (policy, host, NULL) &&
      !is_own_host (host, get_name_length (host)))
    g_error ("the host %s was let in", host);
}

static void
check_origin (const OrfHttpPolicy *policy, const char *origin)
{
  gsize length;

  if (!orf_http_policy_allows_origin (policy, origin, NULL))
    return;
  if (g_ascii_strncasecmp (origin, "http://", 7) != 0)
    g_error ("the origin %s was let in", origin);
  length = get_name_length (origin + 7);
  if (!is_own_host (origin + 7, length) || strspn (origin + 7 + length, ":0") == 0 ||
      !g_str_has_suffix (origin, "5000"))
    g_error ("the origin %s was let in", origin);
}

static void
check_cookies (const OrfHttpPolicy *policy, const char *cookies)
{
  g_autofree char *id = orf_http_session_dup_id (policy, cookies);
  g_autofree char *pair = g_strconcat ("orfeas-session-5000=", id, NULL);

  if (id != NULL && (strchr (id, ';') != NULL || strstr (cookies, pair) == NULL))
    g_error ("%s became the session %s", cookies, id);
}

static void
check_login (const char *body, gsize length)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *token = orf_http_session_dup_token (body, length, &error);

  if ((token == NULL) != (error != NULL) || (token != NULL && strlen (token) > length))
    g_error ("a login became the token %s", token != NULL ? token : "");
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static OrfHttpPolicy policy;
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_auto (GStrv) lines = g_strsplit (text, "\n", 4);
  guint n = g_strv_length (lines);

  if (policy.config == NULL)
    policy = (OrfHttpPolicy){ orf_config_new_defaults (), "127.0.0.1", 5000, FALSE };
  if (n > 0)
    check_host (&policy, lines[0]);
  if (n > 1)
    check_origin (&policy, lines[1]);
  if (n > 2)
    check_cookies (&policy, lines[2]);
  if (n > 3)
    check_login (lines[3], strlen (lines[3]));
  check_login ((const char *) data, size);
  return 0;
}
