/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arithmetic is on guint64 and wraps: any column comes back exactly, also one that spans all of
 * gint64. */
#include "orf-chunk-ints.h"

#include <string.h>
#include <zstd.h>

/* Symbols of the lowest plane: more bits model the values better, but cost a larger Huffman table.
 */
#define PLANE_BITS 6
/* What a wide word's last load may read past the packed bits. */
#define SLACK_BYTES 8
/* A load of 64 bits at any bit offset holds 57 whole bits; 56 leaves one plane above. */
#define MAX_LOW_BITS 56
/* Points that the predictors are tried on; more cost time and hardly ever choose another one. */
#define N_TRIED 512
/* Entropy coding is what pays here, longer searches gain < 1 % on exporters' values. */
#define ZSTD_LEVEL 1

/* PREDICT_EWMA + k: an exponential mean that moves by 1/2^(2k+1) of each error */
enum {
  PREDICT_BASE,
  PREDICT_DELTA,
  PREDICT_DELTA_OF_DELTA,
  PREDICT_EWMA,
  N_PREDICTORS = PREDICT_EWMA + 3,
};

enum {
  PLANE_ZERO,
  PLANE_RAW,
  PLANE_ZSTD,
};

struct _OrfChunkInts {
  ZSTD_CCtx *compressor;
  ZSTD_DCtx *decompressor;
  gsize capacity; /* words each of the following holds */
  guint64 *scaled;
  guint64 *best; /* errors of the chosen predictor */
  guint8 *bytes; /* capacity * 8 + SLACK_BYTES */
  guint8 *packed;
  gsize packed_size;
};

OrfChunkInts *
orf_chunk_ints_new (void)
{
  OrfChunkInts *self = g_new0 (OrfChunkInts, 1);
  self->compressor = ZSTD_createCCtx ();
  self->decompressor = ZSTD_createDCtx ();
  if (self->compressor == NULL || self->decompressor == NULL)
    g_assert_not_reached (); /* out of memory, as where g_new() ends */
  return self;
}

static void
drop_scratch (OrfChunkInts *self)
{
  g_clear_pointer (&self->scaled, g_free);
  g_clear_pointer (&self->best, g_free);
  g_clear_pointer (&self->bytes, g_free);
  g_clear_pointer (&self->packed, g_free);
  self->capacity = self->packed_size = 0;
}

void
orf_chunk_ints_free (OrfChunkInts *self)
{
  ZSTD_freeCCtx (self->compressor);
  ZSTD_freeDCtx (self->decompressor);
  drop_scratch (self);
  g_free (self);
}

void
orf_chunk_ints_relax (OrfChunkInts *self, gsize kept)
{
  if (self->capacity > kept)
    drop_scratch (self);
}

static void
reserve (OrfChunkInts *self, gsize count)
{
  if (count <= self->capacity)
    return;
  self->scaled = g_renew (guint64, self->scaled, count);
  self->best = g_renew (guint64, self->best, count);
  self->bytes = g_realloc (self->bytes, count * 8 + SLACK_BYTES);
  self->packed_size = ZSTD_compressBound (count);
  self->packed = g_realloc (self->packed, self->packed_size);
  self->capacity = count;
}

gboolean
orf_chunk_reader_take (OrfChunkReader *reader, gsize length, const guint8 **bytes)
{
  if (length > (gsize) (reader->end - reader->at))
    return FALSE;
  *bytes = reader->at;
  reader->at += length;
  return TRUE;
}

gboolean
orf_chunk_reader_take_varint (OrfChunkReader *reader, guint64 *value)
{
  guint64 sum = 0;
  for (int shift = 0; shift < 64 && reader->at < reader->end; shift += 7) {
    guint8 byte = *reader->at++;
    sum |= (guint64) (byte & 0x7f) << shift;
    if (byte & 0x80)
      continue;
    *value = sum;
    return TRUE;
  }
  return FALSE;
}

void
orf_chunk_put_varint (GByteArray *out, guint64 value)
{
  guint8 bytes[10];
  guint length = 0;
  for (; value >= 0x80; value >>= 7)
    bytes[length++] = (guint8) (value | 0x80);
  bytes[length++] = (guint8) value;
  g_byte_array_append (out, bytes, length);
}

static void
put_byte (GByteArray *out, guint8 byte)
{
  g_byte_array_append (out, &byte, 1);
}

static guint64
load_64 (const guint8 *p)
{
  guint64 x;
  memcpy (&x, p, sizeof x);
  return GUINT64_FROM_LE (x);
}

