/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "orf-error.h"

#include "orf-ctl-lines.h"
#include "orf-ctl-reply.h"
#include "orf-ctl-watch.h"

int
orf_ctl_take_signals (const int *signals, GError **error)
{
  sigset_t set;
  int fd = -1;

  sigemptyset (&set);
  for (; *signals != 0; signals++)
    sigaddset (&set, *signals);
  if (sigprocmask (SIG_BLOCK, &set, NULL) == 0)
    fd = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd < 0)
    g_set_error (error, ORF_ERROR, ORF_ERROR_INTERNAL, "signalfd: %s", g_strerror (errno));
  return fd;
}

int
orf_ctl_take_interrupts (GError **error)
{
  static const int interrupts[] = { SIGINT, 0 };

  return orf_ctl_take_signals (interrupts, error);
}

void
orf_ctl_release_interrupts (int fd)
{
  struct signalfd_siginfo info;
  sigset_t set;

  /* those that came are for what is over */
  while (read (fd, &info, sizeof info) == sizeof info)
    continue;
  close (fd);
  sigemptyset (&set);
  sigaddset (&set, SIGINT);
  sigprocmask (SIG_UNBLOCK, &set, NULL);
}

static void
tell_lost (guint64 dropped)
{
  fprintf (stderr, "orfeasctl: %" G_GUINT64_FORMAT " value%s lost: this reader was too slow\n",
           dropped, dropped == 1 ? " was" : "s were");
}

/* FALSE: no more is to be read, with an error where that is one. */
static gboolean
show_message (const GString *message,
              const char *stream,
              OrfCtlValueFunc show,
              gpointer user_data,
              GError **error)
{
  g_autofree char *text = NULL;
  guint64 dropped = 0;

  switch (orf_ctl_reply_get_stream (message, stream, &text, &dropped)) {
  case ORF_CTL_STREAM_VALUE:
    break;
  case ORF_CTL_STREAM_END:
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "the server ended the stream: %s", text);
    return FALSE;
  case ORF_CTL_STREAM_OTHER:
  default:
    return TRUE;
  }
  if (dropped > 0)
    tell_lost (dropped);
  if (!show (user_data, text, error))
    return FALSE;
  /* at once, for it is watched; what cannot be written is told at the end (main.c) */
  return fflush (stdout) == 0;
}

static OrfCtlExit
follow (OrfCtl *ctl,
        const char *stream,
        const int *stop_fds,
        OrfCtlValueFunc show,
        gpointer user_data,
        GError **error)
{
  g_autoptr (GString) message = g_string_new (NULL);
  g_autoptr (GError) fault = NULL;
  OrfCtlExit verdict;

  do {
    verdict = orf_ctl_next (ctl, stop_fds, message, error);
    if (verdict != ORF_CTL_DONE || message->len == 0)
      return verdict;
  } while (show_message (message, stream, show, user_data, &fault));
  if (fault == NULL)
    return ORF_CTL_DONE;
  g_propagate_error (error, g_steal_pointer (&fault));
  return ORF_CTL_SERVER_ERROR;
}

OrfCtlExit
orf_ctl_watch (OrfCtl *ctl,
               const char *method,
               const char *params,
               OrfCtlValueFunc show,
               gpointer user_data,
               GError **error)
{
  g_autofree char *stream = NULL;
  int stop_fds[ORF_CTL_N_STOPS] = { -1, STDOUT_FILENO };
  OrfCtlExit verdict = orf_ctl_open_stream (ctl, method, params, &stream, error);

  if (verdict != ORF_CTL_DONE)
    return verdict;
  stop_fds[ORF_CTL_STOP_SIGNAL] = orf_ctl_take_interrupts (error);
  if (stop_fds[ORF_CTL_STOP_SIGNAL] < 0)
    return ORF_CTL_SERVER_ERROR;
  verdict = follow (ctl, stream, stop_fds, show, user_data, error);
  close (stop_fds[ORF_CTL_STOP_SIGNAL]);
  if (verdict != ORF_CTL_DONE)
    g_prefix_error (error, "%s: ", method);
  return verdict;
}
