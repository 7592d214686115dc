/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "history/orf-sketch.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "history/orf-chunk-ints.h"
#include "orf-error.h"

#define VERSION 1
/* Bucket i holds the values above GAMMA^(i-1), up to GAMMA^i. */
#define GAMMA ((1 + ORF_SKETCH_ACCURACY) / (1 - ORF_SKETCH_ACCURACY))
/* Side by side: with 1 % they span a factor of 6e17, say 10 ns to 190 years. */
#define MAX_BUCKETS 2048
/* No double that is not subnormal lies in a bucket beyond. */
#define MAX_INDEX 35500
/* Values told by stored bytes; as many sums of such as a file can have do not overflow. */
#define MAX_COUNT (G_GUINT64_CONSTANT (1) << 53)
/* Buckets that a growing array grows by. */
#define GROWTH 64
/* A varint of 64 bits. */
#define VARINT_MAX_BYTES 10

enum {
  HAS_ZERO = 1,
  HAS_POSITIVE = 2,
  HAS_NEGATIVE = 4,
  HAS_INFINITE = 8,
};

/* The values of one sign.  Below the highest MAX_BUCKETS, all are in the lowest bucket. */
typedef struct {
  guint64 *counts;
  int first; /* the bucket of counts[0] */
  int n_counts;
  int low, high; /* the outermost buckets in use; of nothing where total is 0 */
  guint64 total;
} Side;

struct _OrfSketch {
  Side positive, negative;
  guint64 n_zero; /* and what is nearer to it than a normal double can be */
  guint64 n_plus_infinite, n_minus_infinite;
};

OrfSketch *
orf_sketch_new (void)
{
  return g_new0 (OrfSketch, 1);
}

void
orf_sketch_free (OrfSketch *self)
{
  g_free (self->positive.counts);
  g_free (self->negative.counts);
  g_free (self);
}

/* Makes low to high fit; what is below low goes to low. */
static void
side_reserve (Side *side, int low, int high)
{
  int needed = high - low + 1;
  int n_counts = MIN ((needed + GROWTH - 1) / GROWTH * GROWTH, MAX_BUCKETS);
  int first = low - (n_counts - needed) / 2;
  guint64 *counts = g_new0 (guint64, n_counts);

  if (side->total > 0)
    for (int i = side->low; i <= side->high; i++)
      counts[MAX (i, low) - first] += side->counts[i - side->first];
  g_free (side->counts);
  side->counts = counts;
  side->first = first;
  side->n_counts = n_counts;
}

static void
side_add (Side *side, int index, guint64 count)
{
  int low = side->total > 0 ? MIN (side->low, index) : index;
  int high = side->total > 0 ? MAX (side->high, index) : index;

  low = MAX (low, high - MAX_BUCKETS + 1);
  if (low < side->first || high >= side->first + side->n_counts)
    side_reserve (side, low, high);
  side->low = low;
  side->high = high;
  side->counts[MAX (index, low) - side->first] += count;
  side->total += count;
}

static void
side_merge (Side *side, const Side *other)
{
  if (other->total == 0)
    return;
  /* From the top, so that nothing is made room for that would go to the lowest bucket. */
  for (int i = other->high; i >= other->low; i--)
    if (other->counts[i - other->first] > 0)
      side_add (side, i, other->counts[i - other->first]);
}

/* Half-way in the sense of relative error. */
static double
get_value (int index)
{
  return MIN (exp (index * log (GAMMA) + log (2 / (1 + GAMMA))), G_MAXDOUBLE);
}

/* rank: from 0, of the smallest magnitude. */
static double
side_get (const Side *side, guint64 rank)
{
  guint64 seen = 0;
  int i = side->low;

  for (; i < side->high; i++) {
    seen += side->counts[i - side->first];
    if (seen > rank)
      break;
  }
  return get_value (i);
}

void
orf_sketch_add (OrfSketch *self, double value)
{
  double magnitude = fabs (value);

  if (isnan (value))
    return;
  if (isinf (value))
    *(value > 0 ? &self->n_plus_infinite : &self->n_minus_infinite) += 1;
  else if (magnitude < DBL_MIN)
    self->n_zero++;
  else
    side_add (value > 0 ? &self->positive : &self->negative,
              (int) ceil (log (magnitude) / log (GAMMA)), 1);
}

void
orf_sketch_merge (OrfSketch *self, const OrfSketch *other)
{
  side_merge (&self->positive, &other->positive);
  side_merge (&self->negative, &other->negative);
  self->n_zero += other->n_zero;
  self->n_plus_infinite += other->n_plus_infinite;
  self->n_minus_infinite += other->n_minus_infinite;
}

guint64
orf_sketch_get_count (const OrfSketch *self)
{
  return self->n_minus_infinite + self->negative.total + self->n_zero + self->positive.total +
         self->n_plus_infinite;
}

double
orf_sketch_quantile (const OrfSketch *self, double share)
{
  guint64 count = orf_sketch_get_count (self), rank;

  if (count == 0)
    return NAN;
  rank = (guint64) (CLAMP (share, 0, 1) * (double) (count - 1));
  if (rank < self->n_minus_infinite)
    return -INFINITY;
  rank -= self->n_minus_infinite;
  if (rank < self->negative.total)
    return -side_get (&self->negative, self->negative.total - 1 - rank);
  rank -= self->negative.total;
  if (rank < self->n_zero)
    return 0;
  rank -= self->n_zero;
  if (rank < self->positive.total)
    return side_get (&self->positive, rank);
  return INFINITY;
}

