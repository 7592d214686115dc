/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-schema-methods.h"

G_BEGIN_DECLS

/*
 * The parts that status.get and health.check speak of, and how each is.  Decides from a snapshot of
 * facts; pure.
 */
typedef struct {
  gboolean store_writes;     /* FALSE: disk full or faulty */
  const char *store_fault;   /* why; NULL while it writes */
  const char *store_trouble; /* what goes wrong there though it writes; NULL: nothing */
  gboolean memory_short;     /* what comes from outside is refused */
  gboolean forecasts_off;    /* by config */
  gboolean anomalies_off;    /* the same */
  guint n_probes;
  guint n_probes_up;
  const char *probe_reason; /* of the first that is not up; NULL */
  guint n_nodes;            /* of Redis, that the cache has */
  guint n_nodes_away;
  const char *node, *node_reason; /* the first that is away, and why; NULL */
  gboolean built[ORF_N_METHODS];
} OrfComponentFacts;

typedef struct {
  const char *name; /* "gpu_optimizer" */
  OrfComponentState state;
  char *reason; /* NULL while operational */
} OrfComponent;

#define ORF_N_COMPONENTS 9

/* In the order of status.get's tiers. */
void
orf_components_decide (const OrfComponentFacts *facts, OrfComponent components[ORF_N_COMPONENTS]);
void orf_components_clear (OrfComponent components[ORF_N_COMPONENTS]);
/* Share of the schema's methods that are built, whole percent. */
guint orf_components_completion_percent (const OrfComponentFacts *facts);

G_END_DECLS
