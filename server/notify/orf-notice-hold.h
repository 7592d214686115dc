/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "notify/orf-notice.h"

G_BEGIN_DECLS

/*
 * What holds a telling back: silences, and other alerts that fire.  Pure; the answers depend on no
 * hash table's order.
 */
typedef struct _OrfNoticeHold OrfNoticeHold;

typedef struct {
  gint64 id;
  OrfSelector *matchers;
  gint64 from_us, until_us;
} OrfNoticeSilence;

/* INVALID_ARGUMENT with the field select: matchers are no selector. */
OrfNoticeSilence *orf_notice_silence_new (
  gint64 id, const char *matchers, gint64 from_us, gint64 until_us, GError **error);
void orf_notice_silence_free (OrfNoticeSilence *silence);

OrfNoticeHold *orf_notice_hold_new (void);
void orf_notice_hold_free (OrfNoticeHold *hold);

/* Takes silences, of OrfNoticeSilence. */
void orf_notice_hold_set_silences (OrfNoticeHold *hold, GPtrArray *silences);
/* The first by id that is in force and matches; NULL: none. */
const OrfNoticeSilence *orf_notice_hold_find_silence (const OrfNoticeHold *hold,
                                                      const OrfNoticeAlert *alert,
                                                      gint64 now_us);

/* From now on it fires, or fires no more; alert is referred to. */
void orf_notice_hold_add_firing (OrfNoticeHold *hold, OrfNoticeAlert *alert);
void orf_notice_hold_remove_firing (OrfNoticeHold *hold, const OrfNoticeAlert *alert);
/* The one of the rules in inhibited_by, by their order, that has fired longest and whose labels
 * agree; NULL: none. */
const OrfNoticeAlert *
orf_notice_hold_find_inhibitor (const OrfNoticeHold *hold, const OrfNoticeAlert *alert);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfNoticeSilence, orf_notice_silence_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfNoticeHold, orf_notice_hold_free)

G_END_DECLS
