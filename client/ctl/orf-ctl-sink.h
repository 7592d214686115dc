/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdio.h>

#include "orf-schema-types.h"

#include "orf-ctl-terminal.h"

G_BEGIN_DECLS

/*
 * Where exported points go: standard output, or a file that has its name only when it is whole.
 * Until then it is NAME.part, which stays, with what was flushed, when the export ends before.
 */
typedef struct _OrfCtlSink OrfCtlSink;

/* format: one of orf_ctl_sink_formats.  path NULL: standard output, of which `terminal` tells what
 * it can show.  INVALID_ARGUMENT: no such format, or it needs a path; ALREADY_EXISTS: NAME.part is
 * there; UNAVAILABLE. */
OrfCtlSink *orf_ctl_sink_open (const char *format,
                               const char *path,
                               const OrfCtlTerminal *terminal,
                               GError **error);
/* Points without a value are left out.  What comes later of the same series goes on after them. */
gboolean orf_ctl_sink_add (OrfCtlSink *sink, const OrfMetricsSeriesPoints *series, GError **error);
/* What was added is there, whatever comes. */
gboolean orf_ctl_sink_flush (OrfCtlSink *sink, GError **error);
/* The file is whole: it gets its name, in the place of one that has it. */
gboolean orf_ctl_sink_finish (OrfCtlSink *sink, GError **error);
void orf_ctl_sink_free (OrfCtlSink *sink);

/* NULL: standard output, or nothing was flushed. */
const char *orf_ctl_sink_get_part (const OrfCtlSink *sink);
guint64 orf_ctl_sink_get_n_points (const OrfCtlSink *sink);
guint orf_ctl_sink_get_n_series (const OrfCtlSink *sink);

/* One way of writing them down; the rows of a table. */
typedef struct {
  const char *name;
  gboolean needs_path;
  /* file: where texts go; path: of the same file, NULL for standard output.  error is set where
   * NULL or FALSE is returned. */
  gpointer (*begin) (FILE *file, const char *path, const OrfCtlTerminal *terminal, GError **error);
  gboolean (*add) (gpointer self, const OrfMetricsSeriesPoints *series, GError **error);
  gboolean (*flush) (gpointer self, GError **error);
  void (*end) (gpointer self);
} OrfCtlSinkFormat;

/* {"key":"value"} */
void orf_ctl_sink_append_labels (GString *out, char *const *labels);

extern const OrfCtlSinkFormat orf_ctl_sink_csv, orf_ctl_sink_jsonl, orf_ctl_sink_sqlite;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCtlSink, orf_ctl_sink_free)

G_END_DECLS
