/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-replay.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "orf-error.h"

#include "orf-ctl-format.h"

gboolean
orf_ctl_replay_check_source (const OrfCtl *ctl, GError **error)
{
  if ((orf_ctl_get_argument (ctl, 0) == NULL) !=
      (orf_ctl_options_get (orf_ctl_get_options (ctl), "select") == NULL))
    return TRUE;
  g_set_error_literal (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                       "name a FILE, or series by --select");
  return FALSE;
}

gboolean
orf_ctl_replay_refuse (GError **error, const char *option, const char *text, const char *wanted)
{
  g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "--%s: \"%s\" is no %s", option, text,
               wanted);
  return FALSE;
}

gboolean
orf_ctl_replay_get_number (const OrfCtl *ctl, const char *option, double *value, GError **error)
{
  const char *text = orf_ctl_options_get (orf_ctl_get_options (ctl), option);
  char *end;

  if (text == NULL)
    return TRUE;
  *value = g_ascii_strtod (text, &end);
  return (end != text && *end == '\0' && isfinite (*value)) ||
         orf_ctl_replay_refuse (error, option, text, "number");
}

/* All of it is on disk; a write that failed on the way is told by the file alone. */
static gboolean
close_whole (FILE *file)
{
  gboolean whole = fflush (file) == 0 && ferror (file) == 0 && fsync (fileno (file)) == 0;

  return fclose (file) == 0 && whole;
}

static gboolean
write_to (const char *path, OrfCtlReplayFunc func, gpointer data, GError **error)
{
  g_autofree char *part = g_strconcat (path, ".part", NULL);
  int fd = g_open (part, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
  FILE *file = fd >= 0 ? fdopen (fd, "w") : NULL;
  gboolean done;

  if (file == NULL) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "%s: %s", part, g_strerror (errno));
    return FALSE;
  }
  done = func (file, data, error);
  if ((!close_whole (file) || (done && g_rename (part, path) != 0)) && done) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "%s: %s", path, g_strerror (errno));
    done = FALSE;
  }
  if (!done)
    g_unlink (part);
  return done;
}

OrfCtlExit
orf_ctl_replay_write (const OrfCtl *ctl, OrfCtlReplayFunc func, gpointer data, GError **error)
{
  const char *path = orf_ctl_options_get (orf_ctl_get_options (ctl), "output");

  if (path == NULL)
    return func (stdout, data, error) ? ORF_CTL_DONE : ORF_CTL_USAGE;
  if (write_to (path, func, data, error))
    return ORF_CTL_DONE;
  return g_error_matches (*error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT) ? ORF_CTL_USAGE
                                                                         : ORF_CTL_SERVER_ERROR;
}

void
orf_ctl_replay_append_number (GString *line, double value)
{
  g_autofree char *text = isnan (value)   ? g_strdup ("")
                          : isinf (value) ? g_strdup (value > 0 ? "inf" : "-inf")
                                          : orf_ctl_format_exact (value);

  g_string_append_printf (line, ",%s", text);
}
