/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * What the kernel holds this process to, from before a vendor's library is loaded to its end, so
 * that a driver which was tampered with, or tricked by what a device says, gets nowhere: no socket,
 * no other program or process, no signal to others, no look into their memory, nothing written but
 * in a cache folder, and no file read that a driver does not need.
 */
typedef enum {
  ORF_PROBE_CAGE_READER, /* reads /proc and /sys, and opens nothing to write */
  ORF_PROBE_CAGE_DRIVER, /* loads a vendor's library: devices, threads, a cache */
} OrfProbeCage;

/* Entering does nothing from now on: [gpu] probe_sandbox is false. */
void orf_probe_cage_turn_off (void);
/* For good; the first thing that a backend does, while there is one thread.  argv: the program's,
 * what its word library=/PATH names may be read. */
void orf_probe_cage_enter (OrfProbeCage cage, char **argv);
/* To be said behind a driver's refusal, which may be the cage's doing; "": it is not entered. */
const char *orf_probe_cage_get_hint (void);
/* What it lacks here, and why; "": nothing. */
const char *orf_probe_cage_get_gaps (void);
/* One that was told to be so by another process of this program. */
void orf_probe_cage_add_gaps (const char *gaps);

G_END_DECLS
