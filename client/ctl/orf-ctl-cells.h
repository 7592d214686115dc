/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <math.h>

#include "orf-ctl-table.h"
#include "orf-ctl.h"

G_BEGIN_DECLS

/* Cells of a table: short for a terminal, exact in a pipe.  NAN, and what is not known, is a dash.
 */

/* Integers that may be null become doubles that may be NAN: every formatter of ours knows those. */
#define ORF_CTL_OPTIONAL(object, member)                                                           \
  ((object)->has_##member ? (double) (object)->member : (double) NAN)

OrfCtlStyle orf_ctl_cells_get_severity_style (OrfSeverity severity);
OrfCtlStyle orf_ctl_cells_get_pressure_style (OrfPressureLevel level);
OrfCtlStyle orf_ctl_cells_get_worker_style (OrfWorkerState state);
/* Of 100; NAN: not known. */
OrfCtlStyle orf_ctl_cells_get_score_style (double score);

void
orf_ctl_cells_take_number (const OrfCtl *ctl, OrfCtlTable *table, OrfCtlStyle style, double value);
void orf_ctl_cells_take_percent (const OrfCtl *ctl,
                                 OrfCtlTable *table,
                                 OrfCtlStyle style,
                                 double percent);
/* As microseconds in a pipe. */
void orf_ctl_cells_take_duration (
  const OrfCtl *ctl, OrfCtlTable *table, OrfCtlStyle style, gboolean known, gint64 duration_us);
/* Of a series of that name, in its unit; in a pipe to a thousandth. */
void orf_ctl_cells_take_metric (
  const OrfCtl *ctl, OrfCtlTable *table, OrfCtlStyle style, const char *name, double value);
void orf_ctl_cells_take_count (OrfCtlTable *table, OrfCtlStyle style, gint64 count);

/* ---- with no table ----------------------------------------------------------------------------
 */

/* A part of such a line, made harmless; a dash of NULL. */
char *orf_ctl_cells_clean (const OrfCtl *ctl, const char *text);
/* A line of what is told of one thing; nothing of NULL. */
void
orf_ctl_cells_append_fact (const OrfCtl *ctl, GString *out, const char *name, const char *text);
/* What follows in a line that is printed by itself. */
void orf_ctl_cells_append (const OrfCtl *ctl, GString *out, OrfCtlStyle style, const char *text);

G_END_DECLS
