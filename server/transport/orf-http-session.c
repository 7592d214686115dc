/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "transport/orf-http-session.h"

#include <string.h>

#include "orf-error.h"
#include "orf-json.h"

#define NAME "orfeas-session"
/* A token has 47 bytes, the cookie file's 64. */
#define MAX_LOGIN_BYTES 1024
#define MAX_LOGIN_DEPTH 2

static char *
dup_name (const OrfHttpPolicy *policy)
{
  return g_strdup_printf ("%s" NAME "-%u", policy->tls ? "__Host-" : "", policy->port);
}

char *
orf_http_session_dup_id (const OrfHttpPolicy *policy, const char *cookies)
{
  g_autofree char *name = NULL;
  gsize length;

  if (cookies == NULL || strstr (cookies, NAME) == NULL) /* nearly always */
    return NULL;
  name = dup_name (policy);
  length = strlen (name);
  for (const char *pair = cookies; *pair != '\0';) {
    gsize size;

    pair += strspn (pair, " \t;");
    size = strcspn (pair, ";");
    if (size > length && strncmp (pair, name, length) == 0 && pair[length] == '=')
      return g_strchomp (g_strndup (pair + length + 1, size - length - 1));
    pair += size;
  }
  return NULL;
}

char *
orf_http_session_new_cookie (const OrfHttpPolicy *policy, const char *id)
{
  g_autofree char *name = dup_name (policy);

  /* ends with the browser or with us, whichever is first */
  return g_strconcat (name, "=", id != NULL ? id : "", "; Path=/; HttpOnly; SameSite=Strict",
                      policy->tls ? "; Secure" : "", id != NULL ? NULL : "; Max-Age=0", NULL);
}

char *
orf_http_session_dup_token (const char *body, gsize length, GError **error)
{
  g_autoptr (json_t) login = NULL;
  json_t *token;

  if (length <= MAX_LOGIN_BYTES)
    login = orf_json_parse (body, length, MAX_LOGIN_DEPTH, NULL);
  token = json_object_get (login, "token");
  if (!json_is_string (token) || json_object_size (login) != 1 ||
      strlen (json_string_value (token)) != json_string_length (token)) {
    g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "token", "a string",
                                                   "{\"token\":\"…\"} is wanted"));
    return NULL;
  }
  return g_strdup (json_string_value (token));
}
