/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-chunk-codec.h"

#include <math.h>
#include <string.h>

#include "orf-chunk-ints.h"
#include "orf-error.h"
#include "orf-xxh64.h"

#define VERSION 1
/* version, then the checksum of all that follows it */
#define SEAL_BYTES 5
#define KIND_XOR   0x80
#define MAX_SCALE  12
/* Below 2^51 adding 1.5 * 2^52 rounds to an integer, without a call. */
#define MAX_SCALED 2251799813685248.0
#define ROUNDER    6755399441055744.0

static const double powers[MAX_SCALE + 1] = { 1,   1e1, 1e2, 1e3,  1e4,  1e5, 1e6,
                                              1e7, 1e8, 1e9, 1e10, 1e11, 1e12 };

struct _OrfChunkCodec {
  OrfChunkInts *ints;
  gsize capacity;
  gint64 *column; /* scaled decimals, or words of the XOR scheme */
};

OrfChunkCodec *
orf_chunk_codec_new (void)
{
  OrfChunkCodec *self = g_new0 (OrfChunkCodec, 1);
  self->ints = orf_chunk_ints_new ();
  return self;
}

void
orf_chunk_codec_free (OrfChunkCodec *self)
{
  orf_chunk_ints_free (self->ints);
  g_free (self->column);
  g_free (self);
}

void
orf_chunk_codec_relax (OrfChunkCodec *self)
{
  orf_chunk_ints_relax (self->ints, ORF_CHUNK_KEPT_POINTS);
  if (self->capacity <= ORF_CHUNK_KEPT_POINTS)
    return;
  g_clear_pointer (&self->column, g_free);
  self->capacity = 0;
}

static void
reserve (OrfChunkCodec *self, gsize count)
{
  if (count <= self->capacity)
    return;
  self->column = g_renew (gint64, self->column, count);
  self->capacity = count;
}

static guint64
get_bits (double value)
{
  guint64 bits;
  memcpy (&bits, &value, sizeof bits);
  return bits;
}

static double
from_bits (guint64 bits)
{
  double value;
  memcpy (&value, &bits, sizeof value);
  return value;
}

/* Exactly those values that a reader gets back bit by bit: neither NaN nor -0.0. */
static gboolean
scale_value (double value, guint scale, gint64 *scaled)
{
  double product = value * powers[scale];
  if (!(ABS (product) < MAX_SCALED))
    return FALSE;
  *scaled = (gint64) (product + ROUNDER - ROUNDER);
  return get_bits ((double) *scaled / powers[scale]) == get_bits (value);
}

/* The fewest decimals that all values have, or -1 where some are no such decimals. */
static int
scale_values (const double *values, gsize count, gint64 *scaled)
{
  guint scale = 0;
  gsize n_before = 0; /* those scaled by fewer decimals than now */

  for (gsize i = 0; i < count; i++)
    while (!scale_value (values[i], scale, &scaled[i])) {
      if (++scale > MAX_SCALE)
        return -1;
      n_before = i;
    }
  for (gsize i = 0; i < n_before; i++)
    if (!scale_value (values[i], scale, &scaled[i]))
      return -1;
  return (int) scale;
}

static void
find_range (const double *values, gsize count, double *min, double *max)
{
  *min = *max = NAN;
  for (gsize i = 0; i < count; i++) {
    if (!(values[i] >= *min))
      *min = isnan (values[i]) ? *min : values[i];
    if (!(values[i] <= *max))
      *max = isnan (values[i]) ? *max : values[i];
  }
}

static void
put_value (GByteArray *out, double value, int scale)
{
  gint64 scaled = 0;
  if (scale < 0) {
    guint64 bits = GUINT64_TO_LE (get_bits (value));
    g_byte_array_append (out, (const guint8 *) &bits, sizeof bits);
    return;
  }
  scale_value (value, (guint) scale, &scaled);
  orf_chunk_put_varint (out, (guint64) scaled << 1 ^ (guint64) (scaled >> 63));
}

