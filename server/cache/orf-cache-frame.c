/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cache/orf-cache-frame.h"

#include <math.h>

#include "cache/orf-cache-names.h"
#include "core/orf-clock.h"

/* The rate is of so many frames, a minute at [host] sample_us as it comes: one answer that is late
 * makes no alarm, and a deploy is seen. */
#define WINDOW_FRAMES 60
/* Fewer gets in them tell nothing: three misses in a quiet night are no fault. */
#define MIN_GETS 100
/* What keys without a namespace have as their label. */
#define NO_NAME "(none)"
/* When there was no place for a series it is looked for again. */
#define RETRY_US (60 * ORF_US_PER_S)

typedef struct {
  guint64 hits, misses;
} Gets;

/* A series that is not ours alone. */
typedef struct {
  OrfSeriesRef ref;
  OrfSeries *series; /* held; NULL: not there yet */
} Shared;

enum { RATE, SAVED, N_SHARED };

typedef struct {
  char *name, *problem;
  gboolean is_away, has_keys;
  double up, latency_us; /* NAN: not known */
} Node;

struct _OrfCacheFrame {
  OrfCache *cache;
  OrfSampler *sampler;
  OrfRegistry *registry;
  const OrfConfig *config;
  GArray *names; /* OrfCacheName, as told last; NULL: not yet */
  GArray *nodes; /* Node, with the names */
  Gets window[WINDOW_FRAMES];
  guint64 n_frames;
  guint64 saved_us;
  Shared shared[N_SHARED];
  gboolean resolving;
  gint64 retry_us; /* monotonic */
};

/* ---- series that others may record too ------------------------------------------------------- */

static void
resolved_cb (gpointer user_data, OrfSeries *const *series, guint n_series, const GError *error)
{
  OrfCacheFrame *frame = user_data;

  frame->resolving = FALSE;
  if (error != NULL) {
    g_message ("the cache's hit rate is not recorded: %s", error->message);
    frame->retry_us = orf_clock_monotonic_us () + RETRY_US;
    return;
  }
  for (guint i = 0; i < n_series; i++) {
    frame->shared[i].series = series[i];
    orf_registry_hold (frame->registry, series[i]);
  }
}

