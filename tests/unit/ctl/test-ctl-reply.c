/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "orf-error.h"

#include "orf-ctl-reply.h"

static OrfCtlExit
read_reply (const char *text, char **result, GError **error)
{
  return orf_ctl_reply_get_result ("m.n", text, strlen (text), result, error);
}

static void
test_request (void)
{
  g_autoptr (GString) plain = orf_ctl_request_new ("a.b", NULL, 0);
  g_autoptr (GString) full = orf_ctl_request_new ("a\"b", "{\n\"x\":\r1}", 250);

  g_assert_cmpstr (plain->str, ==, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a.b\"}\n");
  g_assert_cmpstr (full->str, ==,
                   "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\\\"b\",\"params\":{ \"x\": 1},"
                   "\"meta\":{\"deadline_ms\":250}}\n");
}

static void
test_is_response (void)
{
  static const char *const yes[] = { "{\"result\":null}", "{\"error\":{}}",
                                     " {\"id\":1,\"result\":[]} " };
  static const char *const no[] = { "",
                                    "{",
                                    "{}",
                                    "[]",
                                    "{\"method\":\"x\"}",
                                    "ready",
                                    "null",
                                    "{\"id\":7,\"result\":[]}",
                                    "{\"id\":\"1\",\"result\":[]}" };

  for (guint i = 0; i < G_N_ELEMENTS (yes); i++)
    g_assert_true (orf_ctl_reply_is_response (yes[i], strlen (yes[i])));
  for (guint i = 0; i < G_N_ELEMENTS (no); i++)
    g_assert_false (orf_ctl_reply_is_response (no[i], strlen (no[i])));
}

/* Not a byte of the result is touched: numbers, escapes and spaces are as the server wrote them. */
static void
test_bytes (void)
{
  static const struct {
    const char *text;
    const char *result;
  } good[] = {
    { "{\"result\":{\"a\":1.10}}", "{\"a\":1.10}" },
    { " { \"id\" : 1 , \"result\" : [ 1e2, \"]}\\\"\" ] , \"z\" : 0 } ", "[ 1e2, \"]}\\\"\" ]" },
    { "{\"x\":{\"result\":1},\"result\":2}", "2" },
    { "{\"x\":\"\\\"result\\\":3\",\"result\":null}", "null" },
    { "{\"result\":\"\\u00e9\\\\\"}", "\"\\u00e9\\\\\"" },
    { "{\"error\":null,\"result\":true}", "true" },
    { "{\"result\":-0.5e-7}\n", "-0.5e-7" },
    { "{\"\\u0072esult\":{\"a\":true}}", "{\"a\":true}" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *result = NULL;

    g_assert_cmpint (read_reply (good[i].text, &result, &error), ==, ORF_CTL_DONE);
    g_assert_no_error (error);
    g_assert_cmpstr (result, ==, good[i].result);
  }
}

static void
test_errors (void)
{
  static const struct {
    const char *text;
    const char *message;
    OrfCtlExit verdict;
  } bad[] = {
    { "{\"error\":{\"code\":-32602,\"message\":\"no\",\"data\":{\"status\":\"INVALID_ARGUMENT\","
      "\"field\":\"f\",\"allowed\":\"1 to 3\"}}}",
      "m.n: INVALID_ARGUMENT: no (f: 1 to 3)", ORF_CTL_SERVER_ERROR },
    { "{\"error\":{\"code\":-32602,\"message\":\"f: 1 to 3 is allowed\",\"data\":{\"status\":"
      "\"INVALID_ARGUMENT\",\"field\":\"f\",\"allowed\":\"1 to 3\"}}}",
      "m.n: INVALID_ARGUMENT: f: 1 to 3 is allowed", ORF_CTL_SERVER_ERROR },
    { "{\"error\":{\"code\":-32008,\"message\":\"full\",\"data\":{\"status\":\"RESOURCE_"
      "EXHAUSTED\","
      "\"retry_after_ms\":250}}}",
      "m.n: RESOURCE_EXHAUSTED: full, try again in 250 ms", ORF_CTL_SERVER_ERROR },
    { "{\"error\":{\"code\":-32004,\"message\":\"late\",\"data\":{\"status\":\"DEADLINE_EXCEEDED\"}"
      "}}",
      "m.n: DEADLINE_EXCEEDED: late", ORF_CTL_DEADLINE },
    { "{\"error\":{\"code\":-32004,\"message\":\"late\"}}", "m.n: error -32004: late",
      ORF_CTL_DEADLINE },
    { "{\"error\":{\"code\":-32077,\"message\":\"new\",\"data\":{\"status\":\"NOT_YET_KNOWN\"}}}",
      "m.n: NOT_YET_KNOWN: new", ORF_CTL_SERVER_ERROR },
    { "{\"error\":7}", "m.n: error 0: the server gave no reason", ORF_CTL_SERVER_ERROR },
    { "{\"id\":1}", "m.n: the answer holds no result", ORF_CTL_SERVER_ERROR },
    { "{\"result\":1", "m.n: the answer is not JSON: ", ORF_CTL_SERVER_ERROR },
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;
    char *result = NULL;

    g_assert_cmpint (read_reply (bad[i].text, &result, &error), ==, bad[i].verdict);
    g_assert_nonnull (error);
    g_assert_true (g_str_has_prefix (error->message, bad[i].message));
    g_assert_null (result);
  }
}

/* Of two members of one name the parser has the last, and the text the first. */
static void
test_stream_of_two_names (void)
{
  static const char *const first[] = { "[\"x\"]", "[]", "\"value\"", "5", "{}" };

  for (guint i = 0; i < G_N_ELEMENTS (first); i++) {
    g_autoptr (GString) message = g_string_new (NULL);
    g_autofree char *text = NULL;
    guint64 dropped = 7;

    g_string_printf (message,
                     "{\"method\":\"stream.next\",\"params\":%s,\"params\":{\"stream\":\"s\","
                     "\"value\":1}}",
                     first[i]);
    g_assert_cmpint (orf_ctl_reply_get_stream (message, "s", &text, &dropped), ==,
                     ORF_CTL_STREAM_VALUE);
    g_assert_cmpstr (text, ==, "null");
    g_assert_cmpuint (dropped, ==, 0);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ctl/reply/request", test_request);
  g_test_add_func ("/ctl/reply/is-response", test_is_response);
  g_test_add_func ("/ctl/reply/bytes", test_bytes);
  g_test_add_func ("/ctl/reply/errors", test_errors);
  g_test_add_func ("/ctl/reply/stream-of-two-names", test_stream_of_two_names);
  return g_test_run ();
}
