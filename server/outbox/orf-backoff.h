/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How long to wait before what failed is tried again.  Pure. */
typedef struct {
  gint64 first_us;
  gint64 max_us;
  gint64 retry_after_max_us; /* what the other side may ask for */
} OrfBackoff;

/* After `attempts` that failed, at least 1: doubled each time up to max_us, of which random (0 to
 * 1) takes up to a half away, so that those who failed together do not come back together; and no
 * less than retry_after_us, if the other side asked (0: it did not). */
gint64 orf_backoff_get_us (const OrfBackoff *backoff,
                           guint attempts,
                           double random,
                           gint64 retry_after_us);
/* The value of a header Retry-After, seconds or a date; 0: there is none that could be read. */
gint64 orf_backoff_parse_retry_after (const char *value, gint64 now_us);

G_END_DECLS