static void
resolve (OrfCacheFrame *frame)
{
  OrfSeriesRef refs[N_SHARED];

  if (frame->resolving || frame->shared[0].series != NULL ||
      orf_clock_monotonic_us () < frame->retry_us)
    return;
  for (guint i = 0; i < N_SHARED; i++)
    refs[i] = frame->shared[i].ref;
  frame->resolving = TRUE;
  orf_registry_resolve (frame->registry, refs, N_SHARED, resolved_cb, frame);
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static void
clear_node_cb (gpointer node)
{
  g_free (((Node *) node)->name);
  g_free (((Node *) node)->problem);
}

/* One that never served is not known to be away: it may not be there yet. */
static double
get_up (const OrfCacheNode *node)
{
  if (node->state == ORF_CACHE_NODE_STATE_UP)
    return 1;
  /* with its first connection it is not yet believed, with a later one not again */
  return node->connections > (node->state == ORF_CACHE_NODE_STATE_CONNECTING) ? 0 : NAN;
}

static GArray *
copy_nodes (const OrfCacheL2Stats *level2)
{
  GArray *nodes = g_array_new (FALSE, FALSE, sizeof (Node));

  g_array_set_clear_func (nodes, clear_node_cb);
  for (guint i = 0; i < level2->nodes->len; i++) {
    const OrfCacheNode *told = level2->nodes->pdata[i];
    const Node node = {
      .name = g_strdup (told->name),
      .problem = g_strdup (told->problem),
      .has_keys = told->share_percent > 0,
      .is_away = told->state == ORF_CACHE_NODE_STATE_DOWN || get_up (told) == 0,
      .up = get_up (told),
      .latency_us = told->state == ORF_CACHE_NODE_STATE_UP && told->has_latency_us
                      ? (double) told->latency_us
                      : NAN,
    };

    g_array_append_val (nodes, node);
  }
  return nodes;
}

static void
fill_node (OrfFrame *frame, const Node *node)
{
  const char *const labels[] = { node->name, NULL };

  orf_frame_add (frame, ORF_METRIC_CACHE_NODE_UP, labels, node->up);
  orf_frame_add (frame, ORF_METRIC_CACHE_NODE_LATENCY_US, labels, node->latency_us);
}

/* ---- frames ---------------------------------------------------------------------------------- */

static void
reported_cb (gpointer user_data, const GArray *names, const OrfCacheL2Stats *level2)
{
  OrfCacheFrame *frame = user_data;

  g_clear_pointer (&frame->names, g_array_unref);
  g_clear_pointer (&frame->nodes, g_array_unref);
  frame->names = g_array_copy ((GArray *) names);
  frame->nodes = copy_nodes (level2);
  orf_sampler_settle (frame->sampler, frame);
}

static gboolean
begin_cb (gpointer self)
{
  OrfCacheFrame *frame = self;

  orf_cache_report (frame->cache, reported_cb, frame);
  return TRUE;
}

static Gets
add_up (OrfCacheFrame *frame)
{
  Gets sum = { 0 };

  frame->saved_us = 0;
  for (guint i = 0; i < frame->names->len; i++) {
    const OrfCacheName *name = &g_array_index (frame->names, OrfCacheName, i);

    sum.hits += name->hits;
    sum.misses += name->misses;
    frame->saved_us += name->saved_us;
  }
  return sum;
}

/* NAN: too few asked. */
static double
get_rate (OrfCacheFrame *frame, Gets now)
{
  Gets *oldest = &frame->window[frame->n_frames++ % WINDOW_FRAMES];
  guint64 hits = now.hits - oldest->hits, misses = now.misses - oldest->misses;

  *oldest = now;
  return hits + misses >= MIN_GETS ? 100.0 * (double) hits / (double) (hits + misses) : NAN;
}

static void
fill_name (OrfFrame *frame, const OrfCacheName *name)
{
  const char *const labels[] = { name->name[0] != '\0' ? name->name : NO_NAME, NULL };

  if (name->hits + name->misses + name->entries == 0)
    return;
  orf_frame_add (frame, ORF_METRIC_CACHE_HITS, labels, (double) name->hits);
  orf_frame_add (frame, ORF_METRIC_CACHE_MISSES, labels, (double) name->misses);
  orf_frame_add (frame, ORF_METRIC_CACHE_EVICTIONS, labels, (double) name->evictions);
  orf_frame_add (frame, ORF_METRIC_CACHE_ENTRIES, labels, (double) name->entries);
  orf_frame_add (frame, ORF_METRIC_CACHE_BYTES, labels, (double) name->bytes);
  if (name->n_timed > 0)
    orf_frame_add (frame, ORF_METRIC_CACHE_GET_US, labels,
                   (double) name->timed_us / (double) name->n_timed);
}

static void
fill_cb (gpointer self, OrfFrame *out)
{
  OrfCacheFrame *frame = self;
  Gets gets;
  double rate;

  if (frame->names == NULL)
    return;
  gets = add_up (frame);
  rate = get_rate (frame, gets);
  for (guint i = 0; i < frame->names->len; i++)
    fill_name (out, &g_array_index (frame->names, OrfCacheName, i));
  for (guint i = 0; i < frame->nodes->len; i++)
    fill_node (out, &g_array_index (frame->nodes, Node, i));
  if (gets.hits + gets.misses == 0)
    return;
  resolve (frame);
  if (frame->shared[RATE].series != NULL && !isnan (rate))
    orf_frame_add_series (out, frame->shared[RATE].series, rate);
  if (frame->shared[SAVED].series != NULL)
    orf_frame_add_series (out, frame->shared[SAVED].series, (double) frame->saved_us);
}

static gint64
get_period_cb (gpointer self)
{
  return ((OrfCacheFrame *) self)->config->host.sample_us;
}

OrfCacheFrame *
orf_cache_frame_new (OrfCache *cache,
                     OrfSampler *sampler,
                     OrfRegistry *registry,
                     const OrfConfig *config)
{
  static const OrfSamplerSource ops = {
    .begin = begin_cb,
    .fill = fill_cb,
    .get_period_us = get_period_cb,
  };
  OrfCacheFrame *frame = g_new0 (OrfCacheFrame, 1);

  frame->cache = cache;
  frame->sampler = sampler;
  frame->registry = registry;
  frame->config = config;
  frame->shared[RATE].ref = (OrfSeriesRef){
    .name = "cache.hit_rate_percent",
    .kind = ORF_SERIES_KIND_GAUGE,
    .unit = "percent",
    .help = "Share of gets that found a value, of the last minute.",
  };
  frame->shared[SAVED].ref = (OrfSeriesRef){
    .name = "cache.saved_us",
    .kind = ORF_SERIES_KIND_COUNTER,
    .unit = "us",
    .help = "What hits would have taken to make.",
  };
  orf_sampler_add_source (sampler, &ops, frame);
  return frame;
}

/* with_keys: only those; a cluster's others stand in for them, or have gone. */
static OrfCacheNodesLook
look_at (const GArray *nodes, gboolean with_keys)
{
  OrfCacheNodesLook look = { 0 };

  for (guint i = 0; i < nodes->len; i++) {
    const Node *node = &g_array_index (nodes, Node, i);

    if (with_keys && !node->has_keys)
      continue;
    look.n_nodes++;
    if (node->is_away && look.n_away++ == 0) {
      look.name = node->name;
      look.problem = node->problem;
    }
  }
  return look;
}

OrfCacheNodesLook
orf_cache_frame_look_at_nodes (OrfCacheFrame *frame)
{
  OrfCacheNodesLook look = { 0 };

  if (frame->nodes == NULL)
    return look;
  look = look_at (frame->nodes, TRUE);
  /* a cluster that was never reached: nobody knows who has what */
  return look.n_nodes > 0 ? look : look_at (frame->nodes, FALSE);
}

void
orf_cache_frame_free (OrfCacheFrame *frame)
{
  g_clear_pointer (&frame->names, g_array_unref);
  g_clear_pointer (&frame->nodes, g_array_unref);
  g_free (frame);
}
