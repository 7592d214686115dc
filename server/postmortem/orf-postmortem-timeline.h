/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "postmortem/orf-postmortem-facts.h"

G_BEGIN_DECLS

/* The time line, when all sections are there: what values of series tell (pressure, nodes that were
 * away, workers that ran out of memory, operations that became worse, gaps) comes among what the
 * tables tell; by time; and what weighs least goes where there is too much.  Pure. */
void orf_postmortem_timeline_finish (OrfPostmortemFacts *facts);

/* It is one of the things that go wrong: not what somebody did, nor what is only foretold. */
gboolean orf_postmortem_moment_is_trouble (const OrfPostmortemMoment *moment);

G_END_DECLS
