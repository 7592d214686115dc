/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#define ORF_US_PER_S  G_GINT64_CONSTANT (1000000)
#define ORF_US_PER_MS G_GINT64_CONSTANT (1000)

/* Microseconds since the Unix epoch, UTC.  What is stored and told; may jump. */
#define orf_clock_now_us() g_get_real_time ()
/* Microseconds that only ever grow.  For durations, deadlines and pace. */
#define orf_clock_monotonic_us() g_get_monotonic_time ()
