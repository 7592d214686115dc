/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/orf-opencl-scout.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/orf-fd.h"
#include "orf-error.h"
#include "probe/orf-probe-cage.h"

#define MAX_DEVICES 64

/* What it tells: this, and behind it n_devices OrfOpenclFacts. */
typedef struct {
  guint n_devices; /* 0: error */
  char error[1024];
  char gaps[1024]; /* of its cage */
} Report;

static gboolean
read_all (int fd, gpointer data, gsize size)
{
  for (gsize done = 0; done < size;) {
    gssize n = read (fd, (char *) data + done, size - done);

    if (n == 0 || (n < 0 && errno != EINTR))
      return FALSE;
    done += (gsize) MAX (n, 0);
  }
  return TRUE;
}

/* The child.  Its end is sudden: handlers that drivers leave for it have hung. */
static void G_GNUC_NORETURN
scout (int fd, char **argv)
{
  g_autoptr (GError) error = NULL;
  OrfOpencl *opencl;
  Report report = { 0 };
  GArray *facts = NULL;
  gboolean told;

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  orf_probe_cage_enter (ORF_PROBE_CAGE_DRIVER, argv);
  g_strlcpy (report.gaps, orf_probe_cage_get_gaps (), sizeof report.gaps);
  opencl = orf_opencl_open (&error);
  if (opencl == NULL) {
    g_strlcpy (report.error, error->message, sizeof report.error);
  } else {
    facts = orf_opencl_get_facts (opencl);
    report.n_devices = MIN (facts->len, MAX_DEVICES);
  }
  told = orf_fd_write_all (fd, &report, sizeof report) &&
         (facts == NULL ||
          orf_fd_write_all (fd, facts->data, report.n_devices * sizeof (OrfOpenclFacts)));
  _exit (told ? 0 : 1);
}

static GArray *
take_report (int fd, GError **error)
{
  g_autoptr (GArray) facts = g_array_new (FALSE, TRUE, sizeof (OrfOpenclFacts));
  Report report;

  /* a driver that has got hold of the child may write anything */
  if (!read_all (fd, &report, sizeof report) || report.n_devices > MAX_DEVICES) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "OpenCL's drivers ended the process");
    return NULL;
  }
  report.gaps[sizeof report.gaps - 1] = report.error[sizeof report.error - 1] = '\0';
  if (report.gaps[0] != '\0')
    orf_probe_cage_add_gaps (report.gaps);
  g_array_set_size (facts, report.n_devices);
  if (report.n_devices == 0 ||
      !read_all (fd, facts->data, report.n_devices * sizeof (OrfOpenclFacts))) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "%s", report.error);
    return NULL;
  }
  for (guint i = 0; i < facts->len; i++)
    orf_opencl_facts_end_texts (&g_array_index (facts, OrfOpenclFacts, i));
  return g_steal_pointer (&facts);
}

/* A signal that ended the child ends us. */
static void
wait_for (pid_t pid)
{
  int status = 0;

  while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
    ;
  if (WIFSIGNALED (status))
    raise (WTERMSIG (status));
}

GArray *
orf_opencl_scout (char **argv, GError **error)
{
  int fds[2] = { -1, -1 };
  pid_t pid = pipe2 (fds, O_CLOEXEC) == 0 ? fork () : -1;
  GArray *facts;

  if (pid < 0) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "no process to ask OpenCL: %s",
                 g_strerror (errno));
    return NULL; /* the program ends: so do the descriptors */
  }
  if (pid == 0)
    scout (fds[1], argv);
  close (fds[1]);
  facts = take_report (fds[0], error);
  close (fds[0]);
  wait_for (pid);
  return facts;
}
