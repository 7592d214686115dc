/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * The files that a driver may use, by Landlock: libraries and what the kernel tells to read,
 * devices and a cache folder to write, nothing to execute.  Landlock also keeps it from tracing
 * others and, from Linux 6.12 on, from signalling them.
 */

/* NULL: in force.  Otherwise why it is not.  Makes the cache folder, and names it to libraries by
 * XDG_CACHE_HOME.  argv: what its word library=/PATH names may be read. */
const char *orf_probe_places_enter (char **argv);

G_END_DECLS