static guint
get_width (guint64 x)
{
  return x == 0 ? 0 : 64 - (guint) __builtin_clzll (x);
}

static guint64
fold_sign (guint64 x)
{
  return x << 1 ^ (guint64) ((gint64) x >> 63);
}

static guint64
unfold_sign (guint64 x)
{
  return x >> 1 ^ -(x & 1);
}

/* How many low bits are as good as random: all but PLANE_BITS of what 98 % of the words need. */
static guint
choose_low_bits (const guint64 *words, gsize count)
{
  gsize widths[65] = { 0 }, seen = 0;
  guint width = 0;
  for (gsize i = 0; i < count; i++)
    widths[get_width (words[i])]++;
  for (seen = widths[0]; width < 64 && seen * 50 < count * 49;)
    seen += widths[++width];
  return width <= 8 ? 0 : MIN (width - PLANE_BITS, MAX_LOW_BITS);
}

static void
put_low_bits (OrfChunkInts *self, const guint64 *words, gsize count, guint bits, GByteArray *out)
{
  guint64 mask = (G_GUINT64_CONSTANT (1) << bits) - 1, held = 0;
  guint n_held = 0;
  guint8 *at = self->bytes;

  for (gsize i = 0; i < count; i++) {
    held |= (words[i] & mask) << n_held; /* n_held < 8, bits <= 56 */
    n_held += bits;
    guint64 little = GUINT64_TO_LE (held);
    memcpy (at, &little, 8);
    at += n_held / 8;
    held = n_held >= 64 ? 0 : held >> (n_held & ~7u);
    n_held %= 8;
  }
  g_byte_array_append (out, self->bytes, (guint) ((count * bits + 7) / 8));
}

static void
put_plane (OrfChunkInts *self, const guint8 *plane, gsize count, GByteArray *out)
{
  gsize size = ZSTD_compressCCtx (self->compressor, self->packed, self->packed_size, plane, count,
                                  ZSTD_LEVEL);
  if (ZSTD_isError (size) || size + 2 >= count) {
    put_byte (out, PLANE_RAW);
    g_byte_array_append (out, plane, (guint) count);
    return;
  }
  put_byte (out, PLANE_ZSTD);
  orf_chunk_put_varint (out, size);
  g_byte_array_append (out, self->packed, (guint) size);
}

void
orf_chunk_ints_put_words (OrfChunkInts *self, const guint64 *words, gsize count, GByteArray *out)
{
  reserve (self, count);
  guint low = choose_low_bits (words, count);
  guint64 all = 0;
  for (gsize i = 0; i < count; i++)
    all |= words[i];
  guint n_planes = get_width (all) > low ? (get_width (all) - low + 7) / 8 : 0;

  put_byte (out, (guint8) low);
  put_byte (out, (guint8) n_planes);
  if (low > 0)
    put_low_bits (self, words, count, low, out);
  for (guint plane = 0; plane < n_planes; plane++) {
    guint shift = low + 8 * plane;
    if ((all >> shift & 0xff) == 0) {
      put_byte (out, PLANE_ZERO);
      continue;
    }
    for (gsize i = 0; i < count; i++)
      self->bytes[i] = (guint8) (words[i] >> shift);
    put_plane (self, self->bytes, count, out);
  }
}

static gboolean
take_low_bits (OrfChunkInts *self, OrfChunkReader *in, guint bits, guint64 *words, gsize count)
{
  const guint8 *bytes;
  gsize length = (count * bits + 7) / 8;
  guint64 mask = (G_GUINT64_CONSTANT (1) << bits) - 1;

  if (!orf_chunk_reader_take (in, length, &bytes))
    return FALSE;
  if ((gsize) (in->end - bytes) < length + SLACK_BYTES) { /* the last loads would leave the chunk */
    memcpy (self->bytes, bytes, length);
    memset (self->bytes + length, 0, SLACK_BYTES);
    bytes = self->bytes;
  }
  for (gsize i = 0, bit = 0; i < count; i++, bit += bits)
    words[i] = load_64 (bytes + bit / 8) >> (bit % 8) & mask;
  return TRUE;
}

static gboolean
take_plane (OrfChunkInts *self, OrfChunkReader *in, guint shift, guint64 *words, gsize count)
{
  const guint8 *kind, *bytes;
  guint64 size;

  if (!orf_chunk_reader_take (in, 1, &kind) || *kind > PLANE_ZSTD)
    return FALSE;
  if (*kind == PLANE_ZERO)
    return TRUE;
  if (*kind == PLANE_RAW && !orf_chunk_reader_take (in, count, &bytes))
    return FALSE;
  if (*kind == PLANE_ZSTD) {
    if (!orf_chunk_reader_take_varint (in, &size) || !orf_chunk_reader_take (in, size, &bytes) ||
        ZSTD_decompressDCtx (self->decompressor, self->bytes, count, bytes, size) != count)
      return FALSE;
    bytes = self->bytes;
  }
  for (gsize i = 0; i < count; i++)
    words[i] |= (guint64) bytes[i] << shift;
  return TRUE;
}

