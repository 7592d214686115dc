/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-ctl-terminal.h"

G_BEGIN_DECLS

/* Rows of cells.  On a terminal the columns are aligned, and some may give way (with an
 * ellipsis; the rightmost first) so that a row fits its width; in a pipe cells are parted by a tab
 * and never shortened. */
typedef struct _OrfCtlTable OrfCtlTable;

typedef enum {
  ORF_CTL_COLUMN_RIGHT = 1 << 0, /* numbers */
  ORF_CTL_COLUMN_GIVES_WAY = 1 << 1,
} OrfCtlColumnFlags;

OrfCtlTable *orf_ctl_table_new (const OrfCtlTerminal *terminal);
void orf_ctl_table_free (OrfCtlTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCtlTable, orf_ctl_table_free)

/* All columns come before the first cell. */
void orf_ctl_table_add_column (OrfCtlTable *table, const char *title, OrfCtlColumnFlags flags);
/* The next cell, row by row.  The text is cleaned; NULL: not known. */
void orf_ctl_table_add (OrfCtlTable *table, OrfCtlStyle style, const char *text);
/* The same; takes text. */
void orf_ctl_table_take (OrfCtlTable *table, OrfCtlStyle style, char *text);
/* Spaces before each line on a terminal. */
void orf_ctl_table_set_indent (OrfCtlTable *table, guint indent);

guint orf_ctl_table_get_n_rows (const OrfCtlTable *table);
void orf_ctl_table_append_to (const OrfCtlTable *table, GString *out);

G_END_DECLS
