/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * The system calls that a probe may make, by seccomp: a list of what is allowed.  What would be a
 * way out fails with EPERM; anything else with ENOSYS, as on a kernel that has no such call, for
 * which libraries have another way.
 */

/* drives: a vendor's library is loaded, which needs devices, threads and a cache of files; else
 * nothing can be opened to write.  NULL: in force.  Otherwise why it is not. */
const char *orf_probe_calls_enter (gboolean drives);

G_END_DECLS
