/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-store-cleanups.h"

G_BEGIN_DECLS

/* What is told of a cleanup: its row as gpu.cleanup and gpu.cleanups answer it. */

/* In a sentence or two, of an attempt that has ended. */
char *orf_cleanup_summarize (const OrfCleanupRow *row);

OrfGpuCleanupRecord *orf_cleanup_record_new (const OrfCleanupRow *row);
OrfGpuCleanupResult *orf_cleanup_result_new (const OrfCleanupRow *row);

G_END_DECLS
