/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/orf-memory.h"

G_BEGIN_DECLS

/*
 * Tells an OrfMemory once a second what is resident, and gives back to the kernel what malloc kept
 * of a peak.  Main context.
 */
typedef struct _OrfMemoryWatch OrfMemoryWatch;

/* memory outlives it. */
OrfMemoryWatch *orf_memory_watch_new (OrfMemory *memory);
void orf_memory_watch_free (OrfMemoryWatch *watch);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfMemoryWatch, orf_memory_watch_free)

G_END_DECLS
