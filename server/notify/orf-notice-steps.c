/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notify/orf-notice-steps.h"

static void
change_free (gpointer data)
{
  OrfNoticeChange *change = data;

  orf_notice_free (change->notice);
  g_free (change->reason);
  g_free (change);
}

GPtrArray *
orf_notice_changes_new (void)
{
  return g_ptr_array_new_with_free_func (change_free);
}

void
orf_notice_change_add (GPtrArray *changes,
                       const OrfNotice *notice,
                       OrfNoticeState state,
                       gboolean is_final,
                       char *reason)
{
  OrfNoticeChange *change = g_new0 (OrfNoticeChange, 1);

  *change = (OrfNoticeChange){ orf_notice_copy (notice), state, reason, is_final };
  g_ptr_array_add (changes, change);
}

OrfNoticeSteps *
orf_notice_steps_new (GPtrArray *changes)
{
  OrfNoticeSteps *steps = g_new0 (OrfNoticeSteps, 1);

  steps->posts = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_notice_post_free);
  steps->changes = changes;
  steps->repeats = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_notice_free);
  steps->next_us = G_MAXINT64;
  return steps;
}

void
orf_notice_steps_free (OrfNoticeSteps *steps)
{
  g_ptr_array_unref (steps->posts);
  g_ptr_array_unref (steps->changes);
  g_ptr_array_unref (steps->repeats);
  g_free (steps);
}
