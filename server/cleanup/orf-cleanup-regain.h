/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cleanup/orf-cleanup.h"

G_BEGIN_DECLS

/* What the workers take again behind a cleanup: measured once more after a while, in the same way.
 * Main context. */
typedef struct _OrfCleanupRegain OrfCleanupRegain;

/* Called once, and the last thing that it does: it may be freed.  regained_bytes -1: it cannot be
 * told. */
typedef void (*OrfCleanupRegained) (gpointer user_data,
                                    OrfCleanupRegain *regain,
                                    gint64 id,
                                    gint64 regained_bytes);

/* Of an attempt that has ended; the members' processes are those that count.  NULL: it was not
 * measured, so that there is nothing to wait for. */
OrfCleanupRegain *orf_cleanup_regain_new (const OrfCleanupParts *parts,
                                          const OrfCleanup *cleanup,
                                          gint64 wait_us,
                                          OrfCleanupRegained regained,
                                          gpointer user_data);
void orf_cleanup_regain_free (OrfCleanupRegain *regain);
/* The next cleanup begins: what is there now is what was taken. */
void orf_cleanup_regain_hurry (OrfCleanupRegain *regain);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCleanupRegain, orf_cleanup_regain_free)

G_END_DECLS