/* ---- bytes --------------------------------------------------------------------------------- */

static guint64
from_signed (int value)
{
  return value < 0 ? 2 * (guint64) -value - 1 : 2 * (guint64) value;
}

static int
to_signed (guint64 word)
{
  return word & 1 ? -(int) (word / 2) - 1 : (int) (word / 2);
}

static guint8 *
write_varint (guint8 *at, guint64 value)
{
  for (; value >= 0x80; value >>= 7)
    *at++ = (guint8) (value | 0x80);
  *at++ = (guint8) value;
  return at;
}

/* Sketches are written for each operation of each batch of spans: room is made once. */
static void
put_side (GByteArray *out, const Side *side)
{
  int n_used = 0, last = side->low - 1;
  guint before = out->len;
  guint8 *at;

  for (int i = side->low; i <= side->high; i++)
    n_used += side->counts[i - side->first] > 0;
  g_byte_array_set_size (out, before + 2 * (guint) (n_used + 1) * VARINT_MAX_BYTES);
  at = write_varint (out->data + before, from_signed (side->low));
  at = write_varint (at, (guint64) n_used);
  for (int i = side->low; i <= side->high; i++) {
    guint64 count = side->counts[i - side->first];

    if (count == 0)
      continue;
    at = write_varint (at, 2 * (guint64) (i - last - 1) + (count > 1));
    if (count > 1)
      at = write_varint (at, count - 2);
    last = i;
  }
  g_byte_array_set_size (out, (guint) (at - out->data));
}

static gboolean
take_count (OrfChunkReader *in, guint64 *count)
{
  return orf_chunk_reader_take_varint (in, count) && *count <= MAX_COUNT;
}

static gboolean
take_bucket (OrfChunkReader *in, Side *side, int *index)
{
  guint64 gap, count = 1;

  if (!orf_chunk_reader_take_varint (in, &gap) || gap / 2 >= MAX_BUCKETS)
    return FALSE;
  *index += (int) (gap / 2) + 1;
  if (gap & 1) {
    if (!take_count (in, &count))
      return FALSE;
    count += 2;
  }
  if (*index > MAX_INDEX || (side->total > 0 && *index - side->low >= MAX_BUCKETS))
    return FALSE;
  side_add (side, *index, count);
  return side->total <= MAX_COUNT;
}

static gboolean
take_side (OrfChunkReader *in, Side *side)
{
  guint64 low, n_used;
  int index;

  if (!orf_chunk_reader_take_varint (in, &low) || low > 2 * MAX_INDEX ||
      !orf_chunk_reader_take_varint (in, &n_used) || n_used < 1 || n_used > MAX_BUCKETS)
    return FALSE;
  index = to_signed (low) - 1;
  for (guint64 i = 0; i < n_used; i++)
    if (!take_bucket (in, side, &index))
      return FALSE;
  return TRUE;
}

GByteArray *
orf_sketch_encode (const OrfSketch *self)
{
  gboolean infinite = self->n_plus_infinite > 0 || self->n_minus_infinite > 0;
  guint8 head[2] = { VERSION, (self->n_zero > 0 ? HAS_ZERO : 0) |
                                (self->positive.total > 0 ? HAS_POSITIVE : 0) |
                                (self->negative.total > 0 ? HAS_NEGATIVE : 0) |
                                (infinite ? HAS_INFINITE : 0) };
  GByteArray *out = g_byte_array_new ();

  g_byte_array_append (out, head, sizeof head);
  if (self->n_zero > 0)
    orf_chunk_put_varint (out, self->n_zero);
  if (self->positive.total > 0)
    put_side (out, &self->positive);
  if (self->negative.total > 0)
    put_side (out, &self->negative);
  if (infinite) {
    orf_chunk_put_varint (out, self->n_plus_infinite);
    orf_chunk_put_varint (out, self->n_minus_infinite);
  }
  return out;
}

static gboolean
take_sketch (OrfChunkReader *in, OrfSketch *self)
{
  const guint8 *head;

  return orf_chunk_reader_take (in, 2, &head) && head[0] == VERSION && head[1] < 2 * HAS_INFINITE &&
         (!(head[1] & HAS_ZERO) || take_count (in, &self->n_zero)) &&
         (!(head[1] & HAS_POSITIVE) || take_side (in, &self->positive)) &&
         (!(head[1] & HAS_NEGATIVE) || take_side (in, &self->negative)) &&
         (!(head[1] & HAS_INFINITE) ||
          (take_count (in, &self->n_plus_infinite) && take_count (in, &self->n_minus_infinite))) &&
         in->at == in->end;
}

OrfSketch *
orf_sketch_decode (const guint8 *data, gsize length, GError **error)
{
  g_autoptr (OrfSketch) self = orf_sketch_new ();
  OrfChunkReader in = { data, data + length };

  if (take_sketch (&in, self))
    return g_steal_pointer (&self);
  g_set_error (error, ORF_ERROR, ORF_ERROR_DATA_LOSS, "%" G_GSIZE_FORMAT " bytes are no sketch",
               length);
  return NULL;
}
