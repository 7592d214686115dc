/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bytes against protobuf's and snappy's own rules.  That real receivers read them is shown by
 * the functional tests.
 */
#include "remote/orf-write-request.h"

#include <math.h>
#include <string.h>

#include <snappy-c.h>

static GByteArray *
unpack (GBytes *packed)
{
  GByteArray *plain = g_byte_array_new ();
  gsize length;
  const char *data = g_bytes_get_data (packed, &length);
  size_t n;

  g_assert_cmpint (snappy_uncompressed_length (data, length, &n), ==, SNAPPY_OK);
  g_byte_array_set_size (plain, (guint) n);
  g_assert_cmpint (snappy_uncompress (data, length, (char *) plain->data, &n), ==, SNAPPY_OK);
  g_assert_cmpuint (n, ==, plain->len);
  return plain;
}

static guint64
read_varint (const guint8 **at)
{
  guint64 value = 0;

  for (guint shift = 0;; shift += 7) {
    value |= (guint64) (**at & 0x7f) << shift;
    if ((*(*at)++ & 0x80) == 0)
      return value;
  }
}

/* A reader of its own: name="value" …: t=v … ; */
static void
read_label (const guint8 *at, GString *text)
{
  for (guint field = 1; field <= 2; field++) {
    guint64 n;

    g_assert_cmpuint (*at++, ==, field << 3 | 2);
    n = read_varint (&at);
    g_string_append (text, field == 1 ? "" : "=");
    g_string_append_len (text, (const char *) at, (gssize) n);
    at += n;
  }
  g_string_append_c (text, ' ');
}

static void
read_sample (const guint8 *at, guint64 n, GString *text)
{
  const guint8 *end = at + n;
  double value;

  g_assert_cmpuint (*at++, ==, 1 << 3 | 1);
  memcpy (&value, at, sizeof value);
  at += sizeof value;
  g_assert_cmpuint (*at++, ==, 2 << 3 | 0);
  g_string_append_printf (text, "%" G_GINT64_FORMAT "=%.17g ", (gint64) read_varint (&at), value);
  g_assert_true (at == end);
}

static void
read_series (const guint8 *at, guint64 n, GString *text)
{
  const guint8 *end = at + n;

  while (at < end) {
    guint8 tag = *at++;
    guint64 length = read_varint (&at);

    if (tag == (1 << 3 | 2)) {
      read_label (at, text);
    } else {
      g_assert_cmpuint (tag, ==, 2 << 3 | 2);
      read_sample (at, length, text);
    }
    at += length;
  }
  g_assert_true (at == end);
  g_string_append_c (text, ';');
}

static char *
read_request (OrfWriteRequest *request)
{
  g_autoptr (GBytes) packed = orf_write_request_pack (request);
  g_autoptr (GByteArray) plain = unpack (packed);
  const guint8 *at = plain->data, *end = at + plain->len;
  GString *text = g_string_new (NULL);

  while (at < end) {
    guint64 length;

    g_assert_cmpuint (*at++, ==, 1 << 3 | 2);
    length = read_varint (&at);
    read_series (at, length, text);
    at += length;
  }
  g_assert_true (at == end);
  return g_string_free (text, FALSE);
}

static void
test_read_back (void)
{
  char *const first[] = { (char *) "__name__", (char *) "up", (char *) "k", (char *) "a\"\xc3\xa9",
                          NULL };
  char *const second[] = { (char *) "__name__", (char *) "b", NULL };
  const OrfWriteSample samples[] = { { 0, 0 },
                                     { 1, -0.0 },
                                     { 127, 0.1 },
                                     { 128, 1e300 },
                                     { 1760000000123, 4.9e-324 },
                                     { G_MAXINT64, INFINITY },
                                     { -1, -INFINITY } };
  g_autoptr (GBytes) one = orf_write_request_make_labels (first);
  g_autoptr (GBytes) other = orf_write_request_make_labels (second);
  g_autoptr (OrfWriteRequest) request = orf_write_request_new ();

  for (guint round = 0; round < 2; round++) { /* it is empty after the first */
    g_autofree char *text = NULL;

    g_assert_cmpuint (orf_write_request_get_size (request), ==, 0);
    orf_write_request_add (request, one, samples, G_N_ELEMENTS (samples));
    orf_write_request_add (request, other, samples, 1);
    g_assert_cmpuint (orf_write_request_get_n_samples (request), ==, G_N_ELEMENTS (samples) + 1);
    text = read_request (request);
    g_assert_cmpstr (text, ==,
                     "__name__=up k=a\"\xc3\xa9 0=0 1=-0 127=0.10000000000000001 "
                     "128=1.0000000000000001e+300 1760000000123=4.9406564584124654e-324 "
                     "9223372036854775807=inf -1=-inf ;__name__=b 0=0 ;");
  }
}

