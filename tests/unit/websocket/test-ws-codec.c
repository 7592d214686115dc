/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "websocket/orf-ws-codec.h"

#include <string.h>

#define MAX_BYTES 70000

typedef struct {
  OrfWsCodec *codec;
  GPtrArray *texts;
  GString *out;
} Fixture;

static void
text_cb (gpointer user_data, const char *data, gsize length)
{
  g_ptr_array_add (((Fixture *) user_data)->texts, g_strndup (data, length));
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->codec = orf_ws_codec_new (MAX_BYTES, text_cb, f);
  f->texts = g_ptr_array_new_with_free_func (g_free);
  f->out = g_string_new (NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  orf_ws_codec_free (f->codec);
  g_ptr_array_unref (f->texts);
  g_string_free (f->out, TRUE);
}

#define FIN    0x80
#define CONT   0
#define TEXT   1
#define BINARY 2
#define CLOSE  8
#define PING   9
#define PONG   10

/* A client's frame, masked. */
static void
add_frame (GString *bytes, guint8 first, const char *payload, gsize length)
{
  static const guint8 mask[4] = { 0x37, 0xfa, 0x21, 0x3d };
  guint8 head[ORF_WS_HEAD_MAX];
  gsize head_length = orf_ws_write_text_head (head, length);

  head[0] = first;
  head[1] |= 0x80;
  g_string_append_len (bytes, (const char *) head, (gssize) head_length);
  g_string_append_len (bytes, (const char *) mask, sizeof mask);
  for (gsize i = 0; i < length; i++)
    g_string_append_c (bytes, (char) (payload[i] ^ mask[i % 4]));
}

static void
feed_frame (Fixture *f, guint8 first, const char *payload, gsize length)
{
  g_autoptr (GString) bytes = g_string_new (NULL);

  add_frame (bytes, first, payload, length);
  orf_ws_codec_feed (f->codec, bytes->str, bytes->len, f->out);
}

static void
got (Fixture *f, guint n, const char *last)
{
  g_assert_cmpuint (f->texts->len, ==, n);
  g_assert_cmpstr (f->texts->pdata[n - 1], ==, last);
}

/* One close was sent, with this code (0: none), and nothing is read any more. */
static void
closed (Fixture *f, guint16 code)
{
  g_assert_true (orf_ws_codec_is_closing (f->codec));
  g_assert_true (orf_ws_codec_is_deaf (f->codec));
  g_assert_cmpuint (f->out->len, >=, code == 0 ? 2 : 4);
  g_assert_cmpuint ((guint8) f->out->str[0], ==, FIN | CLOSE);
  g_assert_cmpuint ((guint8) f->out->str[1], ==, f->out->len - 2);
  if (code > 0)
    g_assert_cmpuint ((guint8) f->out->str[2] << 8 | (guint8) f->out->str[3], ==, code);
}

/* RFC 6455, 5.7: a single-frame masked text message "Hello". */
static void
test_rfc_example (Fixture *f, gconstpointer data)
{
  static const char hello[] = "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";

  orf_ws_codec_feed (f->codec, hello, sizeof hello - 1, f->out);
  got (f, 1, "Hello");
  g_assert_cmpuint (f->out->len, ==, 0);
}

static void
test_lengths (Fixture *f, gconstpointer data)
{
  static const gsize lengths[] = { 0, 1, 125, 126, 65535, 65536, MAX_BYTES };

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++) {
    g_autofree char *payload = g_strnfill (lengths[i], 'x');

    feed_frame (f, FIN | TEXT, payload, lengths[i]);
    got (f, i + 1, payload);
  }
}

static void
test_fragments (Fixture *f, gconstpointer data)
{
  feed_frame (f, TEXT, "{\"a\":", 5);
  feed_frame (f, FIN | PING, "between", 7);
  g_assert_cmpstr (f->out->str, ==,
                   "\x8a\x07"
                   "between");
  feed_frame (f, CONT, "", 0);
  orf_ws_codec_rest (f->codec);
  feed_frame (f, CONT, "1", 1);
  feed_frame (f, FIN | CONT, "}", 1);
  got (f, 1, "{\"a\":1}");
}

