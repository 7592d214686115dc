/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

#include <glib.h>

#include "orf-schema-types.h"

G_BEGIN_DECLS

/*
 * One probe as a supervised child process: started, asked, given up when it hangs, floods or talks
 * nonsense, killed, reaped, and started again with back-off.  Nothing here blocks: all of it
 * happens in the main context that was given.
 */
typedef struct _OrfProbeChild OrfProbeChild;

typedef enum {
  ORF_PROBE_STARTING, /* no hello yet; of the first attempt */
  ORF_PROBE_OPERATIONAL,
  ORF_PROBE_UNAVAILABLE, /* gone; waits for its next start, or is in it */
} OrfProbeState;

typedef struct {
  const char *program; /* path of orfeas-probe */
  const char *backend;
  const char *const *arguments; /* KEY=VALUE words, NULL-terminated; may be NULL */
  gint64 start_timeout_us;      /* from start to hello */
  gint64 timeout_us;            /* from ask to answer */
  gint64 backoff_us;            /* before the first restart, doubled each time */
  gint64 backoff_max_us;        /* a probe that ran for as long begins anew */
  gsize max_line_bytes;         /* 0: 1 MiB */
  gint64 max_rss_bytes;         /* larger ones are killed; 0: 1 GiB */
} OrfProbeOptions;

typedef struct {
  /* What it found; after each start. */
  void (*hello) (gpointer user_data, const OrfProbeHello *hello);
  void (*sample) (gpointer user_data, const OrfProbeSample *sample);
  /* It is no longer operational; its devices are out of sight. */
  void (*lost) (gpointer user_data);
  /* An ask that orf_probe_child_ask() took has ended: by a sample, an error or the child's end.
   * Comes after those. */
  void (*settled) (gpointer user_data);
} OrfProbeChildEvents;

/* Starts at once; copies options and events.  No event before it returns.  context NULL: the
 * default. */
OrfProbeChild *orf_probe_child_new (const OrfProbeOptions *options,
                                    const OrfProbeChildEvents *events,
                                    gpointer user_data,
                                    GMainContext *context);
/* Kills.  The process is reaped by the context afterwards.  May not be called from an event. */
void orf_probe_child_free (OrfProbeChild *child);

/* TRUE: the answer, or its failure, will come as `settled`.  FALSE: it is not operational, or the
 * ask before is still open. */
gboolean orf_probe_child_ask (OrfProbeChild *child);
gboolean orf_probe_child_is_pending (OrfProbeChild *child);

OrfProbeState orf_probe_child_get_state (OrfProbeChild *child);
/* For a person; NULL while operational. */
const char *orf_probe_child_get_reason (OrfProbeChild *child);
/* It has told in order why it cannot work, and nothing else has happened to it since its start:
 * there is nothing for it here. */
gboolean orf_probe_child_has_declined (OrfProbeChild *child);
/* Starts after the first. */
guint orf_probe_child_get_restarts (OrfProbeChild *child);
/* -1: none runs */
pid_t orf_probe_child_get_pid (OrfProbeChild *child);
/* Resident, read now from /proc; -1: none runs. */
gint64 orf_probe_child_get_rss_bytes (OrfProbeChild *child);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfProbeChild, orf_probe_child_free)

G_END_DECLS
