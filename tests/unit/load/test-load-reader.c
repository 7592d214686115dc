/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "orf-load-reader.h"

#define OK_HEAD "HTTP/1.1 200 OK\r\n"

/* What comes of bytes in pieces of each size: as many good and bad answers, and whether it broke.
 */
static void
check (OrfLoadWay way,
       gboolean is_rpc,
       const char *bytes,
       gsize length,
       guint n_good,
       guint n_bad,
       gboolean breaks)
{
  for (gsize piece = 1; piece <= length; piece++) {
    g_autoptr (OrfLoadReader) reader = orf_load_reader_new (way, is_rpc);
    guint counts[2] = { 0, 0 };
    OrfLoadReadState state = ORF_LOAD_READ_MORE;

    for (gsize at = 0; at < length && state != ORF_LOAD_READ_BROKEN; at += piece) {
      OrfLoadFault fault = ORF_LOAD_FAULT_NONE;

      state = orf_load_reader_feed (reader, bytes + at, MIN (piece, length - at), &fault);
      while (state == ORF_LOAD_READ_DONE) {
        counts[fault != ORF_LOAD_FAULT_NONE]++;
        state = orf_load_reader_feed (reader, NULL, 0, &fault);
      }
    }
    g_assert_cmpuint (counts[0], ==, n_good);
    g_assert_cmpuint (counts[1], ==, n_bad);
    g_assert_cmpint (state == ORF_LOAD_READ_BROKEN, ==, breaks);
  }
}

static void
check_http (const char *text, guint n_good, guint n_bad, gboolean breaks)
{
  check (ORF_LOAD_WAY_HTTP, TRUE, text, strlen (text), n_good, n_bad, breaks);
}

