/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-registry.h"

G_BEGIN_DECLS

/* What the registry's own files share. */

typedef struct {
  OrfFamily base;
  guint n_series;  /* active ones */
  guint n_waiters; /* who asked for it by name, or holds it */
  gboolean loaded; /* its definition was looked for in the file */
} OrfFamilyEntry;

typedef struct {
  OrfSeries base;
  guint index; /* in OrfRegistry.all */
  guint n_holds;
  gint64 told_us;    /* last_us as the file has it */
  gboolean declared; /* the store was told of its row */
  gboolean asked;    /* the lookup in flight asks for it */
  gboolean outside;  /* counts against the clients' share */
} OrfSeriesEntry;

typedef struct _OrfResolveWaiter OrfResolveWaiter;

struct _OrfRegistry {
  const OrfConfig *config;
  OrfStore *store;
  OrfOpenLimits limits;
  GHashTable *families; /* name -> OrfFamilyEntry, owned */
  GHashTable *series;   /* canonical text -> OrfSeriesEntry, owned by `all` */
  GPtrArray *all;       /* OrfSeriesEntry, in no order */
  GPtrArray *sorted;    /* the same by canonical text; NULL: to be made */
  GPtrArray *unsorted;  /* what has to be put into `sorted` */
  guint n_outside;
  gint64 max_id;
  gint64 started_us;
  gsize size_bytes, chunk_bytes;
  OrfRegistryVersion version;

  OrfSeries *plain[ORF_N_METRICS];    /* the built-in series without labels */
  GPtrArray *labelled[ORF_N_METRICS]; /* and those with */
  gint64 builtin_refused_us;          /* monotonic time of the last warning */

  /* lookups in the file: see orf-registry-resolve.c */
  GPtrArray *unresolved;             /* OrfSeriesEntry with no id, not asked for yet */
  GPtrArray *unloaded;               /* OrfFamilyEntry, not looked for yet */
  GPtrArray *asked, *asked_families; /* what the lookup in flight asks for; NULL: there is none */
  GSource *lookup_source;            /* begins one at the end of this turn */
  GQueue waiters;                    /* OrfResolveWaiter */
  void (*resolved) (gpointer user_data, OrfSeries *series);
  gpointer resolved_data;
  OrfRegistryTap taps[ORF_N_TAPS]; /* sample NULL: none */
  OrfCancel *closing;

  /* rebuilding chunks: see orf-registry-load.c */
  gint64 rebuild_to_us, rebuild_until_us;
  gint64 slice_end_us;    /* of the slice that is being read */
  GHashTable *rebuilding; /* id -> OrfSeriesEntry, held */

  guint tick_at; /* in `all`: where the next tick's round goes on */
};

OrfFamilyEntry *orf_registry_add_family (OrfRegistry *registry, const char *name);
/* Forgets it, unless something needs it. */
void orf_registry_drop_family (OrfRegistry *registry, OrfFamilyEntry *family);
void
orf_family_define (OrfRegistry *registry, OrfFamily *family, const OrfFamilyDefinition *definition);
/* From the file; what is built in stays as the schema has it. */
void orf_registry_define_from_row (OrfRegistry *registry,
                                   OrfFamilyEntry *family,
                                   const OrfSeriesRow *row);

/* A new entry with no id; labels may be NULL, text is taken. */
OrfSeriesEntry *orf_registry_add_series (
  OrfRegistry *registry, OrfFamilyEntry *family, char *const *labels, char *text, gboolean outside);
void orf_registry_remove_series (OrfRegistry *registry, OrfSeriesEntry *entry);

/* Asks the file, at the end of this turn, for what is in `unresolved` and `unloaded`. */
void orf_registry_schedule_lookup (OrfRegistry *registry);
void orf_registry_close_lookups (OrfRegistry *registry);

gboolean orf_registry_load (OrfRegistry *registry, GError **error);

G_END_DECLS
