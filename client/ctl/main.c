/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "orf-ctl.h"
#include "orf-ctl-help.h"

/* One line, whatever a server put into it. */
static void
print_error (const char *message)
{
  OrfCtlTerminal terminal;
  g_autofree char *clean = NULL;

  orf_ctl_terminal_probe (&terminal, STDERR_FILENO);
  clean = orf_ctl_terminal_clean (&terminal, message);
  fprintf (stderr, "orfeasctl: %s\n", clean);
}

static void
print_usage_hint (const OrfCtlOptions *options)
{
  const OrfCtlVerb *verb = options != NULL ? orf_ctl_options_get_verb (options) : NULL;

  fprintf (stderr, "Try `orfeasctl %s%s--help`.\n", verb != NULL ? verb->name : "",
           verb != NULL ? " " : "");
}

static void
print_help (const OrfCtlOptions *options)
{
  OrfCtlTerminal terminal;
  g_autofree char *help = NULL;

  orf_ctl_terminal_probe (&terminal, STDOUT_FILENO);
  help = orf_ctl_help_new (&terminal, orf_ctl_get_verbs (), orf_ctl_global_options, options);
  orf_ctl_print (help);
}

/* One that was closed would be the next that is opened, and a connection or a file have what is
 * printed.  The wrong way round, so that its use fails as it did. */
static void
fill_descriptors (void)
{
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
    if (fcntl (fd, F_GETFD) < 0)
      (void) !open ("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

static OrfCtlExit
run (const OrfCtlOptions *options, GError **error)
{
  g_autoptr (OrfCtl) ctl = orf_ctl_new (options);

  return orf_ctl_run (ctl, error);
}

/* By poll() and not by errno, which may be that of anything since the write that failed. */
static gboolean
is_reader_gone (void)
{
  struct pollfd output = { .fd = STDOUT_FILENO, .events = POLLOUT };

  return poll (&output, 1, 0) == 1 && (output.revents & POLLERR) != 0;
}

/* A full disk must not look like success.  A reader that has seen enough (`| head`) is no failure.
 */
static OrfCtlExit
finish_output (OrfCtlExit verdict)
{
  if ((fflush (stdout) == 0 && !ferror (stdout)) || is_reader_gone ())
    return verdict;
  fputs ("orfeasctl: standard output could not be written\n", stderr);
  return verdict == ORF_CTL_DONE ? ORF_CTL_SERVER_ERROR : verdict;
}

int
main (G_GNUC_UNUSED int argc, char **argv)
{
  g_autoptr (OrfCtlOptions) options = NULL;
  g_autoptr (GError) error = NULL;
  OrfCtlExit verdict = ORF_CTL_DONE;

  fill_descriptors ();
  /* not LC_NUMERIC: numbers are for scripts, too */
  setlocale (LC_CTYPE, "");
  /* a server or a reader that goes away is told by errno, in the place where it matters */
  signal (SIGPIPE, SIG_IGN);

  options = orf_ctl_options_parse (orf_ctl_get_verbs (), orf_ctl_global_options,
                                   (const char *const *) argv + (argv[0] != NULL), &error);
  if (options == NULL)
    verdict = ORF_CTL_USAGE;
  else if (orf_ctl_options_has (options, "help"))
    print_help (options);
  else if (orf_ctl_options_has (options, "version"))
    orf_ctl_print_line ("orfeasctl " ORF_VERSION);
  else
    verdict = run (options, &error);

  if (error != NULL)
    print_error (error->message);
  if (verdict == ORF_CTL_USAGE)
    print_usage_hint (options);
  return (int) finish_output (verdict);
}
