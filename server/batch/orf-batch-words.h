/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "batch/orf-batch-advice.h"

G_BEGIN_DECLS

/* What an advice rests on, in a sentence without its full stop. */
char *orf_batch_words_explain (const OrfBatchAdvice *advice,
                               gint64 budget_bytes,
                               double headroom_percent,
                               gint64 p99_us);

G_END_DECLS
