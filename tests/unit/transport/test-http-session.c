/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "core/orf-config.h"
#include "orf-error.h"
#include "transport/orf-http-session.h"

static const OrfHttpPolicy plain = { NULL, "127.0.0.1", 5000, FALSE };
static const OrfHttpPolicy tls = { NULL, "127.0.0.1", 5000, TRUE };

static void
has_id (const OrfHttpPolicy *policy, const char *cookies, const char *expected)
{
  g_autofree char *id = orf_http_session_dup_id (policy, cookies);

  g_assert_cmpstr (id, ==, expected);
}

static void
test_id (void)
{
  has_id (&plain, NULL, NULL);
  has_id (&plain, "", NULL);
  has_id (&plain, "orfeas-session-5000=abc", "abc");
  has_id (&plain, "a=b; orfeas-session-5000=abc ; c=d", "abc");
  has_id (&plain, ";; orfeas-session-5000=abc;", "abc");
  has_id (&plain, "orfeas-session-5000=", "");
  has_id (&plain, "orfeas-session-5000", NULL);
  has_id (&plain, "orfeas-session-50001=abc", NULL);
  has_id (&plain, "xorfeas-session-5000=abc", NULL);
  has_id (&plain, "orfeas-session-5001=a; orfeas-session-5000=b", "b");
  has_id (&plain, "__Host-orfeas-session-5000=abc", NULL);
  has_id (&tls, "orfeas-session-5000=abc", NULL);
  has_id (&tls, "__Host-orfeas-session-5000=abc", "abc");
}

static void
test_cookie (void)
{
  g_autofree char *set = orf_http_session_new_cookie (&plain, "abc");
  g_autofree char *secure = orf_http_session_new_cookie (&tls, "abc");
  g_autofree char *gone = orf_http_session_new_cookie (&plain, NULL);

  g_assert_cmpstr (set, ==, "orfeas-session-5000=abc; Path=/; HttpOnly; SameSite=Strict");
  g_assert_cmpstr (secure, ==,
                   "__Host-orfeas-session-5000=abc; Path=/; HttpOnly; SameSite=Strict; Secure");
  g_assert_cmpstr (gone, ==, "orfeas-session-5000=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
}

static void
test_token (void)
{
  static const char *const bad[] = {
    "",
    "{}",
    "[]",
    "{\"token\":1}",
    "{\"token\":\"a\",\"b\":1}",
    "{\"token\":\"a\\u0000b\"}",
    "\"a\"",
    "{\"token\":[\"a\"]}",
    "{\"token\":\"a\"",
  };
  g_autofree char *token = orf_http_session_dup_token ("{\"token\":\"a b\"}", 15, NULL);
  g_autofree char *filler = g_strnfill (1100, 'x');
  g_autofree char *large = g_strdup_printf ("{\"token\":\"%s\"}", filler);

  g_assert_cmpstr (token, ==, "a b");
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (orf_http_session_dup_token (bad[i], strlen (bad[i]), &error));
    g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
  }
  g_assert_null (orf_http_session_dup_token (large, strlen (large), NULL));
}

/* Under TLS our own page's origin is https, and http is another's. */
static void
test_origin (void)
{
  g_autoptr (OrfConfig) config = orf_config_new_defaults ();
  OrfHttpPolicy policy = { config, "127.0.0.1", 5000, FALSE };

  g_assert_true (orf_http_policy_allows_origin (&policy, "http://127.0.0.1:5000", NULL));
  g_assert_false (orf_http_policy_allows_origin (&policy, "https://127.0.0.1:5000", NULL));
  policy.tls = TRUE;
  g_assert_false (orf_http_policy_allows_origin (&policy, "http://127.0.0.1:5000", NULL));
  g_assert_true (orf_http_policy_allows_origin (&policy, "https://127.0.0.1:5000", NULL));
  g_assert_false (orf_http_policy_allows_origin (&policy, "https://127.0.0.1", NULL));
  policy.port = 443;
  g_assert_true (orf_http_policy_allows_origin (&policy, "https://127.0.0.1", NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http-session/id", test_id);
  g_test_add_func ("/http-session/cookie", test_cookie);
  g_test_add_func ("/http-session/token", test_token);
  g_test_add_func ("/http-session/origin", test_origin);
  return g_test_run ();
}
