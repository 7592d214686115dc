/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-progress.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

/* As often as an eye follows. */
#define PERIOD_US (G_USEC_PER_SEC / 10)
#define BAR_WIDTH 24

struct _OrfCtlProgress {
  OrfCtlTerminal terminal;
  gint64 drawn_us; /* monotonic; 0: never */
};

OrfCtlProgress *
orf_ctl_progress_new (void)
{
  OrfCtlProgress *progress = g_new0 (OrfCtlProgress, 1);

  orf_ctl_terminal_probe (&progress->terminal, STDERR_FILENO);
  return progress;
}

void
orf_ctl_progress_free (OrfCtlProgress *progress)
{
  if (progress->drawn_us != 0)
    fputs ("\r\033[K", stderr);
  g_free (progress);
}

void
orf_ctl_progress_append (const OrfCtlTerminal *terminal,
                         GString *out,
                         double share,
                         const char *text)
{
  const guint bar = MIN (BAR_WIDTH, terminal->width / 2);
  const guint full = (guint) lround (CLAMP (share, 0, 1) * bar);
  g_autoptr (GString) line = g_string_new (NULL);
  guint width;

  g_string_append_printf (line, "%3.0f %% ", floor (CLAMP (share, 0, 1) * 100));
  for (guint i = 0; i < bar; i++)
    g_string_append (line, i < full ? (terminal->utf8 ? "█" : "#") : (terminal->utf8 ? "░" : "-"));
  width = orf_ctl_text_width (line->str) + 1 + orf_ctl_text_width (text);
  g_string_append (out, line->str);
  /* the last column stays free, or the cursor goes to the next line */
  if (width < terminal->width)
    g_string_append_printf (out, " %s", text);
}

void
orf_ctl_progress_show (OrfCtlProgress *progress, double share, const char *text)
{
  gint64 now_us = g_get_monotonic_time ();
  g_autoptr (GString) line = NULL;

  if (!progress->terminal.can_redraw ||
      (progress->drawn_us != 0 && now_us < progress->drawn_us + PERIOD_US))
    return;
  line = g_string_new ("\r");
  orf_ctl_progress_append (&progress->terminal, line, share, text);
  g_string_append (line, "\033[K");
  fputs (line->str, stderr);
  progress->drawn_us = now_us;
}
