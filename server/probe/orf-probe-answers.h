/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * The way to the daemon: what was standard output when the program began.  Drivers print there as
 * they like; what they print goes to standard error, which is the log.
 */

/* Before any driver is loaded.  FALSE: errno says why. */
gboolean orf_probe_answers_claim (void);
/* FALSE: nobody reads any more. */
gboolean orf_probe_answers_write (const char *text, gsize length);

G_END_DECLS
