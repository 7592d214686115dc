/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "notify/orf-notice.h"

G_BEGIN_DECLS

/* What a plan says is to be done now.  Values. */

typedef struct {
  OrfNotice *notice;
  OrfNoticeState state;
  char *reason;
  gboolean is_final; /* nothing more becomes of it */
} OrfNoticeChange;

typedef struct {
  GPtrArray *posts;   /* OrfNoticePost, to be posted in this order */
  GPtrArray *changes; /* OrfNoticeChange of notices that are not posted, in order */
  GPtrArray *repeats; /* OrfNotice without rows: once they have some, the plan is told of them */
  gint64 next_us;     /* G_MAXINT64: time alone changes nothing */
} OrfNoticeSteps;

void orf_notice_steps_free (OrfNoticeSteps *steps);

OrfNoticeSteps *orf_notice_steps_new (GPtrArray *changes);

GPtrArray *orf_notice_changes_new (void);
/* Copies notice and takes reason. */
void orf_notice_change_add (GPtrArray *changes,
                            const OrfNotice *notice,
                            OrfNoticeState state,
                            gboolean is_final,
                            char *reason);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfNoticeSteps, orf_notice_steps_free)

G_END_DECLS
