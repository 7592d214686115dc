/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <orfeas/cache.h>

#include "orf-demo-options.h"

/* Answers to requests, kept in the daemon's cache: a few questions come again and again, most come
 * seldom, as with users.  Of one thread. */
typedef struct _OrfDemoAnswers OrfDemoAnswers;

/* NULL with an error.  Options are borrowed. */
OrfDemoAnswers *orf_demo_answers_new (const OrfDemoOptions *options, GError **error);
void orf_demo_answers_free (OrfDemoAnswers *answers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfDemoAnswers, orf_demo_answers_free)

/* n requests, each of which would take cost_us to answer anew.  A cache that is away is a miss. */
void orf_demo_answers_serve (OrfDemoAnswers *answers, guint64 n, gint64 cost_us);
