/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-ctl-board-view.h"
#include "orf-ctl-grid.h"

G_BEGIN_DECLS

/* The board as cells: from what is known, what was chosen, the terminal and the time alone. */

typedef struct {
  const OrfCtlBoard *board;
  const OrfCtlView *view;
  OrfCtlTerminal terminal; /* its width: of the part that is drawn; styles are always written */
  gint64 now_us;
  const char *address; /* of the daemon */
} OrfCtlScene;

void orf_ctl_board_draw (const OrfCtlScene *scene, OrfCtlGrid *grid);

/* The parts, each some lines of text, the most important first (orf-ctl-board-lines.c,
 * orf-ctl-board-tables.c). */
void orf_ctl_board_append_head (const OrfCtlScene *scene, GString *out);
void orf_ctl_board_append_health (const OrfCtlScene *scene, GString *out);
void orf_ctl_board_append_host (const OrfCtlScene *scene, GString *out);
void orf_ctl_board_append_requests (const OrfCtlScene *scene, GString *out);
void orf_ctl_board_append_cache (const OrfCtlScene *scene, GString *out);
void orf_ctl_board_append_foot (const OrfCtlScene *scene, GString *out);
void orf_ctl_board_append_devices (const OrfCtlScene *scene, GString *out);
void orf_ctl_board_append_expected (const OrfCtlScene *scene, GString *out);
void orf_ctl_board_append_alerts (const OrfCtlScene *scene, GString *out);
void orf_ctl_board_append_anomalies (const OrfCtlScene *scene, GString *out);
void orf_ctl_board_append_processes (const OrfCtlScene *scene, GString *out);
void orf_ctl_board_append_workers (const OrfCtlScene *scene, GString *out);
void orf_ctl_board_append_operations (const OrfCtlScene *scene, GString *out);

/* Where a feed has no answer, or a refusal, says so after the title (NULL: none); FALSE: it has. */
gboolean orf_ctl_board_append_absence (const OrfCtlScene *scene,
                                       GString *out,
                                       OrfCtlFeed feed,
                                       const char *title);

G_END_DECLS
