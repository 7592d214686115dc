/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A time of day that is another; the clock that only goes forward is left alone, as it is when
 * somebody sets the time. */
#include "shim.h"

#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int64_t
get_offset_us (void)
{
  ShimPage *page = shim_get_page ();

  return page != NULL ? __atomic_load_n (&page->clock_us, __ATOMIC_SEQ_CST) : 0;
}

static int64_t
get_real_ns (void)
{
  struct timespec now = { 0 };

  syscall (SYS_clock_gettime, CLOCK_REALTIME, &now);
  return now.tv_sec * INT64_C (1000000000) + now.tv_nsec + get_offset_us () * 1000;
}

int
clock_gettime (clockid_t clock, struct timespec *now)
{
  SHIM_NEXT (clock_gettime)
  int64_t now_ns;

  if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)
    return next (clock, now);
  now_ns = get_real_ns ();
  now->tv_sec = now_ns / 1000000000;
  now->tv_nsec = now_ns % 1000000000;
  return 0;
}

int
gettimeofday (struct timeval *now, void *zone)
{
  int64_t now_ns = get_real_ns ();

  (void) zone;
  now->tv_sec = now_ns / 1000000000;
  now->tv_usec = now_ns % 1000000000 / 1000;
  return 0;
}

time_t
time (time_t *now)
{
  time_t value = get_real_ns () / 1000000000;

  if (now != NULL)
    *now = value;
  return value;
}
