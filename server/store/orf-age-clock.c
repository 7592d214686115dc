/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/orf-age-clock.h"

#include <time.h>

#include "core/orf-clock.h"

/* Less is no jump.  Idempotency keys are what is kept for the shortest time, ten minutes. */
#define TOLERATED_US (60 * ORF_US_PER_S)
/* After which it is the old time that was wrong, as of a machine whose clock is set after it has
 * started. */
#define BELIEVED_AFTER_US (86400 * ORF_US_PER_S)

gint64
orf_age_clock_get_boot_us (void)
{
  struct timespec now;

  clock_gettime (CLOCK_BOOTTIME, &now);
  return now.tv_sec * ORF_US_PER_S + now.tv_nsec / 1000;
}

void
orf_age_clock_init (OrfAgeClock *clock, gint64 now_us, gint64 boot_us)
{
  *clock = (OrfAgeClock){ .offset_us = now_us - boot_us };
}

gint64
orf_age_clock_tell (OrfAgeClock *clock, gint64 now_us, gint64 boot_us, gint64 *jumped_us)
{
  gint64 ahead_us = now_us - boot_us - clock->offset_us;
  gboolean is_new = clock->since_us == 0;

  *jumped_us = 0;
  if (ahead_us <= TOLERATED_US || (!is_new && boot_us - clock->since_us >= BELIEVED_AFTER_US)) {
    orf_age_clock_init (clock, now_us, boot_us);
    return now_us;
  }
  if (is_new) {
    clock->since_us = boot_us;
    *jumped_us = ahead_us;
  }
  return boot_us + clock->offset_us;
}
