/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* PATH.lock, held while a daemon writes PATH, with its pid inside.  Goes with the process. */
typedef struct _OrfStoreLock OrfStoreLock;

/* FAILED_PRECONDITION (names the holder), UNAVAILABLE. */
OrfStoreLock *orf_store_lock_take (const char *path, GError **error);
/* The lock file stays, empty, unless it was made by this lock and `forget` says that PATH turned
 * out not to be ours. */
void orf_store_lock_release (OrfStoreLock *lock, gboolean forget);

G_END_DECLS
