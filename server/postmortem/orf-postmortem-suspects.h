/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Suspects and what speaks against them.  Pure. */
typedef struct {
  const char *kind; /* static */
  char *name;
  double weight; /* of all facts */
  gint64 since_us;
  GPtrArray *facts; /* char * */
  GArray *weights;  /* double, of each fact */
} OrfPostmortemSuspect;

/* Of OrfPostmortemSuspect. */
GPtrArray *orf_postmortem_suspects_new (void);
/* The one of that kind and name, new or not; since_us: the earliest counts. */
OrfPostmortemSuspect *orf_postmortem_suspects_ensure (GPtrArray *suspects,
                                                      const char *kind,
                                                      const char *name,
                                                      gint64 since_us);
OrfPostmortemSuspect *
orf_postmortem_suspects_find (const GPtrArray *suspects, const char *kind, const char *name);
/* Takes fact; a sentence. */
void orf_postmortem_suspect_add (OrfPostmortemSuspect *suspect, double weight, char *fact);
/* Heaviest first; of the same weight the earliest. */
void orf_postmortem_suspects_rank (GPtrArray *suspects);
/* Its facts, the weightiest first, and at last `also` where that is not NULL; strings are copied.
 */
char **orf_postmortem_suspect_dup_facts (const OrfPostmortemSuspect *suspect, const char *also);

G_END_DECLS
