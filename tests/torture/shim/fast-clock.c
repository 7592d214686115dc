/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * LD_PRELOAD, by itself: the clocks of a process run faster, and what it waits for comes as much
 * sooner, so that a day of timers, windows and retention is over in an hour.  CPU clocks, limits of
 * CPU time and the times of files stay what they are.
 *
 * ORFEAS_FAST_CLOCK="RATE SINCE_NS": RATE times as fast, from that moment of CLOCK_MONOTONIC on;
 * who inherits both lives at the same time of day.  Unset: nothing is done.
 *
 * Invariant: only what others call through us is changed; a time that we ask for ourselves, by
 * next_clock(), is the kernel's.
 */

#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S  INT64_C (1000000000)
#define NS_PER_MS INT64_C (1000000)

typedef int (*ClockFunction) (clockid_t, struct timespec *);
typedef int (*PollFunction) (struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);
typedef int (*SelectFunction) (
  int, fd_set *, fd_set *, fd_set *, const struct timespec *, const sigset_t *);
typedef int (*SleepFunction) (const struct timespec *, struct timespec *);
typedef int (*WaitFunction) (pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
typedef long (*SyscallFunction) (long, ...);

static int64_t rate = 1, since_ns;

static void *
find_next (const char *name)
{
  void *function = dlsym (RTLD_NEXT, name);

  if (function == NULL) {
    fprintf (stderr, "fast-clock: no %s\n", name);
    _exit (127);
  }
  return function;
}

/* Found once each; a constructor of ours would come after those who ask for the time in theirs. */
#define NEXT(type, name)                                                                           \
  ({                                                                                               \
    static type function;                                                                          \
    if (function == NULL)                                                                          \
      function = (type) find_next (name);                                                          \
    function;                                                                                      \
  })

static void __attribute__ ((constructor)) read_rate (void)
{
  const char *asked = getenv ("ORFEAS_FAST_CLOCK");
  int64_t asked_rate, asked_since_ns;

  if (asked == NULL)
    return;
  if (sscanf (asked, "%" SCNd64 " %" SCNd64, &asked_rate, &asked_since_ns) != 2 || asked_rate < 1) {
    fprintf (stderr, "fast-clock: ORFEAS_FAST_CLOCK is \"RATE SINCE_NS\", not \"%s\"\n", asked);
    _exit (127);
  }
  since_ns = asked_since_ns;
  rate = asked_rate;
}

static int64_t
to_ns (const struct timespec *time)
{
  return time->tv_sec * NS_PER_S + time->tv_nsec;
}

static struct timespec
from_ns (int64_t ns)
{
  return (struct timespec){ ns / NS_PER_S, ns % NS_PER_S };
}

static int64_t
next_clock (clockid_t clock)
{
  struct timespec now = { 0 };

  NEXT (ClockFunction, "clock_gettime") (clock, &now);
  return to_ns (&now);
}

/* What a clock of the kernel's that says now_ns says to others. */
static int64_t
speed_up (int64_t now_ns)
{
  return rate == 1 ? now_ns : now_ns + (next_clock (CLOCK_MONOTONIC) - since_ns) * (rate - 1);
}

/* When the kernel's clock will say what others take for until. */
static struct timespec
slow_down (clockid_t clock, const struct timespec *until)
{
  int64_t now_ns = next_clock (clock), left_ns = to_ns (until) - speed_up (now_ns);

  return from_ns (now_ns + (left_ns > 0 ? left_ns / rate : 0));
}

/* The shortest waits are not none at all. */
static struct timespec
shorten (int64_t wait_ns)
{
  return from_ns ((wait_ns + rate - 1) / rate);
}

/* --- what time it is */

int
clock_gettime (clockid_t clock, struct timespec *now)
{
  int result = NEXT (ClockFunction, "clock_gettime") (clock, now);

  if (result == 0 && clock != CLOCK_PROCESS_CPUTIME_ID && clock != CLOCK_THREAD_CPUTIME_ID)
    *now = from_ns (speed_up (to_ns (now)));
  return result;
}

int
gettimeofday (struct timeval *now, void *zone)
{
  int64_t now_ns = speed_up (next_clock (CLOCK_REALTIME));

  (void) zone;
  *now = (struct timeval){ now_ns / NS_PER_S, now_ns % NS_PER_S / 1000 };
  return 0;
}

time_t
time (time_t *now)
{
  time_t value = speed_up (next_clock (CLOCK_REALTIME)) / NS_PER_S;

  if (now != NULL)
    *now = value;
  return value;
}

/* --- waits */

int
ppoll (struct pollfd *fds, nfds_t n_fds, const struct timespec *wait, const sigset_t *mask)
{
  struct timespec shorter = wait != NULL ? shorten (to_ns (wait)) : (struct timespec){ 0 };

  return NEXT (PollFunction, "ppoll") (fds, n_fds, wait != NULL ? &shorter : NULL, mask);
}

int
poll (struct pollfd *fds, nfds_t n_fds, int wait_ms)
{
  struct timespec wait = from_ns (wait_ms * NS_PER_MS);

  return ppoll (fds, n_fds, wait_ms >= 0 ? &wait : NULL, NULL);
}

int
select (int n, fd_set *readable, fd_set *writable, fd_set *broken, struct timeval *wait)
{
  struct timespec shorter = { 0 };

  if (wait != NULL)
    shorter = shorten (wait->tv_sec * NS_PER_S + wait->tv_usec * INT64_C (1000));
  return NEXT (SelectFunction, "pselect") (n, readable, writable, broken,
                                           wait != NULL ? &shorter : NULL, NULL);
}

/* What is left is told as the kernel has it: nobody of ours goes on by it but to sleep again. */
int
nanosleep (const struct timespec *wait, struct timespec *left)
{
  struct timespec shorter = shorten (to_ns (wait));
  int result = NEXT (SleepFunction, "nanosleep") (&shorter, left);

  if (result != 0 && left != NULL)
    *left = from_ns (to_ns (left) * rate);
  return result;
}

int
usleep (useconds_t wait_us)
{
  struct timespec wait = from_ns (wait_us * INT64_C (1000));

  return nanosleep (&wait, NULL);
}

unsigned int
sleep (unsigned int wait_s)
{
  struct timespec wait = from_ns (wait_s * NS_PER_S);

  return nanosleep (&wait, &wait) == 0 ? 0 : (unsigned int) wait.tv_sec;
}

/* Which clock a condition goes by only it knows; the numbers tell: the two are decades apart. */
static clockid_t
guess_clock (const struct timespec *until)
{
  int64_t until_ns = to_ns (until);
  int64_t since_real_ns = llabs (until_ns - speed_up (next_clock (CLOCK_REALTIME)));

  return since_real_ns < llabs (until_ns - speed_up (next_clock (CLOCK_MONOTONIC)))
           ? CLOCK_REALTIME
           : CLOCK_MONOTONIC;
}

int
pthread_cond_timedwait (pthread_cond_t *condition,
                        pthread_mutex_t *mutex,
                        const struct timespec *until)
{
  struct timespec sooner = slow_down (guess_clock (until), until);

  return NEXT (WaitFunction, "pthread_cond_timedwait") (condition, mutex, &sooner);
}

/* GLib's conditions are futexes: FUTEX_WAIT takes a while, FUTEX_WAIT_BITSET a moment. */
static struct timespec
shorten_futex (int operation, const struct timespec *wait)
{
  clockid_t clock = (operation & FUTEX_CLOCK_REALTIME) != 0 ? CLOCK_REALTIME : CLOCK_MONOTONIC;

  if ((operation & FUTEX_CMD_MASK) == FUTEX_WAIT)
    return shorten (to_ns (wait));
  return slow_down (clock, wait);
}

static bool
is_timed_futex (long number, int operation)
{
  operation &= FUTEX_CMD_MASK;
  return number == SYS_futex && (operation == FUTEX_WAIT || operation == FUTEX_WAIT_BITSET);
}

long
syscall (long number, ...)
{
  long words[6];
  struct timespec sooner;
  va_list rest;

  va_start (rest, number);
  for (int i = 0; i < 6; i++)
    words[i] = va_arg (rest, long);
  va_end (rest);
  if (is_timed_futex (number, (int) words[1]) && words[3] != 0) {
    sooner = shorten_futex ((int) words[1], (const struct timespec *) words[3]);
    words[3] = (long) &sooner;
  }
  return NEXT (SyscallFunction, "syscall") (number, words[0], words[1], words[2], words[3],
                                            words[4], words[5]);
}
