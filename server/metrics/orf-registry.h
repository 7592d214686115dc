/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metrics/orf-open-chunk.h"
#include "metrics/orf-series-name.h"
#include "orf-schema-config.h"
#include "orf-schema-metrics.h"
#include "store/orf-sample-batch.h"

G_BEGIN_DECLS

/*
 * Which series there are: those active in memory, with their open chunks; the others in the file,
 * from where they come back with their id when they are named again.  Main context only.
 */
typedef struct _OrfRegistry OrfRegistry;

/* series.last_us in the file may be behind the series' samples by as much, after a crash. */
#define ORF_LAST_US_BEHIND (600 * G_GINT64_CONSTANT (1000000))

/* A metric family: what the series of one metric name have in common.  Kept in the file as the row
 * (name, '{}'). */
typedef struct {
  char *name;
  OrfSeriesKind kind;
  char *unit;      /* NULL: not told */
  char *help;      /* NULL: not told */
  GArray *buckets; /* of double, rising; NULL unless it is a histogram */
  gboolean builtin;
  gboolean defined;    /* by metrics.define, or has had samples */
  GQueue *definitions; /* metrics.define's, of which the first is being written; NULL: none */
} OrfFamily;

typedef enum {
  ORF_TAP_FORECASTS,
  ORF_TAP_ALERTS,
  ORF_TAP_ANOMALIES,
  ORF_N_TAPS,
} OrfTap;

/* Read by the whole folder, changed by the registry alone. */
typedef struct {
  OrfFamily *family; /* the registry's */
  char *text;        /* canonical */
  char **labels;     /* key, value, …, NULL, sorted; never NULL */
  gint64 id;         /* 0: not known yet, since the file is being asked */
  gint64 created_us;
  gint64 last_us; /* its newest sample; 0: none yet */
  double newest;  /* that sample's value, kept when the chunk is empty; NAN: none in this run */
  /* which of the registry's samples that was: n_samples then; 0: none in this run */
  guint64 newest_number;
  OrfOpenChunk chunk;
  gboolean scraped; /* another tells it to Prometheus: its label target is a target of [scrape] */
  gboolean plain;   /* its labels are told to Prometheus as they stand in text */
  double total;     /* of a histogram's series: counted so far; NAN: not begun in this run */
  guint tap_numbers[ORF_N_TAPS]; /* each tap's own; 0 at first */
} OrfSeries;

/* Loads the series that had samples within [metrics] idle_us, at most max_series.  INVALID_ARGUMENT
 * when [metrics] builtin_series is not below max_series.  store and config outlive it. */
OrfRegistry *orf_registry_new (const OrfConfig *config, OrfStore *store, GError **error);
void orf_registry_free (OrfRegistry *registry);

/* The series of a built-in metric; label_values as its label_names, NULL-terminated.  NULL when the
 * built-in share is used up, which is counted and logged once a minute. */
OrfSeries *orf_registry_get_builtin (OrfRegistry *registry,
                                     OrfMetricId metric,
                                     const char *const *label_values);
/* Borrowed; NULL: not active. */
OrfSeries *orf_registry_find (OrfRegistry *registry, const char *name, char *const *labels);
OrfFamily *orf_registry_find_family (OrfRegistry *registry, const char *name);

/* Makes sure that metrics with these names are in memory where the file has them; NULL in metrics
 * for one that nobody has defined or recorded yet.  Calls done at once when nothing has to be read.
 * names is copied; on error (RESOURCE_EXHAUSTED, UNAVAILABLE, …) families is NULL.  Arrays and what
 * they point at are valid during the call. */
typedef void (*OrfFamiliesResolved) (gpointer user_data,
                                     OrfFamily *const *families,
                                     guint n_families,
                                     const GError *error);
void orf_registry_resolve_families (OrfRegistry *registry,
                                    const char *const *names,
                                    guint n_names,
                                    OrfFamiliesResolved done,
                                    gpointer user_data);

/* Makes the series active, with their ids: found in the file, or new (kind, unit and help from the
 * metric, a gauge where there is none; metric_kind is used for a metric not seen before).  All or
 * none; RESOURCE_EXHAUSTED beyond max_series less what is kept for the built-in ones.  names
 * checked by the caller, copied here. */