static void
test_http (void)
{
  check_http (OK_HEAD "Content-Length: 5\r\n\r\nhello" OK_HEAD "content-length: 0\r\n\r\n", 2, 0,
              FALSE);
  check_http ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\n\r\n", 1, 0, FALSE);
  check_http ("HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nno" OK_HEAD
              "Content-Length: 2\r\n\r\n{}",
              1, 1, FALSE);
  check_http (OK_HEAD "Transfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\nA\r\n0123456789\r\n0\r\n"
                      "T: 1\r\n\r\n" OK_HEAD "Content-Length: 1\r\n\r\nx",
              2, 0, FALSE);
  /* the body says that the call failed */
  check_http (OK_HEAD "Content-Length: 22\r\n\r\n{\"error\":{\"code\":-32}}", 0, 1, FALSE);
  check_http (OK_HEAD "Content-Length: 28\r\n\r\n{\"error\":null,\"result\":true}", 1, 0, FALSE);
  check_http (OK_HEAD "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 0, 0, TRUE);
  check_http ("SSH-2.0-OpenSSH\r\n\r\n", 0, 0, TRUE);
}

static void
test_http_ends (void)
{
  static const char bytes[] = OK_HEAD "\r\nuntil the end";
  g_autoptr (OrfLoadReader) reader = orf_load_reader_new (ORF_LOAD_WAY_HTTP, FALSE);
  g_autoptr (OrfLoadReader) cut = orf_load_reader_new (ORF_LOAD_WAY_HTTP, FALSE);
  OrfLoadFault fault = ORF_LOAD_FAULT_NONE;

  g_assert_cmpint (orf_load_reader_feed (reader, bytes, strlen (bytes), &fault), ==,
                   ORF_LOAD_READ_MORE);
  g_assert_cmpint (orf_load_reader_end (reader, &fault), ==, ORF_LOAD_READ_DONE);
  g_assert_false (orf_load_reader_keeps_alive (reader));
  orf_load_reader_feed (cut, OK_HEAD "Content-Length: 9\r\n\r\nhal", 41, &fault);
  g_assert_cmpint (orf_load_reader_end (cut, &fault), ==, ORF_LOAD_READ_BROKEN);
}

/* HEAD: lengths are told, and nothing follows; the one after it has its body again. */
static void
test_no_body (void)
{
  static const char bytes[] = OK_HEAD "Content-Length: 200\r\n\r\n" OK_HEAD
                                      "Content-Length: 2\r\n\r\nok";
  g_autoptr (OrfLoadReader) reader = orf_load_reader_new (ORF_LOAD_WAY_HTTP, FALSE);
  OrfLoadFault fault = ORF_LOAD_FAULT_PROTOCOL;

  orf_load_reader_expect_no_body (reader);
  g_assert_cmpint (orf_load_reader_feed (reader, bytes, strlen (bytes) - 1, &fault), ==,
                   ORF_LOAD_READ_DONE);
  g_assert_cmpint (fault, ==, ORF_LOAD_FAULT_NONE);
  g_assert_cmpint (orf_load_reader_feed (reader, NULL, 0, &fault), ==, ORF_LOAD_READ_MORE);
  g_assert_cmpint (orf_load_reader_feed (reader, "k", 1, &fault), ==, ORF_LOAD_READ_DONE);
}

static void
test_lines (void)
{
  static const char text[] = "{\"result\":{\"error\":1}}\n{\"error\":{\"code\":1}}\r\n";

  check (ORF_LOAD_WAY_SOCKET, TRUE, text, strlen (text), 1, 1, FALSE);
}

static void
test_websocket (void)
{
  /* the handshake; a ping; a message of two frames; one of 126 bytes and more; a close */
  g_autoptr (GString) bytes = g_string_new ("HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\n\r\n");
  g_autoptr (OrfLoadReader) reader = orf_load_reader_new (ORF_LOAD_WAY_WEBSOCKET, TRUE);
  g_autoptr (GString) pongs = g_string_new (NULL);
  OrfLoadFault fault;
  gsize handshake = bytes->len;

  g_string_append_len (bytes, "\x89\x02hi\x01\x03{\"e\x80\x05rr\":1", 16);
  g_string_append_len (bytes, "\x81\x7e\x00\x80", 4);
  for (guint i = 0; i < 128; i++)
    g_string_append_c (bytes, ' ');
  g_string_append_len (bytes, "\x88\x00", 2);
  check (ORF_LOAD_WAY_WEBSOCKET, TRUE, bytes->str, bytes->len, 3, 0, TRUE);

  g_assert_cmpint (orf_load_reader_feed (reader, bytes->str, handshake, &fault), ==,
                   ORF_LOAD_READ_DONE);
  g_assert_cmpint (orf_load_reader_feed (reader, bytes->str + handshake, 4, &fault), ==,
                   ORF_LOAD_READ_MORE);
  orf_load_reader_take_pongs (reader, pongs);
  g_assert_cmpmem (pongs->str, pongs->len, "\x8a\x82\0\0\0\0hi", 8);
}

static void
check_frame (const char *bytes, gsize length, OrfLoadReadState expected)
{
  g_autoptr (OrfLoadReader) reader = orf_load_reader_new (ORF_LOAD_WAY_WEBSOCKET, TRUE);
  OrfLoadFault fault;

  g_assert_cmpint (orf_load_reader_feed (reader, "HTTP/1.1 101 Yes\r\n\r\n", 20, &fault), ==,
                   ORF_LOAD_READ_DONE);
  g_assert_cmpint (orf_load_reader_feed (reader, bytes, length, &fault), ==, expected);
}

static void
test_odd_frames (void)
{
  check_frame ("\x81\x00", 2, ORF_LOAD_READ_DONE);             /* empty */
  check_frame ("\x81\x82\0\0\0\0hi", 8, ORF_LOAD_READ_BROKEN); /* masked */
  check_frame ("\x89\x7e\x00\x80", 4, ORF_LOAD_READ_BROKEN);   /* a long ping */
  /* a length that nobody could hold */
  check_frame ("\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xffhi", 12, ORF_LOAD_READ_MORE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/load-reader/http", test_http);
  g_test_add_func ("/load-reader/http-ends", test_http_ends);
  g_test_add_func ("/load-reader/no-body", test_no_body);
  g_test_add_func ("/load-reader/lines", test_lines);
  g_test_add_func ("/load-reader/websocket", test_websocket);
  g_test_add_func ("/load-reader/odd-frames", test_odd_frames);
  return g_test_run ();
}
