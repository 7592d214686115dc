/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <glob.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <gio/gio.h>

#include "orf-ctl-doctor.h"
#include "orf-ctl-format.h"

/* Where the daemon stops writing ([store] ballast and its reserve) is far below. */
#define LOW_BYTES (1024.0 * 1024 * 1024)
/* Magic numbers of statfs(2) whose locks SQLite cannot rely on. */
#define NFS_MAGIC  0x6969
#define CIFS_MAGIC 0xff534d42
#define SMB2_MAGIC 0xfe534d42
#define FUSE_MAGIC 0x65735546

const char *const orf_ctl_doctor_devices[] = { "/dev/nvidia[0-9]*", "/dev/dri/renderD*", "/dev/kfd",
                                               NULL };

/* ---- settings ---------------------------------------------------------------------------------
 */

void
orf_ctl_doctor_check_config (OrfCtlFindings *findings)
{
  g_autofree char *found = orf_ctl_find_daemon ();
  g_autofree char *program = found != NULL ? g_canonicalize_filename (found, NULL) : NULL;
  const char *const arguments[] = { program, "--check-config", NULL };
  g_autoptr (GSubprocess) process = NULL;
  g_autofree char *said = NULL;

  if (program == NULL) {
    orf_ctl_findings_add (findings, "config", ORF_CTL_FINDING_NOTE,
                          "orfeasd is not on this machine, so its settings were not read");
    return;
  }
  process = g_subprocess_newv (arguments,
                               G_SUBPROCESS_FLAGS_STDERR_PIPE | G_SUBPROCESS_FLAGS_STDOUT_SILENCE,
                               NULL);
  if (process == NULL || !g_subprocess_communicate_utf8 (process, NULL, NULL, NULL, &said, NULL)) {
    orf_ctl_findings_add (findings, "config", ORF_CTL_FINDING_FAULT, "%s does not run", program);
    orf_ctl_findings_advise (findings, "ldd %s says which library is missing", program);
    return;
  }
  if (g_subprocess_get_successful (process)) {
    orf_ctl_findings_add (findings, "config", ORF_CTL_FINDING_GOOD,
                          "the settings that %s would read are right", program);
    return;
  }
  if (*g_strstrip (said) == '\0') { /* it crashed, or is another program */
    orf_ctl_findings_add (findings, "config", ORF_CTL_FINDING_FAULT,
                          "%s --check-config failed without a word", program);
    orf_ctl_findings_advise (findings,
                             "see that it is orfeasd: %s --version; coredumpctl, or "
                             "dmesg, says whether it crashed",
                             program);
    return;
  }
  orf_ctl_findings_add (findings, "config", ORF_CTL_FINDING_FAULT, "%s", said);
  orf_ctl_findings_advise (findings, "orfeasd --print-defaults has every key with its range");
}

/* ---- devices ----------------------------------------------------------------------------------
 */

static void
check_device (OrfCtlFindings *findings, const char *path)
{
  if (access (path, R_OK | W_OK) == 0) {
    orf_ctl_findings_add (findings, "gpu", ORF_CTL_FINDING_GOOD, "%s can be used", path);
    return;
  }
  orf_ctl_findings_add (findings, "gpu", ORF_CTL_FINDING_WARNING, "%s: %s, for %s", path,
                        g_strerror (errno), g_get_user_name ());
  orf_ctl_findings_advise (findings,
                           "the user of orfeasd has to be in the group of the device: "
                           "ls -l %s; usermod -aG GROUP USER",
                           path);
}

void
orf_ctl_doctor_check_devices (OrfCtlFindings *findings, const char *const *patterns)
{
  glob_t found = { 0 };

  for (guint i = 0; patterns[i] != NULL; i++)
    glob (patterns[i], i > 0 ? GLOB_APPEND : 0, NULL, &found); /* none is no error of ours */
  for (gsize i = 0; i < found.gl_pathc; i++)
    check_device (findings, found.gl_pathv[i]);
  if (found.gl_pathc == 0)
    orf_ctl_findings_add (findings, "gpu", ORF_CTL_FINDING_NOTE,
                          "no device file of a GPU is here; OpenCL may still have the CPU");
  globfree (&found);
}

/* ---- clock ------------------------------------------------------------------------------------
 */

void
orf_ctl_doctor_check_clock (OrfCtlFindings *findings)
{
  struct timex clock = { .modes = 0 }; /* only asks */

  if (adjtimex (&clock) == TIME_ERROR || (clock.status & STA_UNSYNC) != 0) {
    orf_ctl_findings_add (findings, "clock", ORF_CTL_FINDING_WARNING,
                          "the kernel does not know that anything keeps its clock right");
    orf_ctl_findings_advise (findings,
                             "run an NTP client (systemd-timesyncd, chrony), or traces of "
                             "several machines will not fit together");
    return;
  }
  orf_ctl_findings_add (findings, "clock", ORF_CTL_FINDING_GOOD, "kept right, to %.1f ms",
                        (double) clock.esterror / 1e3);
}

/* ---- disk -------------------------------------------------------------------------------------
 */

static const char *
get_unfit (const char *path)
{
  struct statfs info;

  if (statfs (path, &info) != 0)
    return NULL;
  switch ((guint32) info.f_type) {
  case NFS_MAGIC:
    return "NFS";
  case CIFS_MAGIC:
  case SMB2_MAGIC:
    return "SMB";
  case FUSE_MAGIC:
    return "FUSE";
  default:
    return NULL;
  }
}

void
orf_ctl_doctor_check_disk (OrfCtlFindings *findings, const char *db)
{
  g_autofree char *folder = g_path_get_dirname (db);
  g_autofree char *room = NULL;
  const char *unfit = get_unfit (folder);
  struct statvfs info;
  double free_bytes;

  if (statvfs (folder, &info) != 0)
    return;
  free_bytes = (double) info.f_bavail * (double) info.f_frsize;
  room = orf_ctl_format_bytes (free_bytes);
  orf_ctl_findings_add (findings, "disk",
                        free_bytes < LOW_BYTES ? ORF_CTL_FINDING_WARNING : ORF_CTL_FINDING_GOOD,
                        "%s are free where %s lies", room, db);
  if (free_bytes < LOW_BYTES)
    orf_ctl_findings_advise (findings, "make room, or bound the file: [history] max_bytes");
  if (unfit == NULL)
    return;
  orf_ctl_findings_add (findings, "disk", ORF_CTL_FINDING_WARNING, "%s lies on %s", db, unfit);
  orf_ctl_findings_advise (findings,
                           "SQLite relies on locks and on shared memory that file systems "
                           "of the network seldom have: use a local disk (--db)");
}
