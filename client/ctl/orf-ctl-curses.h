/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-ctl-grid.h"

G_BEGIN_DECLS

/* The terminal as a whole screen, by ncurses; of which there is one a process. */

/* INVALID_ARGUMENT where the terminal cannot be drawn on. */
gboolean orf_ctl_curses_open (const OrfCtlTerminal *terminal, GError **error);
/* The terminal as it was. */
void orf_ctl_curses_close (void);

/* How large it is now; what is larger than ncurses' screens is cut. */
void orf_ctl_curses_measure (guint *width, guint *height);
/* Only what changed is written. */
void orf_ctl_curses_show (const OrfCtlGrid *grid);
/* A character or an ORF_CTL_KEY_...; -1: none is waiting. */
int orf_ctl_curses_read_key (void);

G_END_DECLS