static gboolean
take_value (OrfChunkReader *in, guint8 kind, double *value)
{
  const guint8 *bytes;
  guint64 word;
  if (kind == KIND_XOR) {
    if (!orf_chunk_reader_take (in, sizeof word, &bytes))
      return FALSE;
    memcpy (&word, bytes, sizeof word);
    *value = from_bits (GUINT64_FROM_LE (word));
    return TRUE;
  }
  if (!orf_chunk_reader_take_varint (in, &word))
    return FALSE;
  *value = (double) (gint64) (word >> 1 ^ -(word & 1)) / powers[kind];
  return TRUE;
}

/* Gorilla's XOR with the value before; the zero bits that all end in are left out. */
static void
put_xor (OrfChunkCodec *self, const double *values, gsize count, GByteArray *out)
{
  guint64 *words = (guint64 *) self->column, last = 0, all = 0;
  for (gsize i = 0; i < count; i++) {
    words[i] = get_bits (values[i]) ^ last;
    last = get_bits (values[i]);
    all |= words[i];
  }
  guint shift = all == 0 ? 0 : (guint) __builtin_ctzll (all);
  for (gsize i = 0; i < count; i++)
    words[i] >>= shift;
  orf_chunk_put_varint (out, shift);
  orf_chunk_ints_put_words (self->ints, words, count, out);
}

static gboolean
take_xor (OrfChunkCodec *self, OrfChunkReader *in, double *values, gsize count)
{
  guint64 *words = (guint64 *) self->column, last = 0, shift;
  if (!orf_chunk_reader_take_varint (in, &shift) || shift > 63 ||
      !orf_chunk_ints_take_words (self->ints, in, words, count))
    return FALSE;
  for (gsize i = 0; i < count; i++) {
    last ^= words[i] << shift;
    values[i] = from_bits (last);
  }
  return TRUE;
}

static gboolean
take_decimals (OrfChunkCodec *self, OrfChunkReader *in, guint8 scale, double *values, gsize count)
{
  if (!orf_chunk_ints_take_column (self->ints, in, self->column, count))
    return FALSE;
  for (gsize i = 0; i < count; i++)
    values[i] = (double) self->column[i] / powers[scale];
  return TRUE;
}

static guint32
get_checksum (const guint8 *data, gsize length)
{
  return GUINT32_TO_LE ((guint32) orf_xxh64 (data + SEAL_BYTES, length - SEAL_BYTES, VERSION));
}

static gboolean
check_points (const gint64 *times_us, gsize count, GError **error)
{
  gboolean rising = TRUE;
  if (count == 0 || count > ORF_CHUNK_MAX_POINTS) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                 "a chunk has 1 to %u points, not %" G_GSIZE_FORMAT, ORF_CHUNK_MAX_POINTS, count);
    return FALSE;
  }
  for (gsize i = 1; i < count; i++)
    rising &= times_us[i] >= times_us[i - 1];
  if (!rising)
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "times of a chunk go back");
  return rising;
}

GByteArray *
orf_chunk_codec_encode (
  OrfChunkCodec *self, const gint64 *times_us, const double *values, gsize count, GError **error)
{
  guint8 head[SEAL_BYTES + 1] = { VERSION };
  double min, max;

  if (!check_points (times_us, count, error))
    return NULL;
  reserve (self, count);
  int scale = scale_values (values, count, self->column);
  GByteArray *out = g_byte_array_sized_new ((guint) (64 + count * 2));
  head[SEAL_BYTES] = scale < 0 ? KIND_XOR : (guint8) scale;
  g_byte_array_append (out, head, sizeof head);
  orf_chunk_put_varint (out, count);
  orf_chunk_put_varint (out, (guint64) times_us[0] << 1 ^ (guint64) (times_us[0] >> 63));
  orf_chunk_put_varint (out, (guint64) times_us[count - 1] - (guint64) times_us[0]);
  find_range (values, count, &min, &max);
  put_value (out, min, scale);
  put_value (out, max, scale);
  put_value (out, values[0], scale);
  put_value (out, values[count - 1], scale);
  orf_chunk_ints_put_column (self->ints, times_us, count, out);
  if (scale < 0)
    put_xor (self, values, count, out);
  else
    orf_chunk_ints_put_column (self->ints, self->column, count, out);

  guint32 checksum = get_checksum (out->data, out->len);
  memcpy (out->data + 1, &checksum, sizeof checksum);
  return out;
}

