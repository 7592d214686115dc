/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/orf-write-request.h"

#include <string.h>

#include <snappy-c.h>

/* A field's number and wire type, as one byte. */
#define TAG(number, type) ((guint8) ((number) << 3 | (type)))
#define VARINT            0
#define FIXED64           1
#define LENGTH            2

/* WriteRequest */
#define TAG_TIMESERIES TAG (1, LENGTH)
/* TimeSeries */
#define TAG_LABEL  TAG (1, LENGTH)
#define TAG_SAMPLE TAG (2, LENGTH)
/* Label */
#define TAG_NAME  TAG (1, LENGTH)
#define TAG_VALUE TAG (2, LENGTH)
/* Sample */
#define TAG_NUMBER    TAG (1, FIXED64)
#define TAG_TIMESTAMP TAG (2, VARINT)

struct _OrfWriteRequest {
  GByteArray *bytes;
  guint n_samples;
};

static gsize
measure_varint (guint64 value)
{
  gsize n = 1;

  for (; value >= 0x80; value >>= 7)
    n++;
  return n;
}

static guint8 *
put_varint (guint8 *at, guint64 value)
{
  for (; value >= 0x80; value >>= 7)
    *at++ = (guint8) (value | 0x80);
  *at++ = (guint8) value;
  return at;
}

static guint8 *
grow (GByteArray *bytes, gsize n)
{
  g_byte_array_set_size (bytes, (guint) (bytes->len + n));
  return bytes->data + bytes->len - n;
}

/* ---- labels ---------------------------------------------------------------------------------- */

static guint8 *
put_text (guint8 *at, guint8 tag, const char *text, gsize length)
{
  *at++ = tag;
  at = put_varint (at, length);
  memcpy (at, text, length);
  return at + length;
}

static void
append_label (GByteArray *bytes, const char *name, const char *value)
{
  gsize n_name = strlen (name), n_value = strlen (value);
  gsize length = 2 + measure_varint (n_name) + n_name + measure_varint (n_value) + n_value;
  guint8 *at = grow (bytes, 1 + measure_varint (length) + length);

  *at++ = TAG_LABEL;
  at = put_varint (at, length);
  at = put_text (at, TAG_NAME, name, n_name);
  put_text (at, TAG_VALUE, value, n_value);
}

GBytes *
orf_write_request_make_labels (char *const *labels)
{
  GByteArray *bytes = g_byte_array_new ();

  for (guint i = 0; labels[i] != NULL; i += 2)
    append_label (bytes, labels[i], labels[i + 1]);
  return g_byte_array_free_to_bytes (bytes);
}

/* ---- the message ----------------------------------------------------------------------------- */

/* What stands between a sample's own tag and length. */
static gsize
measure_sample (const OrfWriteSample *sample)
{
  return 1 + sizeof (guint64) + 1 + measure_varint ((guint64) sample->t_ms);
}

static guint8 *
put_sample (guint8 *at, const OrfWriteSample *sample)
{
  guint64 number;

  *at++ = TAG_SAMPLE;
  *at++ = (guint8) measure_sample (sample); /* below 128: one byte */
  *at++ = TAG_NUMBER;
  memcpy (&number, &sample->value, sizeof number);
  number = GUINT64_TO_LE (number);
  memcpy (at, &number, sizeof number);
  at += sizeof number;
  *at++ = TAG_TIMESTAMP;
  return put_varint (at, (guint64) sample->t_ms);
}

void
orf_write_request_add (OrfWriteRequest *request,
                       GBytes *labels,
                       const OrfWriteSample *samples,
                       guint n_samples)
{
  gsize n_labels, length;
  gconstpointer data = g_bytes_get_data (labels, &n_labels);
  guint8 *at;

  length = n_labels;
  for (guint i = 0; i < n_samples; i++)
    length += 2 + measure_sample (&samples[i]);
  at = grow (request->bytes, 1 + measure_varint (length) + length);
  *at++ = TAG_TIMESERIES;
  at = put_varint (at, length);
  if (n_labels > 0)
    memcpy (at, data, n_labels);
  at += n_labels;
  for (guint i = 0; i < n_samples; i++)
    at = put_sample (at, &samples[i]);
  request->n_samples += n_samples;
}

gsize
orf_write_request_get_size (const OrfWriteRequest *request)
{
  return request->bytes->len;
}

guint
orf_write_request_get_n_samples (const OrfWriteRequest *request)
{
  return request->n_samples;
}

GBytes *
orf_write_request_pack (OrfWriteRequest *request)
{
  size_t length = snappy_max_compressed_length (request->bytes->len);
  char *packed = g_malloc (length);

  /* fails only where the room is too small, which it is not */
  if (snappy_compress ((const char *) request->bytes->data, request->bytes->len, packed, &length) !=
      SNAPPY_OK)
    length = 0;
  g_byte_array_set_size (request->bytes, 0);
  request->n_samples = 0;
  return g_bytes_new_take (g_realloc (packed, length), length);
}

OrfWriteRequest *
orf_write_request_new (void)
{
  OrfWriteRequest *request = g_new0 (OrfWriteRequest, 1);

  request->bytes = g_byte_array_new ();
  return request;
}

void
orf_write_request_free (OrfWriteRequest *request)
{
  g_byte_array_unref (request->bytes);
  g_free (request);
}
