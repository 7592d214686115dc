/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * What programs say that they hold of the simulated device: a folder with a file for each, named
 * after its process id, whose line is "BYTES BUSY_US NAME".  BUSY_US is how long the device has
 * computed for it so far.  orfeas-demo-worker --simulated FOLDER writes one.  A line counts as
 * long as its process lives, as a driver's do.
 */
typedef struct {
  gint64 pid;
  gint64 used_bytes;
  gint64 busy_us;
  char *name;
} OrfSimulatedHolder;

/* Of OrfSimulatedHolder, by pid; empty where there is no such folder. */
GPtrArray *orf_simulated_ledger_read (const char *folder);

G_END_DECLS