static gboolean
refuse (GError **error, const char *what)
{
  g_set_error (error, ORF_ERROR, ORF_ERROR_DATA_LOSS, "chunk %s", what);
  return FALSE;
}

static gboolean
take_header (OrfChunkReader *in, guint8 *kind, OrfChunkInfo *info)
{
  const guint8 *byte;
  guint64 count, first, span;

  if (!orf_chunk_reader_take (in, 1, &byte) || (*byte > MAX_SCALE && *byte != KIND_XOR) ||
      !orf_chunk_reader_take_varint (in, &count) || count == 0 || count > ORF_CHUNK_MAX_POINTS ||
      !orf_chunk_reader_take_varint (in, &first) || !orf_chunk_reader_take_varint (in, &span))
    return FALSE;
  *kind = *byte;
  info->count = (guint32) count;
  info->first_us = (gint64) (first >> 1 ^ -(first & 1));
  info->last_us = (gint64) ((guint64) info->first_us + span);
  return info->last_us >= info->first_us && take_value (in, *kind, &info->min) &&
         take_value (in, *kind, &info->max) && take_value (in, *kind, &info->first) &&
         take_value (in, *kind, &info->last);
}

static gboolean
open_chunk (const guint8 *data,
            gsize length,
            OrfChunkReader *in,
            guint8 *kind,
            OrfChunkInfo *info,
            GError **error)
{
  guint32 stored, checksum;

  if (length <= SEAL_BYTES)
    return refuse (error, "is too short");
  if (data[0] != VERSION)
    return refuse (error, "has a version that is not known");
  memcpy (&stored, data + 1, sizeof stored);
  checksum = get_checksum (data, length);
  if (stored != checksum)
    return refuse (error, "has a wrong checksum");
  *in = (OrfChunkReader){ data + SEAL_BYTES, data + length };
  return take_header (in, kind, info) || refuse (error, "has a broken header");
}

gboolean
orf_chunk_peek (const guint8 *data, gsize length, OrfChunkInfo *info, GError **error)
{
  OrfChunkReader in;
  OrfChunkInfo found;
  guint8 kind;

  if (!open_chunk (data, length, &in, &kind, &found, error))
    return FALSE;
  *info = found;
  return TRUE;
}

guint32
orf_chunk_get_checksum (const guint8 *data)
{
  /* behind the version, little endian */
  return (guint32) data[1] | (guint32) data[2] << 8 | (guint32) data[3] << 16 |
         (guint32) data[4] << 24;
}

/* The header's summary is checked against the points, so that who peeks is told the same as who
 * decodes; but for the range, which would take a pass of its own. */
static gboolean
agrees (const OrfChunkInfo *info, const gint64 *times_us, const double *values)
{
  gsize last = info->count - 1;
  gboolean rising = TRUE;
  for (gsize i = 1; i <= last; i++)
    rising &= times_us[i] >= times_us[i - 1];
  return rising && times_us[0] == info->first_us && times_us[last] == info->last_us &&
         get_bits (values[0]) == get_bits (info->first) &&
         get_bits (values[last]) == get_bits (info->last);
}

gboolean
orf_chunk_codec_decode (OrfChunkCodec *self,
                        const guint8 *data,
                        gsize length,
                        gint64 *times_us,
                        double *values,
                        gsize capacity,
                        gsize *count,
                        GError **error)
{
  OrfChunkReader in;
  OrfChunkInfo info;
  guint8 kind;

  if (!open_chunk (data, length, &in, &kind, &info, error))
    return FALSE;
  if (info.count > capacity) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                 "chunk has %u points, there is room for %" G_GSIZE_FORMAT, info.count, capacity);
    return FALSE;
  }
  reserve (self, info.count);
  if (!orf_chunk_ints_take_column (self->ints, &in, times_us, info.count))
    return refuse (error, "has broken times");
  if (kind == KIND_XOR ? !take_xor (self, &in, values, info.count)
                       : !take_decimals (self, &in, kind, values, info.count))
    return refuse (error, "has broken values");
  if (in.at != in.end || !agrees (&info, times_us, values))
    return refuse (error, "differs from its header");
  *count = info.count;
  return TRUE;
}
