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

/* Of a packed byte: snappy's shortest copy of its longest length has 3 bytes for 64. */
#define MOST_UNPACKED 32

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

/* ---- halves ---------------------------------------------------------------------------------- */

/* A field of wire type LENGTH. */
typedef struct {
  const guint8 *start, *payload, *end;
} Field;

/* FALSE: there is no whole one. */
static gboolean
read_field (const guint8 *at, const guint8 *end, Field *field)
{
  guint64 length = 0;

  field->start = at++;
  for (guint shift = 0; at < end && shift < 64; shift += 7) {
    length |= (guint64) (*at & 0x7f) << shift;
    if ((*at++ & 0x80) != 0)
      continue;
    field->payload = at;
    field->end = at + length;
    return length <= (guint64) (end - at);
  }
  return FALSE;
}

/* The fields of a message, all of them of that wire type. */
static GArray *
read_fields (const guint8 *at, const guint8 *end)
{
  g_autoptr (GArray) fields = g_array_new (FALSE, FALSE, sizeof (Field));

  while (at < end) {
    Field field;

    if (!read_field (at, end, &field))
      return NULL;
    g_array_append_val (fields, field);
    at = field.end;
  }
  return g_steal_pointer (&fields);
}

static guint
count_samples (const Field *series)
{
  g_autoptr (GArray) fields = read_fields (series->payload, series->end);
  guint n = 0;

  for (guint i = 0; fields != NULL && i < fields->len; i++)
    n += *g_array_index (fields, Field, i).start == TAG_SAMPLE;
  return n;
}

static void
take_series (OrfWriteRequest *request, const Field *first, guint n, OrfWritePiece *piece)
{
  for (guint i = 0; i < n; i++)
    request->n_samples += count_samples (&first[i]);
  g_byte_array_append (request->bytes, first[0].start, (guint) (first[n - 1].end - first[0].start));
  piece->n_samples = request->n_samples;
  piece->body = orf_write_request_pack (request);
}

/* The labels, and of the samples some. */
static void
take_samples (
  OrfWriteRequest *request, const Field *series, const Field *first, guint n, OrfWritePiece *piece)
{
  const Field *last = &first[n - 1];
  g_autoptr (GArray) fields = read_fields (series->payload, series->end);
  const guint8 *labels_end = series->payload;
  gsize length;
  guint8 *at;

  for (guint i = 0; i < fields->len; i++)
    if (*g_array_index (fields, Field, i).start == TAG_LABEL)
      labels_end = g_array_index (fields, Field, i).end;
  length = (gsize) (labels_end - series->payload) + (gsize) (last->end - first->start);
  at = grow (request->bytes, 1 + measure_varint (length) + length);
  *at++ = TAG_TIMESERIES;
  at = put_varint (at, length);
  memcpy (at, series->payload, (gsize) (labels_end - series->payload));
  at += labels_end - series->payload;
  memcpy (at, first->start, (gsize) (last->end - first->start));
  request->n_samples = piece->n_samples = n;
  piece->body = orf_write_request_pack (request);
}

static gboolean
split_series (const Field *series, OrfWritePiece pieces[2])
{
  g_autoptr (OrfWriteRequest) request = orf_write_request_new ();
  g_autoptr (GArray) fields = read_fields (series->payload, series->end);
  guint n_labels = 0, n;

  while (fields != NULL && n_labels < fields->len &&
         *g_array_index (fields, Field, n_labels).start == TAG_LABEL)
    n_labels++;
  if (fields == NULL || fields->len - n_labels < 2)
    return FALSE;
  n = (fields->len - n_labels) / 2;
  take_samples (request, series, &g_array_index (fields, Field, n_labels), n, &pieces[0]);
  take_samples (request, series, &g_array_index (fields, Field, n_labels + n),
                fields->len - n_labels - n, &pieces[1]);
  return TRUE;
}

gboolean
orf_write_request_split (GBytes *body, OrfWritePiece pieces[2])
{
  g_autoptr (OrfWriteRequest) request = orf_write_request_new ();
  g_autofree guint8 *plain = NULL;
  g_autoptr (GArray) series = NULL;
  gsize packed_length;
  const char *packed = g_bytes_get_data (body, &packed_length);
  size_t length;

  if (snappy_uncompressed_length (packed, packed_length, &length) != SNAPPY_OK ||
      length > packed_length * MOST_UNPACKED)
    return FALSE;
  plain = g_malloc (length + 1);
  if (snappy_uncompress (packed, packed_length, (char *) plain, &length) != SNAPPY_OK)
    return FALSE;
  series = read_fields (plain, plain + length);
  if (series == NULL || series->len == 0)
    return FALSE;
  if (series->len == 1)
    return split_series (&g_array_index (series, Field, 0), pieces);
  take_series (request, &g_array_index (series, Field, 0), series->len / 2, &pieces[0]);
  take_series (request, &g_array_index (series, Field, series->len / 2),
               series->len - series->len / 2, &pieces[1]);
  return TRUE;
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