typedef struct {
  const char *name;
  char *const *labels; /* may be NULL */
  OrfSeriesKind kind;  /* of a new metric; UNSET: a gauge */
  const char *unit;    /* of a new metric; NULL: not told */
  const char *help;    /* the same */
} OrfSeriesRef;
typedef void (*OrfSeriesResolved) (gpointer user_data,
                                   OrfSeries *const *series,
                                   guint n_series,
                                   const GError *error);
void orf_registry_resolve (OrfRegistry *registry,
                           const OrfSeriesRef *refs,
                           guint n_refs,
                           OrfSeriesResolved done,
                           gpointer user_data);
/* How many more series of outside there may be. */
guint orf_registry_get_outside_room (OrfRegistry *registry);
/* A series in use between two turns of the loop is held, so that it is not retired meanwhile. */
void orf_registry_hold (OrfRegistry *registry, OrfSeries *series);
void orf_registry_release (OrfRegistry *registry, OrfSeries *series);

/* Adds the row of series to batch, unless the store was told of it before. */
void orf_registry_declare (OrfRegistry *registry, OrfSeries *series, OrfSampleBatch *batch);
/* A sample that the store has, or will have: to the open chunk. */
void orf_registry_append (OrfRegistry *registry, OrfSeries *series, gint64 t_us, double value);
/* Who looks at each sample on its way to its chunk, and is told of series that go; it does little
 * in it.  NULL: nobody any more. */
typedef struct {
  void (*sample) (gpointer user_data, OrfSeries *series, gint64 t_us, double value);
  void (*gone) (gpointer user_data, OrfSeries *series);
  gpointer user_data;
} OrfRegistryTap;
void orf_registry_set_tap (OrfRegistry *registry, OrfTap which, const OrfRegistryTap *tap);
/* A built-in series got its id: the points of its chunk are not in the file yet. */
void orf_registry_set_resolved (OrfRegistry *registry,
                                void (*resolved) (gpointer user_data, OrfSeries *series),
                                gpointer user_data);

/* The definition of a metric, as told by metrics.define: changed in memory, once the store has the
 * rows that orf_registry_describe() made for it (the metric's own and those of its active series).
 * The metric's row is asked for before by orf_registry_resolve() of (name, {}). */
typedef struct {
  OrfSeriesKind kind;
  const char *unit;
  const char *help;
  GArray *buckets; /* may be NULL */
} OrfFamilyDefinition;
GPtrArray *orf_registry_describe (OrfRegistry *registry,
                                  OrfSeries *series,
                                  const OrfFamilyDefinition *definition);
void orf_registry_define (OrfRegistry *registry,
                          OrfFamily *family,
                          const OrfFamilyDefinition *definition);

/* Each tick: retires what is idle, trims quiet chunks, tells the file when a series was last seen
 * (every five minutes); a bounded number at a time. */
void orf_registry_tick (OrfRegistry *registry, gint64 now_us);
/* Before the store is closed: tells it all that is not told yet. */
void orf_registry_flush (OrfRegistry *registry);
/* After ready: reads the open chunks' past from the file, in the background. */
void orf_registry_rebuild (OrfRegistry *registry);

/* A family is held, so that what was loaded of it stays in memory. */
void orf_registry_hold_family (OrfRegistry *registry, OrfFamily *family);
void orf_registry_release_family (OrfRegistry *registry, OrfFamily *family);

/* How it was changed so far, for those who keep something made of it: series that came, went, or
 * have another definition; samples. */
typedef struct {
  guint64 n_changes;
  guint64 n_samples;
} OrfRegistryVersion;
OrfRegistryVersion orf_registry_get_version (OrfRegistry *registry);

/* All active series by canonical text: OrfSeries, borrowed until the next turn of the loop. */
GPtrArray *orf_registry_get_active (OrfRegistry *registry);
guint orf_registry_get_n_active (OrfRegistry *registry);
/* For status.get: series and names; chunks. */
gsize orf_registry_get_size_bytes (OrfRegistry *registry);
gsize orf_registry_get_chunk_bytes (OrfRegistry *registry);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfRegistry, orf_registry_free)

G_END_DECLS