/* As protoc encodes it: the bytes of two labels and a sample, written down. */
static void
test_bytes (void)
{
  static const guint8 expected[] = { 0x0a, 0x22, 0x0a, 0x0e, 0x0a, 0x08, '_',  '_',  'n',
                                     'a',  'm',  'e',  '_',  '_',  0x12, 0x02, 'u',  'p',
                                     0x12, 0x10, 0x09, 0,    0,    0,    0,    0,    0,
                                     0xf0, 0x3f, 0x10, 0x80, 0x80, 0xc0, 0xde, 0xde, 0x33 };
  char *const labels[] = { (char *) "__name__", (char *) "up", NULL };
  const OrfWriteSample sample = { G_GINT64_CONSTANT (1777777770496), 1 };
  g_autoptr (GBytes) encoded = orf_write_request_make_labels (labels);
  g_autoptr (OrfWriteRequest) request = orf_write_request_new ();
  g_autoptr (GBytes) packed = NULL;
  g_autoptr (GByteArray) plain = NULL;

  orf_write_request_add (request, encoded, &sample, 1);
  packed = orf_write_request_pack (request);
  plain = unpack (packed);
  g_assert_cmpmem (plain->data, plain->len, expected, sizeof expected);
}

static void
test_large (void)
{
  g_autofree char *value = g_strnfill (300, 'v');
  char *const labels[] = { (char *) "k", value, NULL };
  g_autoptr (GBytes) encoded = orf_write_request_make_labels (labels);
  g_autoptr (OrfWriteRequest) request = orf_write_request_new ();
  g_autofree OrfWriteSample *samples = g_new (OrfWriteSample, 20000);
  g_autoptr (GString) expected = g_string_new (NULL);
  g_autofree char *text = NULL;

  g_string_append_printf (expected, "k=%s ", value);
  for (guint i = 0; i < 20000; i++) {
    samples[i] = (OrfWriteSample){ 1760000000000 + i, i };
    g_string_append_printf (expected, "%" G_GINT64_FORMAT "=%u ", samples[i].t_ms, i);
  }
  g_string_append_c (expected, ';');
  orf_write_request_add (request, encoded, samples, 20000);
  text = read_request (request);
  g_assert_cmpstr (text, ==, expected->str);
}

/* By halves down to one sample each: all are there, in order, and each piece is a request. */
static void
split_all (GBytes *body, guint n_expected, GString *samples)
{
  OrfWritePiece pieces[2];

  if (!orf_write_request_split (body, pieces)) {
    g_autoptr (GByteArray) plain = unpack (body);
    const guint8 *at = plain->data + 1;
    guint64 length = read_varint (&at);

    g_assert_cmpuint (n_expected, ==, 1);
    read_series (at, length, samples);
    return;
  }
  g_assert_cmpuint (pieces[0].n_samples + pieces[1].n_samples, ==, n_expected);
  for (guint i = 0; i < 2; i++) {
    split_all (pieces[i].body, pieces[i].n_samples, samples);
    g_bytes_unref (pieces[i].body);
  }
}

static void
test_split (void)
{
  char *const first[] = { (char *) "__name__", (char *) "a", (char *) "k", (char *) "v", NULL };
  char *const second[] = { (char *) "__name__", (char *) "b", NULL };
  const OrfWriteSample samples[] = { { 1, 1 }, { 2, 2 }, { 3, 3 } };
  g_autoptr (GBytes) one = orf_write_request_make_labels (first);
  g_autoptr (GBytes) other = orf_write_request_make_labels (second);
  g_autoptr (OrfWriteRequest) request = orf_write_request_new ();
  g_autoptr (GBytes) body = NULL;
  g_autoptr (GString) text = g_string_new (NULL);

  orf_write_request_add (request, one, samples, 3);
  orf_write_request_add (request, other, samples, 1);
  orf_write_request_add (request, other, samples + 1, 1);
  body = orf_write_request_pack (request);
  split_all (body, 5, text);
  g_assert_cmpstr (text->str, ==,
                   "__name__=a k=v 1=1 ;__name__=a k=v 2=2 ;__name__=a k=v 3=3 ;"
                   "__name__=b 1=1 ;__name__=b 2=2 ;");
}

static void
test_split_nonsense (void)
{
  static const char *const texts[] = { "", "x", "\x01\x00\x0a", "\x02\x04\x0a\x05",
                                       "\x03\x08\x0a\xff\xff" };
  OrfWritePiece pieces[2];

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GBytes) body = g_bytes_new (texts[i], i == 2 ? 3 : strlen (texts[i]));

    g_assert_false (orf_write_request_split (body, pieces));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/write-request/read-back", test_read_back);
  g_test_add_func ("/write-request/bytes", test_bytes);
  g_test_add_func ("/write-request/large", test_large);
  g_test_add_func ("/write-request/split", test_split);
  g_test_add_func ("/write-request/split-nonsense", test_split_nonsense);
  return g_test_run ();
}
