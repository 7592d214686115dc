/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "forecast/orf-leak-watch.h"
#include "stats/orf-state-blob.h"

#include <math.h>
#include <string.h>

G_STATIC_ASSERT (sizeof (OrfLeakWatch) <= 384);

/* A longer pause than this many steps is a gap: its rows are there, and empty. */
#define GAP_STEPS 3
/* A pause longer than all that was seen says that little is known: begin anew.  A shorter one never
 * costs more than this many rows of work. */
#define MAX_GAP_ROWS 100000

#define OLDEST (ORF_LEAK_LEVELS - 1)

void
orf_leak_watch_init (OrfLeakWatch *watch, gint64 step_us, gboolean falling)
{
  memset (watch, 0, sizeof *watch);
  watch->step_us = (gfloat) step_us;
  watch->falling = falling != FALSE;
  watch->before = NAN;
  watch->old_width = 1 << OLDEST;
}

/* ---- spreads in 16 bits ---------------------------------------------------------------------- */

/* The upper half of a float, rounded up: a spread that is told is never less than it was. */
static guint16
pack_spread (gfloat spread)
{
  guint32 bits;

  if (!(spread > 0))
    return 0;
  memcpy (&bits, &spread, sizeof bits);
  bits += 0xffff;
  return (guint16) MIN (bits >> 16, 0x7f7f);
}

gfloat
orf_leak_watch_unpack (guint16 packed)
{
  guint32 bits = (guint32) packed << 16;
  gfloat spread;

  memcpy (&spread, &bits, sizeof spread);
  return spread;
}

