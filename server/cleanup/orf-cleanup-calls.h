/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cleanup/orf-cleaner.h"

G_BEGIN_DECLS

/* Binds gpu.cleanup and gpu.cleanups: what callers want, as orders for the cleaner, which outlives
 * the calls. */
void orf_cleanup_calls_bind (OrfRouter *router, OrfCleaner *cleaner);

G_END_DECLS
