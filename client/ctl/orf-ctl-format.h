/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Numbers and times as people read them.  Every function gives a new string, always in the C
 * locale; those of doubles give NULL for NAN: unknown. */

/* "0 B", "812 B", "3.21 GiB": three digits that say something. */
char *orf_ctl_format_bytes (double bytes);
/* "used of total" in the unit of total: "3.21 of 15.6 GiB". */
char *orf_ctl_format_bytes_pair (double used_bytes, double total_bytes);
/* "850 µs", "12.5 ms", "3.20 s", "4m 10s", "2h 05m", "3d 04h", "5m"; "us" for µs where not utf8. */
char *orf_ctl_format_duration_us (double duration_us, gboolean utf8);
/* "0.4 s ago", "just now" below 50 ms. */
char *orf_ctl_format_age_us (double age_us, gboolean utf8);
char *orf_ctl_format_percent (double percent);
/* Three digits, with k, M, G above a thousand. */
char *orf_ctl_format_number (double value);
/* The shortest text that reads back as the same double. */
char *orf_ctl_format_exact (double value);
/* The value of a series, read by the unit that its name ends in ("gpu.memory.used_bytes"). */
char *orf_ctl_format_metric (const char *name, double value, gboolean utf8);

/* "2026-11-21T01:42:17.125000Z" */
char *orf_ctl_format_time_utc (gint64 time_us);
/* "2026-11-21 01:42:17", with ".125" where it is not a whole second; in local time, or UTC. */
char *orf_ctl_format_time (gint64 time_us, gboolean utc);
/* "01:42:17": for axes */
char *orf_ctl_format_clock (gint64 time_us, gboolean utc);

/* By RFC 4180: in quotes where it needs them. */
char *orf_ctl_format_csv_cell (const char *text);
/* The same of a text that callers chose: an apostrophe before what a spreadsheet would compute. */
char *orf_ctl_format_csv_text (const char *text);

G_END_DECLS
