/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "transport/orf-http-framing.h"

#define HOST "Host: a\r\n"
#define POST "POST /rpc HTTP/1.1\r\n" HOST

static const OrfHttpFramingLimits limits = { .max_head_bytes = 4096, .max_body_bytes = 64 };

/* Feeds text in pieces of that size; how many bytes were taken until the request ended. */
static gsize
feed (OrfHttpFraming *framing, const char *text, gsize length, gsize piece)
{
  gsize done = 0;

  while (done < length) {
    gsize n = MIN (piece, length - done);
    gsize taken = orf_http_framing_feed (framing, &limits, text + done, n);

    g_assert_cmpuint (taken, <=, n);
    done += taken;
    if (taken < n)
      break;
    /* the end of a request is told at once, not with the next byte */
    if (orf_http_framing_get_phase (framing) >= ORF_HTTP_COMPLETE)
      break;
  }
  return done;
}

typedef struct {
  const char *text;
  int status; /* 0: it is a whole request */
  const char *body;
} Case;

static const Case cases[] = {
  { "GET / HTTP/1.1\r\n" HOST "\r\n", 0, "" },
  { "GET / HTTP/1.0\r\n" HOST "\r\n", 0, "" },
  { "GET /a%2Fb?c={\"d\"} HTTP/1.1\r\nhOsT:[::1]:5000\t \r\nA:\r\n\r\n", 0, "" },
  { "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 0, "" },
  { POST "Content-Length: 3\r\n\r\nabc", 0, "abc" },
  { POST "Content-Length: 003\r\n\r\nabc", 0, "abc" },
  { POST "Content-Length: 0\r\n\r\n", 0, "" },
  { POST "Transfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n02;x=y\r\nde\r\n0\r\n\r\n", 0, "abcde" },
  { POST "Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\nZ: z\r\n\r\n", 0, "" },
  { POST "X-Name: caf\xc3\xa9\r\n\r\n", 0, "" },

  { "\r\nGET / HTTP/1.1\r\n" HOST "\r\n", 400, NULL },
  { "GET / HTTP/1.1\n" HOST "\r\n", 400, NULL },
  { "GET / HTTP/1.1\r\n" HOST "\n", 400, NULL },
  { "GET / HTTP/1.1\r\r\n" HOST "\r\n", 400, NULL },
  { "GET  / HTTP/1.1\r\n" HOST "\r\n", 400, NULL },
  { "GET / HTTP/1.1 \r\n" HOST "\r\n", 400, NULL },
  { "GET /\r\n" HOST "\r\n", 400, NULL },
  { "GET\r\n\r\n", 400, NULL },
  { " GET / HTTP/1.1\r\n" HOST "\r\n", 400, NULL },
  { "G(T / HTTP/1.1\r\n" HOST "\r\n", 400, NULL },
  { "CONNECT /a HTTP/1.1\r\n" HOST "\r\n", 400, NULL },
  { "GET * HTTP/1.1\r\n" HOST "\r\n", 400, NULL },
  { "GET http://a/ HTTP/1.1\r\n" HOST "\r\n", 400, NULL },
  { "GET /#a HTTP/1.1\r\n" HOST "\r\n", 400, NULL },
  { "GET /%2 HTTP/1.1\r\n" HOST "\r\n", 400, NULL },
  { "GET /%zz HTTP/1.1\r\n" HOST "\r\n", 400, NULL },
  { "GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n", 400, NULL },
  { "GET / http/1.1\r\n" HOST "\r\n", 400, NULL },
  { "GET / HTTP/1.10\r\n" HOST "\r\n", 400, NULL },
  { "GET / HTTP/2.0\r\n" HOST "\r\n", 505, NULL },
  { "GET / HTTP/0.9\r\n" HOST "\r\n", 505, NULL },
  { "\x16\x03\x01", 400, NULL },

  { "GET / HTTP/1.1\r\n\r\n", 400, NULL },
  { "GET / HTTP/1.0\r\n\r\n", 400, NULL },
  { "GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400, NULL },
  { "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, NULL },
  { "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, NULL },
  { "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", 400, NULL },
  { "GET / HTTP/1.1\r\nHost: a:\r\n\r\n", 400, NULL },
  { "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400, NULL },
  { "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400, NULL },
  { "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, NULL },

  { "GET / HTTP/1.1\r\n" HOST " folded\r\n\r\n", 400, NULL },
  { "GET / HTTP/1.1\r\n" HOST "\tfolded\r\n\r\n", 400, NULL },
  { "GET / HTTP/1.1\r\n" HOST "A : b\r\n\r\n", 400, NULL },
  { "GET / HTTP/1.1\r\n" HOST ": b\r\n\r\n", 400, NULL },
  { "GET / HTTP/1.1\r\n" HOST "no colon\r\n\r\n", 400, NULL },
  { "GET / HTTP/1.1\r\n" HOST "A: b\x01\r\n\r\n", 400, NULL },
  { "GET / HTTP/1.1\r\n" HOST "A: b\rC: d\r\n\r\n", 400, NULL },
  { "GET / HTTP/1.1\r\n" HOST "Origin: x\r\norigin: y\r\n\r\n", 400, NULL },
  { "GET / HTTP/1.1\r\n" HOST "Authorization: x\r\nAuthorization: x\r\n\r\n", 400, NULL },

  { POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400, NULL },
  { POST "Content-Length: 3, 3\r\n\r\nabc", 400, NULL },
  { POST "Content-Length: +3\r\n\r\nabc", 400, NULL },
  { POST "Content-Length: -3\r\n\r\nabc", 400, NULL },
  { POST "Content-Length: 0x3\r\n\r\nabc", 400, NULL },
  { POST "Content-Length:\r\n\r\nabc", 400, NULL },
  { POST "Content-Length: 18446744073709551619\r\n\r\nabc", 400, NULL },
  { POST "Content-Length: 65\r\n\r\n", 413, NULL },
  { POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, NULL },
  { POST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400, NULL },
  { POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400, NULL },
  { POST "Transfer-Encoding: gzip, chunked\r\n\r\n", 501, NULL },
  { POST "Transfer-Encoding: identity\r\n\r\n", 501, NULL },
  { "POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", 400, NULL },
  { POST "Expect: 200-ok\r\nContent-Length: 3\r\n\r\n", 417, NULL },

  { POST "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n", 400, NULL },
  { POST "Transfer-Encoding: chunked\r\n\r\n-1\r\nabc\r\n", 400, NULL },
  { POST "Transfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n", 400, NULL },
  { POST "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n", 400, NULL },
  { POST "Transfer-Encoding: chunked\r\n\r\n 3\r\nabc\r\n", 400, NULL },
  { POST "Transfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n", 400, NULL },
  { POST "Transfer-Encoding: chunked\r\n\r\n\r\n", 400, NULL },
  { POST "Transfer-Encoding: chunked\r\n\r\n;x\r\n", 400, NULL },
  { POST "Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n", 400, NULL },
  { POST "Transfer-Encoding: chunked\r\n\r\n3;a\x01\r\nabc\r\n", 400, NULL },
  { POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n", 400, NULL },
  { POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\n", 400, NULL },
  { POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r0\r\n", 400, NULL },
  { POST "Transfer-Encoding: chunked\r\n\r\n0000000003\r\nabc\r\n", 400, NULL },
  { POST "Transfer-Encoding: chunked\r\n\r\nffffffff\r\n", 413, NULL },
  { POST "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n40\r\n", 413, NULL },
  { POST "Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\n\r\n", 400, NULL },
};

static void
test_cases (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    const Case *c = &cases[i];
    gsize length = strlen (c->text);

    const gsize pieces[] = { 1, 7, length };

    for (guint j = 0; j < G_N_ELEMENTS (pieces); j++) {
      g_autoptr (OrfHttpFraming) framing = orf_http_framing_new ();
      gsize taken = feed (framing, c->text, length, pieces[j]);

      g_test_message ("%u by %u: %s", i, (guint) pieces[j], c->text);
      if (c->status == 0) {
        const char *body;
        gsize body_length;

        g_assert_cmpint (orf_http_framing_get_phase (framing), ==, ORF_HTTP_COMPLETE);
        g_assert_null (orf_http_framing_get_refusal (framing));
        g_assert_cmpuint (taken, ==, length);
        body = orf_http_framing_get_body (framing, &body_length);
        g_assert_cmpmem (body, body_length, c->body, strlen (c->body));
      } else {
        g_assert_cmpint (orf_http_framing_get_phase (framing), ==, ORF_HTTP_REFUSED);
        g_assert_cmpint (orf_http_framing_get_refusal (framing)->status, ==, c->status);
        g_assert_nonnull (orf_http_framing_get_refusal (framing)->reason);
        g_assert_cmpuint (orf_http_framing_feed (framing, &limits, "GET", 3), ==, 0);
      }
    }
  }
}

/* A NUL does not fit into the table. */
static void
test_nul (void)
{
  static const char text[] = "GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n";
  g_autoptr (OrfHttpFraming) framing = orf_http_framing_new ();

  feed (framing, text, sizeof text - 1, sizeof text);
  g_assert_cmpint (orf_http_framing_get_refusal (framing)->status, ==, 400);
}

static void
test_phases (void)
{
  static const char head[] = POST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n";
  g_autoptr (OrfHttpFraming) framing = orf_http_framing_new ();

  g_assert_cmpint (orf_http_framing_get_phase (framing), ==, ORF_HTTP_IDLE);
  orf_http_framing_feed (framing, &limits, head, 1);
  g_assert_cmpint (orf_http_framing_get_phase (framing), ==, ORF_HTTP_HEAD);
  g_assert_false (orf_http_framing_take_continue (framing));
  orf_http_framing_feed (framing, &limits, head + 1, sizeof head - 2);
  g_assert_cmpint (orf_http_framing_get_phase (framing), ==, ORF_HTTP_BODY);
  g_assert_true (orf_http_framing_take_continue (framing));
  g_assert_false (orf_http_framing_take_continue (framing));
  orf_http_framing_feed (framing, &limits, "ab", 2);
  g_assert_cmpint (orf_http_framing_get_phase (framing), ==, ORF_HTTP_COMPLETE);
  orf_http_framing_next (framing);
  g_assert_cmpint (orf_http_framing_get_phase (framing), ==, ORF_HTTP_IDLE);
}

/* Sent along with its body, nobody waits for the interim answer; HTTP/1.0 does not know it. */
static void
test_no_continue (void)
{
  static const char *const texts[] = {
    POST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\na",
    "POST / HTTP/1.0\r\n" HOST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (OrfHttpFraming) framing = orf_http_framing_new ();

    feed (framing, texts[i], strlen (texts[i]), 1000);
    g_assert_cmpint (orf_http_framing_get_phase (framing), ==, ORF_HTTP_BODY);
    g_assert_false (orf_http_framing_take_continue (framing));
  }
}

/* What libsoup gets: no body, no word of one, no Range. */
static void
test_head (void)
{
  static const char text[] = "POST /a?b HTTP/1.1\r\nrange: bytes=0-\r\n" HOST
                             "If-Range: x\r\nX: y\r\n"
                             "Transfer-Encoding: chunked\r\nTE: trailers\r\nTrailer: X\r\n"
                             "Expect: 100-continue\r\nContent-Type: a/b\r\n\r\n0\r\n\r\n";
  g_autoptr (OrfHttpFraming) framing = orf_http_framing_new ();
  const char *head;
  gsize length;

  feed (framing, text, sizeof text - 1, sizeof text);
  head = orf_http_framing_get_head (framing, &length);
  g_assert_cmpstr (head, ==, "POST /a?b HTTP/1.1\r\n" HOST "X: y\r\nContent-Type: a/b\r\n\r\n");
  g_assert_cmpuint (length, ==, strlen (head));
  g_assert_cmpstr (orf_http_framing_get_target (framing), ==, "/a?b");
}

/* The second request of a pipeline is checked as the first is, wherever the pieces are cut. */
static void
test_pipeline (void)
{
  static const char text[] = POST "Content-Length: 3\r\n\r\nabc"
                                  "GET /2 HTTP/1.1\r\n" HOST "\r\n" POST
                                  "Transfer-Encoding: chunked\r\n\r\n1\r\nz\r\n0\r\n\r\n"
                                  "GET /4 HTTP/1.1\r\n" HOST HOST "\r\n";
  static const char *const targets[] = { "/rpc", "/2", "/rpc" };
  static const char *const bodies[] = { "abc", "", "z" };

  for (gsize piece = 1; piece < sizeof text; piece++) {
    g_autoptr (OrfHttpFraming) framing = orf_http_framing_new ();
    gsize done = 0;

    for (guint i = 0; i < G_N_ELEMENTS (targets); i++) {
      gsize length;

      done += feed (framing, text + done, sizeof text - 1 - done, piece);
      g_assert_cmpint (orf_http_framing_get_phase (framing), ==, ORF_HTTP_COMPLETE);
      g_assert_cmpstr (orf_http_framing_get_target (framing), ==, targets[i]);
      g_assert_cmpstr (orf_http_framing_get_body (framing, &length), ==, bodies[i]);
      orf_http_framing_next (framing);
    }
    feed (framing, text + done, sizeof text - 1 - done, piece);
    g_assert_cmpint (orf_http_framing_get_refusal (framing)->status, ==, 400);
  }
}

static int
status_of (const char *head, const char *filler, guint times, const char *tail)
{
  g_autoptr (OrfHttpFraming) framing = orf_http_framing_new ();
  g_autoptr (GString) text = g_string_new (head);

  for (guint i = 0; i < times; i++)
    g_string_append (text, filler);
  g_string_append (text, tail);
  feed (framing, text->str, text->len, 100);
  return orf_http_framing_get_phase (framing) == ORF_HTTP_REFUSED
           ? orf_http_framing_get_refusal (framing)->status
           : 0;
}

static void
test_bounds (void)
{
  static const char chunked[] = POST "Transfer-Encoding: chunked\r\n\r\n";

  g_assert_cmpint (status_of (POST "X: ", "a", 3000, "\r\n\r\n"), ==, 0);
  g_assert_cmpint (status_of (POST "X: ", "a", 5000, "\r\n\r\n"), ==, 431);
  g_assert_cmpint (status_of (POST "X: ", "a", 5000, ""), ==, 431);
  g_assert_cmpint (status_of (POST, "X: a\r\n", 90, "\r\n"), ==, 0);
  g_assert_cmpint (status_of (POST, "X: a\r\n", 101, "\r\n"), ==, 431);
  g_assert_cmpint (status_of (chunked, "1\r\na\r\n", 64, "0\r\n\r\n"), ==, 0);
  g_assert_cmpint (status_of (chunked, "1\r\na\r\n", 65, "0\r\n\r\n"), ==, 413);
  g_assert_cmpint (status_of (chunked,
                              "1;xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                              "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                              "\r\na\r\n",
                              40, "0\r\n\r\n"),
                   ==, 400);
  g_assert_cmpint (status_of (POST "Transfer-Encoding: chunked\r\n\r\n0\r\n", "X: y\r\n", 2000,
                              "\r\n"),
                   ==, 400);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http-framing/cases", test_cases);
  g_test_add_func ("/http-framing/nul", test_nul);
  g_test_add_func ("/http-framing/phases", test_phases);
  g_test_add_func ("/http-framing/no-continue", test_no_continue);
  g_test_add_func ("/http-framing/head", test_head);
  g_test_add_func ("/http-framing/pipeline", test_pipeline);
  g_test_add_func ("/http-framing/bounds", test_bounds);
  return g_test_run ();
}
