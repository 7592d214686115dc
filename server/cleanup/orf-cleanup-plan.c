/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cleanup/orf-cleanup-plan.h"

#include <string.h>

#include "core/orf-format.h"

/* A turn is an answer and a window of quiet behind it. */
#define MIN_TURN_US 500000
/* An answer that takes a while, and room for a fall that comes late. */
#define GOOD_TURN_US 1000000
/* A share that is as good as the whole is not worth a word. */
#define GOOD_SHARE 0.95

static const struct {
  const char *word;
  OrfCleanupAbility ability;
} abilities[] = {
  { "trim", ORF_CLEANUP_CAN_TRIM },
  { "shrink", ORF_CLEANUP_CAN_SHRINK },
  { "unload", ORF_CLEANUP_CAN_UNLOAD },
};

void
orf_cleanup_step_free (OrfCleanupStep *step)
{
  if (step == NULL)
    return;
  g_free (step->reason);
  g_free (step);
}

guint
orf_cleanup_parse_abilities (const char *const *capabilities)
{
  guint found = 0;

  for (guint i = 0; capabilities != NULL && capabilities[i] != NULL; i++) {
    for (guint k = 0; k < G_N_ELEMENTS (abilities); k++) {
      if (strcmp (capabilities[i], abilities[k].word) == 0)
        found |= abilities[k].ability;
    }
  }
  return found;
}

/* Which abilities a level asks for. */
static guint
get_wanted (OrfCleanupLevel level)
{
  switch (level) {
  case ORF_CLEANUP_LEVEL_LIGHT:
    return ORF_CLEANUP_CAN_TRIM;
  case ORF_CLEANUP_LEVEL_AGGRESSIVE:
    return ORF_CLEANUP_CAN_TRIM | ORF_CLEANUP_CAN_SHRINK | ORF_CLEANUP_CAN_UNLOAD;
  case ORF_CLEANUP_LEVEL_UNSET:
  case ORF_CLEANUP_LEVEL_NORMAL:
  case ORF_CLEANUP_LEVEL_N:
  default:
    return ORF_CLEANUP_CAN_TRIM | ORF_CLEANUP_CAN_SHRINK;
  }
}

/* Idle parts of blocks that are partly in use cannot go back to the device by themselves. */
static gint64
get_idle_bytes (const OrfCleanupCandidate *candidate, guint can)
{
  gint64 idle = candidate->reserved_bytes - candidate->allocated_bytes;

  if (candidate->reserved_bytes < 0)
    return -1;
  if ((can & ORF_CLEANUP_CAN_UNLOAD) != 0)
    return candidate->reserved_bytes;
  if (candidate->allocated_bytes < 0)
    return -1;
  if (candidate->inactive_split_bytes > 0)
    idle -= candidate->inactive_split_bytes;
  return MAX (idle, 0);
}

static char *
explain_idle (const OrfCleanupStep *step, guint can, double share)
{
  g_autofree char *idle = orf_format_bytes ((double) step->idle_bytes);
  const char *what = (can & ORF_CLEANUP_CAN_UNLOAD) != 0 ? "held, and it can unload" : "held idle";

  if (step->idle_bytes == 0)
    return g_strdup ("holds nothing idle by its last report");
  if (share >= GOOD_SHARE)
    return g_strdup_printf ("%s %s", idle, what);
  return g_strdup_printf ("%s %s; in past cleanups %.0f %% of what it promised came", idle, what,
                          100 * share);
}

static char *
explain_unknown (const OrfCleanupStep *step)
{
  g_autofree char *freed = NULL;

  if (step->expected_bytes < 0)
    return g_strdup ("does not report what it holds, and was never measured");
  freed = orf_format_bytes ((double) step->expected_bytes);
  return g_strdup_printf ("does not report what it holds; past cleanups brought %s", freed);
}

static OrfCleanupStep *
make_step (const OrfCleanupCandidate *candidate, guint index, guint wanted)
{
  OrfCleanupStep *step = g_new0 (OrfCleanupStep, 1);
  guint can = candidate->abilities != 0 ? candidate->abilities : ORF_CLEANUP_CAN_TRIM;
  double share = orf_honesty_get_share (&candidate->honesty);

  step->candidate = index;
  step->idle_bytes = step->expected_bytes = -1;
  if (!candidate->is_there) {
    step->reason = g_strdup ("does not listen");
  } else if ((can & wanted) == 0) {
    step->reason = g_strdup ("can do nothing that this level asks for");
  } else {
    can &= wanted;
    step->asked = TRUE;
    step->idle_bytes = get_idle_bytes (candidate, can);
    step->expected_bytes = step->idle_bytes >= 0
                             ? (gint64) ((double) step->idle_bytes * share)
                             : orf_honesty_get_freed_bytes (&candidate->honesty);
    step->reason = step->idle_bytes >= 0 ? explain_idle (step, can, share) : explain_unknown (step);
  }
  return step;
}

/* Of whom nothing is known may have much: before those who say that they have nothing. */
static gint64
get_rank (const OrfCleanupStep *step)
{
  return step->expected_bytes < 0 ? 1 : 2 * step->expected_bytes;
}

static gint
compare_steps (gconstpointer a, gconstpointer b, gpointer candidates_data)
{
  const OrfCleanupStep *left = *(const OrfCleanupStep *const *) a;
  const OrfCleanupStep *right = *(const OrfCleanupStep *const *) b;
  const OrfCleanupCandidate *candidates = candidates_data;
  gint64 left_rank = get_rank (left), right_rank = get_rank (right);
  gint64 left_no = candidates[left->candidate].no, right_no = candidates[right->candidate].no;

  if (left->asked != right->asked)
    return left->asked ? -1 : 1;
  if (left_rank != right_rank)
    return left_rank > right_rank ? -1 : 1;
  return (left_no > right_no) - (left_no < right_no);
}

GPtrArray *
orf_cleanup_plan (const OrfCleanupCandidate *candidates, guint n_candidates, OrfCleanupLevel level)
{
  GPtrArray *steps = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_cleanup_step_free);
  guint wanted = get_wanted (level);

  for (guint i = 0; i < n_candidates; i++)
    g_ptr_array_add (steps, make_step (&candidates[i], i, wanted));
  g_ptr_array_sort_with_data (steps, compare_steps, (gpointer) candidates);
  return steps;
}

gint64
orf_cleanup_share_us (gint64 left_us, guint n_left)
{
  gint64 share_us = left_us / MAX (n_left, 1);

  return MIN (MAX (share_us, MIN_TURN_US), MAX (left_us, 0));
}

guint
orf_cleanup_choose_width (gint64 left_us, guint n_left)
{
  gint64 n_rounds = MAX (left_us / GOOD_TURN_US, 1);

  return MAX ((guint) ((n_left + n_rounds - 1) / n_rounds), 1);
}