/* With its sign, rounded to the nearest. */
static guint16
pack_drift (gfloat drift)
{
  guint32 bits;

  memcpy (&bits, &drift, sizeof bits);
  return isnan (drift) ? 0x7fff : (guint16) ((bits + 0x8000) >> 16);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static const OrfLeakBlock no_rows = { .middle = NAN };

/* The median of up to ORF_LEAK_ROWS rows, and their ends. */
static OrfLeakBlock
make_block (const gfloat *rows, guint n)
{
  gfloat sorted[ORF_LEAK_ROWS];
  guint count = 0;
  gfloat middle;

  for (guint i = 0; i < n; i++) {
    guint at = count;

    if (isnan (rows[i]))
      continue;
    for (; at > 0 && sorted[at - 1] > rows[i]; at--)
      sorted[at] = sorted[at - 1];
    sorted[at] = rows[i];
    count++;
  }
  if (count == 0)
    return no_rows;
  middle = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
  return (OrfLeakBlock){ .middle = middle,
                         .down = pack_spread (middle - sorted[0]),
                         .up = pack_spread (sorted[count - 1] - middle) };
}

static gfloat
get_least (const OrfLeakBlock *block)
{
  return block->middle - orf_leak_watch_unpack (block->down);
}

static gfloat
get_most (const OrfLeakBlock *block)
{
  return block->middle + orf_leak_watch_unpack (block->up);
}

static OrfLeakBlock
join_blocks (const OrfLeakBlock *a, const OrfLeakBlock *b)
{
  gfloat middle, least, most;

  if (isnan (a->middle))
    return *b;
  if (isnan (b->middle))
    return *a;
  middle = a->middle + (b->middle - a->middle) / 2;
  least = MIN (get_least (a), get_least (b));
  most = MAX (get_most (a), get_most (b));
  return (OrfLeakBlock){ .middle = middle,
                         .down = pack_spread (middle - least),
                         .up = pack_spread (most - middle) };
}

/* A block of the oldest level, of two narrow ones or of two of its own: what its narrow blocks'
 * lows came to at most is its middle. */
static OrfLeakBlock
join_lows (const OrfLeakBlock *a, gfloat low_a, const OrfLeakBlock *b, gfloat low_b)
{
  gfloat middle, least, most;

  if (isnan (a->middle) && isnan (b->middle))
    return no_rows;
  middle = fmaxf (low_a, low_b);
  least = fminf (get_least (a), get_least (b));
  most = fmaxf (get_most (a), get_most (b));
  return (OrfLeakBlock){ .middle = middle,
                         .down = pack_spread (middle - least),
                         .up = pack_spread (most - middle) };
}

static OrfLeakBlock
join_old (const OrfLeakBlock *a, const OrfLeakBlock *b)
{
  return join_lows (a, a->middle, b, b->middle);
}

/* The oldest level keeps all that was ever seen: when it is full, its blocks are joined in pairs.
 */
static void
age_oldest (OrfLeakWatch *watch, const OrfLeakBlock *block)
{
  OrfLeakBlock *blocks = watch->blocks + OLDEST * ORF_LEAK_LEVEL_BLOCKS;
  guint per_block = watch->old_width >> OLDEST;

  if (watch->old_filled > 0 && watch->old_filled < per_block) {
    OrfLeakBlock *newest = blocks + watch->counts[OLDEST] - 1;

    *newest = join_old (newest, block);
    watch->old_filled++;
    return;
  }
  if (watch->counts[OLDEST] == ORF_LEAK_OLD_BLOCKS && watch->old_width < 0x8000) {
    for (guint i = 0; i < ORF_LEAK_OLD_BLOCKS / 2; i++)
      blocks[i] = join_old (blocks + 2 * i, blocks + 2 * i + 1);
    watch->counts[OLDEST] = ORF_LEAK_OLD_BLOCKS / 2;
    watch->old_width *= 2;
  } else if (watch->counts[OLDEST] == ORF_LEAK_OLD_BLOCKS) {
    memmove (blocks, blocks + 1, (ORF_LEAK_OLD_BLOCKS - 1) * sizeof *blocks);
    watch->counts[OLDEST]--;
  }
  blocks[watch->counts[OLDEST]++] = *block;
  watch->old_filled = 1;
}

static gfloat
middle_of_three (gfloat a, gfloat b, gfloat c)
{
  if (isnan (a) || isnan (b))
    return isnan (a) ? b : a;
  if (isnan (c))
    return (a + b) / 2;
  return fmaxf (fminf (a, b), fminf (fmaxf (a, b), c));
}

/* A block of the next level: of two, and for its drift of the one before it as well, so that a jump
 * in one of two is not taken for a drift. */
static void
age_pair (OrfLeakWatch *watch, guint level, OrfLeakBlock *aged, gfloat *drift)
{
  OrfLeakBlock *blocks = watch->blocks + level * ORF_LEAK_LEVEL_BLOCKS;
  guint16 *drifts = watch->drifts + level * ORF_LEAK_LEVEL_BLOCKS;
  gfloat before = NAN;

  if (level + 1 < OLDEST) {
    if (watch->counts[level + 1] > 0)
      before = orf_leak_watch_unpack (drifts[ORF_LEAK_LEVEL_BLOCKS + watch->counts[level + 1] - 1]);
    *aged = join_blocks (blocks, blocks + 1);
  } else {
    *aged = join_lows (blocks, get_least (blocks), blocks + 1, get_least (blocks + 1));
  }
  *drift = middle_of_three (orf_leak_watch_unpack (drifts[0]), orf_leak_watch_unpack (drifts[1]),
                            before);
}

static void
add_block (OrfLeakWatch *watch, OrfLeakBlock block, gfloat drift)
{
  for (guint level = 0; level < OLDEST; level++) {
    OrfLeakBlock *blocks = watch->blocks + level * ORF_LEAK_LEVEL_BLOCKS, aged;
    guint16 *drifts = watch->drifts + level * ORF_LEAK_LEVEL_BLOCKS;
    gfloat aged_drift;

    if (watch->counts[level] < ORF_LEAK_LEVEL_BLOCKS) {
      drifts[watch->counts[level]] = pack_drift (drift);
      blocks[watch->counts[level]++] = block;
      return;
    }
    age_pair (watch, level, &aged, &aged_drift);
    memmove (blocks, blocks + 2, (ORF_LEAK_LEVEL_BLOCKS - 2) * sizeof *blocks);
    memmove (drifts, drifts + 2, (ORF_LEAK_LEVEL_BLOCKS - 2) * sizeof *drifts);
    blocks[ORF_LEAK_LEVEL_BLOCKS - 2] = block;
    drifts[ORF_LEAK_LEVEL_BLOCKS - 2] = pack_drift (drift);
    watch->counts[level] = ORF_LEAK_LEVEL_BLOCKS - 1;
    block = aged;
    drift = aged_drift;
  }
  age_oldest (watch, &block);
}

/* The median move from row to row; NAN: less than two moves are known. */
static gfloat
get_drift (gfloat before, const gfloat *rows)
{
  gfloat moves[ORF_LEAK_ROWS];
  guint n = 0;

  for (guint i = 0; i < ORF_LEAK_ROWS; i++) {
    gfloat move = rows[i] - before;
    guint at = n;

    before = rows[i];
    if (isnan (move))
      continue;
    for (; at > 0 && moves[at - 1] > move; at--)
      moves[at] = moves[at - 1];
    moves[at] = move;
    n++;
  }
  return n < 2 ? NAN : (moves[(n - 1) / 2] + moves[n / 2]) / 2;
}

static void
add_row (OrfLeakWatch *watch, gfloat value)
{
  watch->pending[watch->n_pending++] = value;
  watch->n_rows++;
  if (watch->n_pending == ORF_LEAK_ROWS) {
    watch->n_pending = 0;
    add_block (watch, make_block (watch->pending, ORF_LEAK_ROWS),
               get_drift (watch->before, watch->pending));
    watch->before = watch->pending[ORF_LEAK_ROWS - 1];
  }
}

OrfLeakBlock
orf_leak_watch_get_pending (const OrfLeakWatch *watch)
{
  return make_block (watch->pending, watch->n_pending);
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* The rows that are missing before one at t_us; FALSE: too many to keep what was. */
static gboolean
fill_gap (OrfLeakWatch *watch, gint64 t_us)
{
  gdouble steps = (gdouble) (t_us - watch->last_us) / (gdouble) watch->step_us;

  if (steps <= GAP_STEPS)
    return TRUE;
  if (steps > MAX_GAP_ROWS || steps > watch->n_rows + 1.0)
    return FALSE;
  for (guint missing = (guint) (steps + 0.5) - 1; missing > 0; missing--)
    add_row (watch, NAN);
  return TRUE;
}

void
orf_leak_watch_push (OrfLeakWatch *watch, gint64 t_us, gdouble value)
{
  if (watch->n_rows > 0 && t_us <= watch->last_us)
    return;
  if (watch->n_rows > 0 && !fill_gap (watch, t_us))
    orf_leak_watch_init (watch, (gint64) watch->step_us, watch->falling);
  /* What cannot be told apart in a float from one another is no value for us. */
  if (!isfinite (value) || fabs (value) > 1e37)
    value = NAN;
  if (watch->n_rows == 0) {
    if (isnan (value))
      return;
    watch->origin = value;
    watch->first_us = t_us;
  }
  value = watch->falling ? watch->origin - value : value - watch->origin;
  watch->last_us = t_us;
  add_row (watch, (gfloat) value);
}

gboolean
orf_leak_watch_is_valid (const OrfLeakWatch *watch)
{
  for (guint level = 0; level < OLDEST; level++)
    if (watch->counts[level] > ORF_LEAK_LEVEL_BLOCKS)
      return FALSE;
  if (watch->counts[OLDEST] > ORF_LEAK_OLD_BLOCKS || watch->n_pending >= ORF_LEAK_ROWS)
    return FALSE;
  if (watch->old_width < 1 << OLDEST || watch->old_filled > watch->old_width >> OLDEST)
    return FALSE;
  if (!orf_state_is_time (watch->first_us) || !orf_state_is_time (watch->last_us) ||
      watch->first_us > watch->last_us)
    return FALSE;
  return isfinite (watch->origin) && watch->step_us >= 1 &&
         watch->step_us <= (gfloat) ORF_STATE_MAX_TIME_US;
}
