/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What people type for spans and instants.  Errors are INVALID_ARGUMENT, and name what is
 * understood. */

/* "5m", "2h", "1h30m", "1.5d", "250ms", "40us"; a bare number is seconds.  At least 1 µs. */
gboolean orf_ctl_parse_duration (const char *text, gint64 *duration_us, GError **error);
/* RFC 3339 (local where it names no zone), a date, epoch seconds or microseconds, "now", "-10m".
 * Never before 1970: no method has such a time. */
gboolean orf_ctl_parse_time (const char *text, gint64 now_us, gint64 *time_us, GError **error);

G_END_DECLS