/* However the bytes are cut, and whenever it rests. */
static void
test_byte_by_byte (Fixture *f, gconstpointer data)
{
  g_autofree char *big = g_strnfill (300, 'b');
  g_autoptr (GString) bytes = g_string_new (NULL);

  add_frame (bytes, FIN | TEXT, "one", 3);
  add_frame (bytes, TEXT, "t", 1);
  add_frame (bytes, FIN | CONT, "wo", 2);
  add_frame (bytes, FIN | TEXT, big, 300);
  add_frame (bytes, FIN | PONG, "", 0);
  for (gsize i = 0; i < bytes->len; i++) {
    orf_ws_codec_feed (f->codec, bytes->str + i, 1, f->out);
    orf_ws_codec_rest (f->codec);
  }
  got (f, 3, big);
  g_assert_cmpstr (f->texts->pdata[1], ==, "two");
}

static void
test_rest (Fixture *f, gconstpointer data)
{
  gsize before = orf_ws_codec_get_size_bytes (f->codec);

  feed_frame (f, FIN | TEXT, "one", 3);
  g_assert_cmpuint (orf_ws_codec_get_size_bytes (f->codec), >, before + 8000);
  orf_ws_codec_rest (f->codec);
  g_assert_cmpuint (orf_ws_codec_get_size_bytes (f->codec), <, before + 1000);
  feed_frame (f, FIN | TEXT, "two", 3);
  got (f, 2, "two");
  feed_frame (f, TEXT, "half", 4);
  orf_ws_codec_rest (f->codec);
  g_assert_cmpuint (orf_ws_codec_get_size_bytes (f->codec), >, before + 8000);
}

static void
test_too_big (Fixture *f, gconstpointer data)
{
  g_autofree char *payload = g_strnfill (MAX_BYTES + 1, 'x');

  feed_frame (f, FIN | TEXT, payload, MAX_BYTES + 1);
  closed (f, ORF_WS_TOO_BIG);
  g_assert_cmpuint (f->texts->len, ==, 0);
}

/* Bounded however many fragments it comes in, and what is held is bounded with it. */
static void
test_too_many_fragments (Fixture *f, gconstpointer data)
{
  feed_frame (f, TEXT, "x", 1);
  for (guint i = 0; i < 2 * MAX_BYTES && !orf_ws_codec_is_deaf (f->codec); i++) {
    feed_frame (f, CONT, "x", 1);
    g_assert_cmpuint (orf_ws_codec_get_size_bytes (f->codec), <, 4 * MAX_BYTES);
  }
  closed (f, ORF_WS_TOO_BIG);
  g_assert_cmpuint (f->texts->len, ==, 0);
}

static void
test_binary (Fixture *f, gconstpointer data)
{
  feed_frame (f, FIN | BINARY, "123", 3);
  closed (f, ORF_WS_UNSUPPORTED);
}

static void
test_wrong (Fixture *f, gconstpointer data)
{
  static const struct {
    const char *bytes;
    gsize length;
    guint16 code;
  } cases[] = {
    { "\x81\x05Hello", 7, 1002 },                                      /* not masked */
    { "\xc1\x81\1\2\3\4A", 7, 1002 },                                  /* a reserved bit */
    { "\x83\x81\1\2\3\4A", 7, 1002 },                                  /* a reserved opcode */
    { "\x80\x81\1\2\3\4A", 7, 1002 },                                  /* nothing to continue */
    { "\x09\x80\1\2\3\4", 6, 1002 },                                   /* a fragmented ping */
    { "\x81\x82\0\0\0\0\xc3\x28", 8, 1007 },                           /* not UTF-8 */
    { "\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\1\2\3\4A", 15, 1009 }, /* 2^63 bytes to come */
    { "\x88\x81\0\0\0\0\x03", 7, 1002 },                               /* a close of one byte */
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (OrfWsCodec) codec = orf_ws_codec_new (MAX_BYTES, text_cb, f);
    OrfWsCodec *own = f->codec;

    f->codec = codec;
    g_string_truncate (f->out, 0);
    orf_ws_codec_feed (codec, cases[i].bytes, cases[i].length, f->out);
    closed (f, cases[i].code);
    f->codec = own;
  }
  g_assert_cmpuint (f->texts->len, ==, 0);
}

