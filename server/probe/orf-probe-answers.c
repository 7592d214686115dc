/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/orf-probe-answers.h"

#include <fcntl.h>
#include <unistd.h>

#include "core/orf-fd.h"

static int the_fd = -1;

gboolean
orf_probe_answers_claim (void)
{
  the_fd = fcntl (STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  return the_fd >= 0 && dup2 (STDERR_FILENO, STDOUT_FILENO) == STDOUT_FILENO;
}

gboolean
orf_probe_answers_write (const char *text, gsize length)
{
  return orf_fd_write_all (the_fd, text, length);
}
