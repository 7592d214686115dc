/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-ctl-terminal.h"

G_BEGIN_DECLS

/* A screen as rows of cells, before any terminal has it. */
typedef struct {
  gunichar c; /* 0: the right half of the wide one before it */
  OrfCtlStyle style;
} OrfCtlCell;

typedef struct _OrfCtlGrid OrfCtlGrid;

/* All of it spaces. */
OrfCtlGrid *orf_ctl_grid_new (guint width, guint height);
void orf_ctl_grid_free (OrfCtlGrid *grid);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCtlGrid, orf_ctl_grid_free)

guint orf_ctl_grid_get_width (const OrfCtlGrid *grid);
guint orf_ctl_grid_get_height (const OrfCtlGrid *grid);
const OrfCtlCell *orf_ctl_grid_get_row (const OrfCtlGrid *grid, guint y);

typedef struct {
  guint x, y, width, height;
} OrfCtlArea;
/* Lines of text, styled as orf_ctl_terminal_append() does it; what does not fit is left out. */
void orf_ctl_grid_put (OrfCtlGrid *grid, OrfCtlArea area, const char *text);

/* Its lines without styles and trailing spaces. */
char *orf_ctl_grid_dup_text (const OrfCtlGrid *grid);

G_END_DECLS