static void
test_close (Fixture *f, gconstpointer data)
{
  feed_frame (f, FIN | CLOSE,
              "\x03\xe8"
              "bye",
              5);
  closed (f, 1000);
  /* nothing after it, either way */
  g_string_truncate (f->out, 0);
  orf_ws_codec_ping (f->codec, f->out);
  orf_ws_codec_close (f->codec, ORF_WS_POLICY, "late", f->out);
  feed_frame (f, FIN | TEXT, "late", 4);
  g_assert_cmpuint (f->out->len, ==, 0);
  g_assert_cmpuint (f->texts->len, ==, 0);
}

static void
test_own_close (Fixture *f, gconstpointer data)
{
  orf_ws_codec_ping (f->codec, f->out);
  g_assert_cmpmem (f->out->str, f->out->len, "\x89\0", 2);
  g_string_truncate (f->out, 0);
  orf_ws_codec_close (f->codec, ORF_WS_GOING_AWAY, "stop", f->out);
  g_assert_cmpmem (f->out->str, f->out->len, "\x88\x06\x03\xe9stop", 8);
  g_assert_true (orf_ws_codec_is_closing (f->codec));
  g_assert_false (orf_ws_codec_is_deaf (f->codec));
  feed_frame (f, FIN | CLOSE, "\x03\xe9", 2);
  g_assert_true (orf_ws_codec_is_deaf (f->codec));
  g_assert_cmpuint (f->out->len, ==, 8);
}

/* The code that it closes with. */
static guint
feed_in_pieces (Fixture *f, const GString *bytes, gsize first, gsize step)
{
  g_autoptr (OrfWsCodec) codec = orf_ws_codec_new (MAX_BYTES, text_cb, f);

  g_string_truncate (f->out, 0);
  for (gsize at = 0, n = first; at < bytes->len; at += n, n = MIN (step, bytes->len - at))
    orf_ws_codec_feed (codec, bytes->str + at, n, f->out);
  g_assert_cmpuint (f->out->len, >=, 4);
  return (guint) ((guint8) f->out->str[2] << 8 | (guint8) f->out->str[3]);
}

/* In whatever pieces a network may have it: libwslay alone takes each for one that has a code. */
static void
test_reason (Fixture *f, gconstpointer data)
{
  static const char wrong[] = "\x03\xe8\xce\xba\xed\xa0\x80";
  static const char half[] = "\x03\xe8\xe2\x82";
  const struct {
    const char *payload;
    gsize length;
    guint16 code;
  } cases[] = { { wrong, sizeof wrong - 1, 1007 },
                { half, sizeof half - 1, 1007 },
                { "\x03\xe8gr\xc3\xbc\xc3\x9f", 8, 1000 } };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GString) bytes = g_string_new (NULL);

    add_frame (bytes, FIN | TEXT, "7", 1);
    add_frame (bytes, FIN | CLOSE, cases[i].payload, cases[i].length);
    for (gsize first = 1; first < bytes->len; first++)
      for (gsize step = 1; step < bytes->len; step++)
        g_assert_cmpuint (feed_in_pieces (f, bytes, first, step), ==, cases[i].code);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define add(name, func) g_test_add ("/ws-codec/" name, Fixture, NULL, set_up, func, tear_down)
  add ("rfc-example", test_rfc_example);
  add ("lengths", test_lengths);
  add ("fragments", test_fragments);
  add ("byte-by-byte", test_byte_by_byte);
  add ("rest", test_rest);
  add ("too-big", test_too_big);
  add ("too-many-fragments", test_too_many_fragments);
  add ("binary", test_binary);
  add ("wrong", test_wrong);
  add ("reason", test_reason);
  add ("close", test_close);
  add ("own-close", test_own_close);
  return g_test_run ();
}
