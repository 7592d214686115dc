/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/orf-probe-cage.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#include "core/orf-sanitized.h"
#include "probe/orf-probe-calls.h"
#include "probe/orf-probe-places.h"

/* A driver has a few for each device; fdinfo is read one at a time. */
#define MAX_FILES 1024
/* Of a driver's cache, each. */
#define MAX_FILE_BYTES (64 * 1024 * 1024)

#ifdef ORF_COVERAGE
#define IS_INSTRUMENTED TRUE
#else
#define IS_INSTRUMENTED ORF_SANITIZED
#endif

/* There is one process, and so one cage. */
static GString *the_gaps;
static gboolean is_off;

/* Not bounded: RLIMIT_AS, because drivers reserve terabytes of addresses (the daemon looks at
 * resident memory), and RLIMIT_NPROC, which counts all threads of the user. */
static void
lower_limit (int resource, rlim_t value)
{
  struct rlimit limit = { 0 };

  if (getrlimit (resource, &limit) != 0)
    return;
  limit.rlim_cur = limit.rlim_max = MIN (limit.rlim_max, value);
  if (setrlimit (resource, &limit) != 0)
    g_printerr ("limit %d was not set: %s\n", resource, g_strerror (errno));
}

/* Where the daemon is root's: what a reader needs to see the memory of others' processes stays. */
static gboolean
drop_capabilities (gboolean drives)
{
  struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
  struct __user_cap_data_struct now[_LINUX_CAPABILITY_U32S_3] = { 0 };
  const guint32 kept = drives ? 0 : 1u << CAP_SYS_PTRACE | 1u << CAP_DAC_READ_SEARCH;

  if (syscall (SYS_capget, &header, now) != 0)
    return FALSE;
  if ((now[0].permitted & ~kept) == 0 && now[1].permitted == 0)
    return TRUE; /* a unit that gives none refuses the call, too */
  now[0].effective = now[0].permitted &= kept;
  now[1].effective = now[1].permitted = 0;
  now[0].inheritable = now[1].inheritable = 0;
  return syscall (SYS_capset, &header, now) == 0;
}

void
orf_probe_cage_add_gaps (const char *gaps)
{
  if (the_gaps == NULL)
    the_gaps = g_string_new (NULL);
  if (strstr (the_gaps->str, gaps) == NULL)
    g_string_append_printf (the_gaps, "%s%s", the_gaps->len > 0 ? "; " : "", gaps);
}

static void
add_gap (const char *what, const char *why)
{
  g_autofree char *text = g_strconcat (what, ": ", why, NULL);

  if (why != NULL)
    orf_probe_cage_add_gaps (text);
}

void
orf_probe_cage_turn_off (void)
{
  is_off = TRUE;
  orf_probe_cage_add_gaps ("all of it: [gpu] probe_sandbox is false");
}

void
orf_probe_cage_enter (OrfProbeCage cage, char **argv)
{
  gboolean drives = cage == ORF_PROBE_CAGE_DRIVER;

  lower_limit (RLIMIT_CORE, 0);
  lower_limit (RLIMIT_NOFILE, MAX_FILES);
  if (is_off)
    return;
  if (IS_INSTRUMENTED) {
    orf_probe_cage_add_gaps ("all of it: this build has a sanitizer, or writes coverage");
    return;
  }

  lower_limit (RLIMIT_FSIZE, MAX_FILE_BYTES);
  signal (SIGXFSZ, SIG_IGN); /* beyond it a driver hears EFBIG, of shared memory too, and lives */
  if (!drop_capabilities (drives))
    add_gap ("it keeps its capabilities", g_strerror (errno));
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    add_gap ("it may gain rights", g_strerror (errno));
  /* a reader opens nothing to write, and Landlock would keep /proc/PID/fdinfo of others from it */
  if (drives)
    add_gap ("files are not kept from it", orf_probe_places_enter (argv));
  add_gap ("system calls are not kept from it", orf_probe_calls_enter (drives));
}

const char *
orf_probe_cage_get_hint (void)
{
  return is_off || IS_INSTRUMENTED
           ? ""
           : " (asked in its sandbox; [gpu] probe_sandbox=false asks without)";
}

const char *
orf_probe_cage_get_gaps (void)
{
  return the_gaps != NULL ? the_gaps->str : "";
}
