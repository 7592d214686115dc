/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <string.h>

#include "orf-error.h"

#include "orf-load-request.h"

static char *
append (OrfLoadRequests *requests, guint64 n)
{
  GString *out = g_string_new (NULL);

  orf_load_requests_append (requests, n, out);
  return g_string_free (out, FALSE);
}

static void
test_http (void)
{
  g_autoptr (OrfLoadTarget) target = orf_load_target_new ("http://127.0.0.1:81/a?b=c", NULL, NULL);
  OrfLoadRequestSetup plain = { 0 };
  OrfLoadRequestSetup full = { .method = "PUT",
                               .headers = "A: 1\nhost: other\n",
                               .body = "{{n}}{{x" };
  g_autoptr (OrfLoadRequests) get = orf_load_requests_new (target, &plain, NULL);
  g_autoptr (OrfLoadRequests) put = orf_load_requests_new (target, &full, NULL);
  g_autofree char *first = append (get, 0);
  g_autofree char *tenth = append (put, 10);

  g_assert_cmpstr (first, ==, "GET /a?b=c HTTP/1.1\r\nHost: 127.0.0.1:81\r\n\r\n");
  g_assert_cmpstr (
    tenth, ==,
    "PUT /a?b=c HTTP/1.1\r\nContent-Type: application/json\r\nA: 1\r\nhost: other\r\n"
    "Content-Length: 5\r\n\r\n10{{x");
}

/* A name within another one, or within a value, is none. */
static void
test_header_within (void)
{
  g_autoptr (OrfLoadTarget) target = orf_load_target_new ("http://127.0.0.1:81/", NULL, NULL);
  OrfLoadRequestSetup other = { .headers = "X-Host: a\nhost: b\nX-Content-Type: c", .body = "{}" };
  OrfLoadRequestSetup none = { .headers = "X-Forwarded-Host: host: c" };
  g_autoptr (OrfLoadRequests) post = orf_load_requests_new (target, &other, NULL);
  g_autoptr (OrfLoadRequests) get = orf_load_requests_new (target, &none, NULL);
  g_autofree char *first = append (post, 0);
  g_autofree char *second = append (get, 0);

  g_assert_cmpstr (first, ==,
                   "POST / HTTP/1.1\r\nContent-Type: application/json\r\nX-Host: a\r\nhost: b\r\n"
                   "X-Content-Type: c\r\nContent-Length: 2\r\n\r\n{}");
  g_assert_cmpstr (second, ==,
                   "GET / HTTP/1.1\r\nHost: 127.0.0.1:81\r\nX-Forwarded-Host: host: c\r\n\r\n");
}

static void
test_file (void)
{
  g_autoptr (OrfLoadTarget) target = orf_load_target_new ("http://127.0.0.1/", NULL, NULL);
  g_autofree char *path = g_build_filename (g_get_tmp_dir (), "orf-load-XXXXXX", NULL);
  int fd = g_mkstemp (path);
  OrfLoadRequestSetup setup = { .file = path };
  g_autoptr (OrfLoadRequests) requests = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *second = NULL;
  g_autofree char *third = NULL;

  g_assert_true (g_close (fd, NULL));
  g_assert_true (g_file_set_contents (path,
                                      "{\"path\":\"/a\"}\n\n"
                                      "{\"method\":\"DELETE\",\"path\":\"/b\",\"headers\":{\"X\":"
                                      "\"y\"},\"body\":{\"n\":1}}\n",
                                      -1, NULL));
  requests = orf_load_requests_new (target, &setup, &error);
  g_assert_no_error (error);
  second = append (requests, 1);
  third = append (requests, 2);
  g_assert_true (g_str_has_prefix (second, "DELETE /b HTTP/1.1\r\n"));
  g_assert_nonnull (strstr (second, "X: y\r\nContent-Length: 7\r\n\r\n{\"n\":1}"));
  g_assert_true (g_str_has_prefix (third, "GET /a HTTP/1.1\r\n"));

  g_assert_true (g_file_set_contents (path, "{\"path\":\"/a\"}\n{\"path\":\"a b\"}\n", -1, NULL));
  g_assert_null (orf_load_requests_new (target, &setup, &error));
  g_assert_nonnull (strstr (error->message, "line 2: "));
  g_unlink (path);
}

static void
test_socket (void)
{
  g_autoptr (OrfLoadTarget) target = orf_load_target_new ("unix:/run/a.sock", NULL, NULL);
  OrfLoadRequestSetup setup = { .body = "{\n\"id\":{{n}}}" };
  g_autoptr (OrfLoadRequests) requests = orf_load_requests_new (target, &setup, NULL);
  g_autofree char *line = append (requests, 7);

  g_assert_cmpstr (line, ==, "{ \"id\":7}\n");
}

static void
test_websocket (void)
{
  g_autoptr (OrfLoadTarget) target = orf_load_target_new ("ws://127.0.0.1/rpc", NULL, NULL);
  g_autofree char *body = g_strnfill (300, ' ');
  OrfLoadRequestSetup setup = { .body = body };
  g_autoptr (OrfLoadRequests) requests = orf_load_requests_new (target, &setup, NULL);
  g_autoptr (GString) out = g_string_new (NULL);

  orf_load_requests_append (requests, 0, out);
  g_assert_cmpmem (out->str, 8, "\x81\xfe\x01\x2c\0\0\0\0", 8);
  g_assert_cmpuint (out->len, ==, 308);
}

static void
test_refused (void)
{
  static const char *const urls[] = { "gopher://a/", "ftp://a/", "127.0.0.1",
                                      "unix:", "http:///x" };
  g_autoptr (OrfLoadTarget) target = orf_load_target_new ("http://127.0.0.1/", NULL, NULL);
  static const OrfLoadRequestSetup setups[] = {
    { .headers = "no colon" },
    { .headers = "a b: c" },
    { .method = "G T" },
    { .file = "/nonexistent" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (urls); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (orf_load_target_new (urls[i], NULL, &error));
    g_assert_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT);
  }
  for (guint i = 0; i < G_N_ELEMENTS (setups); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (orf_load_requests_new (target, &setups[i], &error));
    g_assert_nonnull (error);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/load-request/http", test_http);
  g_test_add_func ("/load-request/header-within", test_header_within);
  g_test_add_func ("/load-request/file", test_file);
  g_test_add_func ("/load-request/socket", test_socket);
  g_test_add_func ("/load-request/websocket", test_websocket);
  g_test_add_func ("/load-request/refused", test_refused);
  return g_test_run ();
}