gboolean
orf_chunk_ints_take_words (OrfChunkInts *self, OrfChunkReader *in, guint64 *words, gsize count)
{
  const guint8 *shape;

  if (!orf_chunk_reader_take (in, 2, &shape))
    return FALSE;
  guint low = shape[0], n_planes = shape[1];
  if (low > MAX_LOW_BITS || (n_planes > 0 && low + 8 * (n_planes - 1) >= 64))
    return FALSE;
  reserve (self, count);
  if (low == 0)
    memset (words, 0, count * sizeof *words);
  else if (!take_low_bits (self, in, low, words, count))
    return FALSE;
  for (guint plane = 0; plane < n_planes; plane++)
    if (!take_plane (self, in, low + 8 * plane, words, count))
      return FALSE;
  return TRUE;
}

/* Most are short, and a short division takes a fraction of the time. */
static guint64
divide (guint64 a, guint64 b, guint64 *rest)
{
  if (((a | b) >> 32) == 0) {
    *rest = (guint32) a % (guint32) b;
    return (guint32) a / (guint32) b;
  }
  *rest = a % b;
  return a / b;
}

static guint64
get_distance (gint64 a, gint64 b)
{
  return a >= b ? (guint64) a - (guint64) b : (guint64) b - (guint64) a;
}

/* 0 where all are equal */
static guint64
find_divisor (const gint64 *x, gsize count)
{
  guint64 divisor = 0, last = 0;

  for (gsize i = 1; i < count && divisor != 1; i++) {
    guint64 a = get_distance (x[i], x[i - 1]), rest;
    if (a == last) /* steady times: no division at all */
      continue;
    last = a;
    while (a != 0) {
      divide (divisor, a, &rest);
      divisor = a;
      a = rest;
    }
  }
  return divisor;
}

/* Differences from the first one, in units of the divisor. */
static void
scale_column (const gint64 *x, gsize count, guint64 divisor, guint64 *scaled)
{
  guint64 last = 0, step = 0, rest;

  scaled[0] = 0;
  if (divisor == 1) {
    for (gsize i = 1; i < count; i++)
      scaled[i] = (guint64) x[i] - (guint64) x[0];
    return;
  }
  for (gsize i = 1; i < count; i++) {
    guint64 distance = get_distance (x[i], x[i - 1]);
    if (distance != last)
      step = divide (distance, divisor, &rest);
    last = distance;
    scaled[i] = x[i] >= x[i - 1] ? scaled[i - 1] + step : scaled[i - 1] - step;
  }
}

/* A loop for each predictor: choosing within the loop took half of the encoder's time. */
static void
predict (guint predictor, const guint64 *x, gsize count, guint64 base, guint64 *errors)
{
  guint shift = predictor < PREDICT_EWMA ? 0 : 2 * (predictor - PREDICT_EWMA) + 1;
  guint64 sum = base << shift;

  switch (predictor) {
  case PREDICT_BASE:
    for (gsize i = 0; i < count; i++)
      errors[i] = x[i] - base;
    break;
  case PREDICT_DELTA:
    errors[0] = x[0] - base;
    for (gsize i = 1; i < count; i++)
      errors[i] = x[i] - x[i - 1];
    break;
  case PREDICT_DELTA_OF_DELTA:
    errors[0] = x[0] - base;
    for (gsize i = 1; i < count; i++)
      errors[i] = x[i] - x[i - 1] - (x[i - 1] - (i > 1 ? x[i - 2] : base));
    break;
  default:
    for (gsize i = 0; i < count; i++) {
      errors[i] = x[i] - (guint64) ((gint64) sum >> shift);
      sum += errors[i];
    }
  }
}

static void
restore (guint predictor, guint64 *x, gsize count, guint64 base)
{
  guint shift = predictor < PREDICT_EWMA ? 0 : 2 * (predictor - PREDICT_EWMA) + 1;
  guint64 last = base, step = 0, sum = base << shift;

  switch (predictor) {
  case PREDICT_BASE:
    for (gsize i = 0; i < count; i++)
      x[i] += base;
    break;
  case PREDICT_DELTA:
    for (gsize i = 0; i < count; i++)
      x[i] = last += x[i];
    break;
  case PREDICT_DELTA_OF_DELTA:
    for (gsize i = 0; i < count; i++)
      x[i] = last += step += x[i];
    break;
  default:
    for (gsize i = 0; i < count; i++) {
      guint64 error = x[i];
      x[i] = error + (guint64) ((gint64) sum >> shift);
      sum += error;
    }
  }
}

