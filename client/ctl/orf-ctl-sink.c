/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-sink.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "orf-encode.h"
#include "orf-error.h"

struct _OrfCtlSink {
  const OrfCtlSinkFormat *format;
  gpointer self; /* the format's */
  char *path;    /* NULL: standard output */
  char *part;    /* NULL: there is none, or it has got its name */
  FILE *file;
  gboolean flushed; /* what is in part is of use */
  guint64 n_points;
  GHashTable *series; /* texts */
};

static const OrfCtlSinkFormat *const formats[] = { &orf_ctl_sink_csv, &orf_ctl_sink_jsonl,
                                                   &orf_ctl_sink_sqlite };

static gboolean
refuse_file (GError **error, const char *path, const char *problem)
{
  g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "%s: %s: %s", path, problem,
               g_strerror (errno));
  return FALSE;
}

static const OrfCtlSinkFormat *
find_format (const char *name, gboolean has_path, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    if (!g_str_equal (formats[i]->name, name))
      continue;
    if (!formats[i]->needs_path || has_path)
      return formats[i];
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "--format %s needs --output FILE",
                 name);
    return NULL;
  }
  g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
               "--format: \"%s\" is none of csv, jsonl, sqlite", name);
  return NULL;
}

/* One export at a time, and none over what another left. */
static gboolean
create_part (OrfCtlSink *sink, GError **error)
{
  g_autofree char *part = g_strconcat (sink->path, ".part", NULL);
  int fd = g_open (part, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);

  if (fd < 0 && errno == EEXIST) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_ALREADY_EXISTS,
                 "%s is there, of an export that ended before its time or still runs: remove it, "
                 "or name another file",
                 part);
    return FALSE;
  }
  if (fd < 0)
    return refuse_file (error, part, "cannot be made");
  sink->part = g_steal_pointer (&part);
  sink->file = fdopen (fd, "w");
  return TRUE;
}

OrfCtlSink *
orf_ctl_sink_open (const char *format,
                   const char *path,
                   const OrfCtlTerminal *terminal,
                   GError **error)
{
  const OrfCtlSinkFormat *found = find_format (format, path != NULL, error);
  g_autoptr (OrfCtlSink) sink = NULL;

  if (found == NULL)
    return NULL;
  sink = g_new0 (OrfCtlSink, 1);
  sink->format = found;
  sink->series = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  sink->path = g_strdup (path);
  sink->file = stdout;
  if (path != NULL && !create_part (sink, error))
    return NULL;
  sink->self = sink->format->begin (sink->file, sink->part, terminal, error);
  return sink->self != NULL ? g_steal_pointer (&sink) : NULL;
}

gboolean
orf_ctl_sink_add (OrfCtlSink *sink, const OrfMetricsSeriesPoints *series, GError **error)
{
  guint64 n_known = 0;

  for (guint i = 0; i < series->points->len; i++)
    n_known += !isnan (g_array_index (series->points, OrfPoint, i).value);
  if (n_known == 0)
    return TRUE;
  if (!g_hash_table_contains (sink->series, series->series))
    g_hash_table_add (sink->series, g_strdup (series->series));
  sink->n_points += n_known;
  return sink->format->add (sink->self, series, error);
}

/* Whether all of standard output arrived is asked at the end of the program. */
gboolean
orf_ctl_sink_flush (OrfCtlSink *sink, GError **error)
{
  if (!sink->format->flush (sink->self, error))
    return FALSE;
  if (fflush (sink->file) != 0 && sink->part != NULL)
    return refuse_file (error, sink->part, "cannot be written");
  sink->flushed = TRUE;
  return TRUE;
}

static void
close_all (OrfCtlSink *sink)
{
  if (sink->format != NULL && sink->self != NULL)
    sink->format->end (g_steal_pointer (&sink->self));
  if (sink->file != NULL && sink->file != stdout)
    fclose (sink->file);
  sink->file = NULL;
}

gboolean
orf_ctl_sink_finish (OrfCtlSink *sink, GError **error)
{
  if (!orf_ctl_sink_flush (sink, error))
    return FALSE;
  sink->format->end (g_steal_pointer (&sink->self));
  if (sink->part == NULL)
    return TRUE;
  if (fsync (fileno (sink->file)) != 0)
    return refuse_file (error, sink->part, "cannot be written");
  if (g_rename (sink->part, sink->path) != 0)
    return refuse_file (error, sink->path, "cannot be made");
  g_clear_pointer (&sink->part, g_free);
  return TRUE;
}

void
orf_ctl_sink_free (OrfCtlSink *sink)
{
  close_all (sink);
  if (sink->part != NULL && !sink->flushed)
    g_unlink (sink->part);
  g_clear_pointer (&sink->series, g_hash_table_unref);
  g_free (sink->part);
  g_free (sink->path);
  g_free (sink);
}

const char *
orf_ctl_sink_get_part (const OrfCtlSink *sink)
{
  return sink->flushed ? sink->part : NULL;
}

void
orf_ctl_sink_append_labels (GString *out, char *const *labels)
{
  g_string_append_c (out, '{');
  for (guint i = 0; labels[i] != NULL; i += 2) {
    orf_encode_member (out, labels[i]);
    orf_encode_string (out, labels[i + 1], -1);
  }
  g_string_append_c (out, '}');
}

guint64
orf_ctl_sink_get_n_points (const OrfCtlSink *sink)
{
  return sink->n_points;
}

guint
orf_ctl_sink_get_n_series (const OrfCtlSink *sink)
{
  return g_hash_table_size (sink->series);
}
