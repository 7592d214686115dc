/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sql/orf-sql-cage.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "core/orf-sanitized.h"

#define US_PER_S 1000000
/* Past its own deadline and the daemon's grace: who is still there then obeys nobody. */
#define ALARM_EXTRA_S 2

/* Failing to lower a bound cannot be: each is within what is allowed. */
static void
set_limit (int resource, rlim_t value)
{
  const struct rlimit limit = { value, value };

  if (setrlimit (resource, &limit) != 0)
    g_printerr ("a limit was not set (%d)\n", resource);
}

static rlim_t
get_mapped_bytes (void)
{
  g_autofree char *text = NULL;

  if (!g_file_get_contents ("/proc/self/statm", &text, NULL, NULL))
    return 0;
  return (rlim_t) g_ascii_strtoull (text, NULL, 10) * (rlim_t) sysconf (_SC_PAGESIZE);
}

/* When memory runs out the kernel is to take us before the daemon. */
static void
offer_to_oom_killer (void)
{
  int fd = open ("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

  if (fd < 0)
    return;
  if (write (fd, "900", 3) < 0)
    g_printerr ("oom_score_adj was not set\n");
  close (fd);
}

void
orf_sql_cage_bound (gint64 max_us, gint64 memory_bytes)
{
  rlim_t seconds = (rlim_t) (max_us / US_PER_S + ALARM_EXTRA_S);
  const struct itimerval alarm_at = { .it_value.tv_sec = (time_t) seconds };

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  prctl (PR_SET_NAME, "orfeas-sql");
  prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  offer_to_oom_killer ();
  setitimer (ITIMER_REAL, &alarm_at, NULL);
  set_limit (RLIMIT_CPU, seconds);
  set_limit (RLIMIT_CORE, 0);
  if (!ORF_SANITIZED)
    set_limit (RLIMIT_AS, get_mapped_bytes () + (rlim_t) memory_bytes);
}

void
orf_sql_cage_close (void)
{
  if (ORF_SANITIZED)
    return;
  signal (SIGXFSZ, SIG_IGN); /* an error then, where it is met */
  set_limit (RLIMIT_FSIZE, 0);
  set_limit (RLIMIT_NPROC, 0);
  set_limit (RLIMIT_NOFILE, 0);
}