/* The predictor whose errors are shortest over the first points; leaves all its errors in
 * self->best. */
static guint
choose_predictor (OrfChunkInts *self, gsize count, guint64 base)
{
  guint64 least = G_MAXUINT64;
  guint chosen = PREDICT_BASE;
  gsize n_tried = MIN (count, N_TRIED);

  for (guint predictor = 0; predictor < N_PREDICTORS; predictor++) {
    guint64 cost = 0;
    predict (predictor, self->scaled, n_tried, predictor == PREDICT_BASE ? base : 0, self->best);
    for (gsize i = 0; i < n_tried; i++)
      cost += get_width (fold_sign (self->best[i]));
    if (cost < least) {
      least = cost;
      chosen = predictor;
    }
  }
  predict (chosen, self->scaled, count, chosen == PREDICT_BASE ? base : 0, self->best);
  return chosen;
}

/* Errors become unsigned: above the least one where that is no wider (counters), else sign folded.
 */
static guint64
make_unsigned (guint64 *errors, gsize count, gboolean *folded)
{
  gint64 least = (gint64) errors[0], most = (gint64) errors[0];
  guint64 widest = 0;
  for (gsize i = 0; i < count; i++) {
    least = MIN (least, (gint64) errors[i]);
    most = MAX (most, (gint64) errors[i]);
    widest |= fold_sign (errors[i]);
  }
  *folded = get_width ((guint64) most - (guint64) least) >= get_width (widest);
  for (gsize i = 0; i < count; i++)
    errors[i] = *folded ? fold_sign (errors[i]) : errors[i] - (guint64) least;
  return *folded ? 0 : (guint64) least;
}

void
orf_chunk_ints_put_column (OrfChunkInts *self, const gint64 *x, gsize count, GByteArray *out)
{
  gboolean folded;

  reserve (self, count);
  guint64 divisor = find_divisor (x, count);
  orf_chunk_put_varint (out, fold_sign ((guint64) x[0]));
  orf_chunk_put_varint (out, divisor);
  if (divisor == 0)
    return;
  scale_column (x, count, divisor, self->scaled);
  double mean = 0;
  for (gsize i = 0; i < count; i++)
    mean += (double) (gint64) self->scaled[i] / (double) count;
  guint64 base = ABS (mean) < 9e18 ? (guint64) (gint64) mean : 0;
  guint predictor = choose_predictor (self, count, base);
  if (predictor != PREDICT_BASE)
    base = 0;
  guint64 least = make_unsigned (self->best, count, &folded);
  put_byte (out, (guint8) (predictor | (folded ? 0x80 : 0)));
  orf_chunk_put_varint (out, fold_sign (base));
  if (!folded)
    orf_chunk_put_varint (out, fold_sign (least));
  orf_chunk_ints_put_words (self, self->best, count, out);
}

gboolean
orf_chunk_ints_take_column (OrfChunkInts *self, OrfChunkReader *in, gint64 *x, gsize count)
{
  guint64 first, divisor, base, least = 0, *words = (guint64 *) x;
  const guint8 *kind;

  if (!orf_chunk_reader_take_varint (in, &first) || !orf_chunk_reader_take_varint (in, &divisor))
    return FALSE;
  first = unfold_sign (first);
  if (divisor == 0) {
    for (gsize i = 0; i < count; i++)
      words[i] = first;
    return TRUE;
  }
  if (!orf_chunk_reader_take (in, 1, &kind) || (*kind & 0x7f) >= N_PREDICTORS ||
      !orf_chunk_reader_take_varint (in, &base) ||
      (!(*kind & 0x80) && !orf_chunk_reader_take_varint (in, &least)) ||
      !orf_chunk_ints_take_words (self, in, words, count))
    return FALSE;
  least = unfold_sign (least);
  if (*kind & 0x80)
    for (gsize i = 0; i < count; i++)
      words[i] = unfold_sign (words[i]);
  else
    for (gsize i = 0; i < count; i++)
      words[i] += least;
  restore (*kind & 0x7f, words, count, unfold_sign (base));
  for (gsize i = 0; i < count; i++)
    words[i] = words[i] * divisor + first;
  return TRUE;
}
