/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The whole is what the kernel counted last (once a second, so that nothing is read for a call),
 * and what the parts grew by since: a burst within the second is seen too.  The cache is no part of
 * it: however large it is, samples have what they had without it.
 */
#include "core/orf-memory.h"

#include "orf-error.h"

/* What a refused caller is told to wait: memory is looked at once a second. */
#define RETRY_MS 1000
/* What one series may cost: 16 labels of 64 + 256 bytes, twice (canonical text, strings), and its
 * row. */
#define SERIES_MAX_BYTES (12 * 1024)
/* One point of an open chunk. */
#define POINT_BYTES 12

typedef struct {
  gint64 (*get_used_bytes) (gpointer user_data);
  gpointer user_data;
  gint64 counted_bytes; /* atomic: any thread adds to it */
} Part;

struct _OrfMemory {
  const OrfConfig *config;
  Part parts[ORF_N_MEMORY_PARTS];
  gint64 resident_bytes;   /* without the cache's */
  gint64 parts_then_bytes; /* the parts' sum when resident_bytes was so */
  gboolean is_short;
};

OrfMemory *
orf_memory_new (const OrfConfig *config)
{
  OrfMemory *memory = g_new0 (OrfMemory, 1);

  memory->config = config;
  return memory;
}

void
orf_memory_free (OrfMemory *memory)
{
  g_free (memory);
}

void
orf_memory_add (OrfMemory *memory, OrfMemoryPart part, gint64 bytes)
{
  if (memory != NULL)
    __atomic_fetch_add (&memory->parts[part].counted_bytes, bytes, __ATOMIC_RELAXED);
}

void
orf_memory_report (OrfMemory *memory,
                   OrfMemoryPart part,
                   gint64 (*get_used_bytes) (gpointer user_data),
                   gpointer user_data)
{
  if (memory == NULL)
    return;
  memory->parts[part].get_used_bytes = get_used_bytes;
  memory->parts[part].user_data = user_data;
}

static gint64
get_used (const OrfMemory *memory, OrfMemoryPart part)
{
  const Part *one = &memory->parts[part];

  return __atomic_load_n (&one->counted_bytes, __ATOMIC_RELAXED) +
         (one->get_used_bytes != NULL ? one->get_used_bytes (one->user_data) : 0);
}

static gint64
sum_parts (const OrfMemory *memory)
{
  gint64 sum = 0;

  for (guint i = 0; i < ORF_N_MEMORY_PARTS; i++)
    if (i != ORF_MEMORY_CACHE)
      sum += get_used (memory, i);
  return sum;
}

void
orf_memory_note_resident (OrfMemory *memory, gint64 rss_bytes)
{
  memory->resident_bytes = MAX (rss_bytes - get_used (memory, ORF_MEMORY_CACHE), 0);
  memory->parts_then_bytes = sum_parts (memory);
  /* so that the change is told when it comes, not when somebody next asks */
  orf_memory_is_short (memory);
}

/* Those of series follow from what bounds them. */
static gint64
get_budget (const OrfMemory *memory, OrfMemoryPart part)
{
  const OrfConfig *config = memory->config;

  switch (part) {
  case ORF_MEMORY_REGISTRY:
    return config->metrics.max_series * SERIES_MAX_BYTES;
  case ORF_MEMORY_OPEN_CHUNKS:
    return config->metrics.max_series * config->metrics.open_points * POINT_BYTES;
  case ORF_MEMORY_SQLITE:
    return config->store.memory_bytes;
  case ORF_MEMORY_WRITES:
    return config->memory.writes_bytes;
  case ORF_MEMORY_CONNECTIONS:
    return config->memory.connections_bytes;
  case ORF_MEMORY_RPC:
    return config->memory.rpc_bytes;
  case ORF_MEMORY_QUERIES:
    return config->memory.queries_bytes;
  case ORF_MEMORY_STREAMS:
    return config->memory.streams_bytes;
  case ORF_MEMORY_INGEST:
    return config->memory.ingest_bytes;
  case ORF_MEMORY_ALERTS:
    return config->memory.alerts_bytes;
  case ORF_MEMORY_FORECASTS:
    return config->memory.forecasts_bytes;
  case ORF_MEMORY_ANOMALIES:
    return config->memory.anomalies_bytes;
  case ORF_MEMORY_CACHE:
    return config->cache.l1_bytes;
  case ORF_N_MEMORY_PARTS:
    break;
  }
  g_return_val_if_reached (0);
}

OrfMemoryUse
orf_memory_get_use (OrfMemory *memory, OrfMemoryPart part)
{
  return (OrfMemoryUse){ get_used (memory, part), get_budget (memory, part) };
}

OrfMemoryUse
orf_memory_get_whole (OrfMemory *memory)
{
  gint64 parts = sum_parts (memory);
  gint64 grown = MAX (parts - memory->parts_then_bytes, 0);

  return (OrfMemoryUse){ MAX (memory->resident_bytes + grown, parts),
                         memory->config->memory.budget_bytes };
}

static gboolean
is_above (OrfMemoryUse use, gint64 percent)
{
  return use.used_bytes * 100 >= use.budget_bytes * percent;
}

gboolean
orf_memory_is_short (OrfMemory *memory)
{
  OrfMemoryUse whole = orf_memory_get_whole (memory);
  gboolean was_short = memory->is_short;

  memory->is_short = is_above (whole, was_short ? memory->config->memory.ingest_resume_percent
                                                : memory->config->memory.ingest_stop_percent);
  if (memory->is_short && !was_short)
    g_warning ("samples from outside are refused: %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
               " bytes are used ([memory] budget_bytes)",
               whole.used_bytes, whole.budget_bytes);
  else if (was_short && !memory->is_short)
    g_message ("samples from outside are taken again: %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
               " bytes are used",
               whole.used_bytes, whole.budget_bytes);
  return memory->is_short;
}

static const char *
get_key (OrfMemoryPart part)
{
  static const char *const keys[ORF_N_MEMORY_PARTS] = {
    [ORF_MEMORY_REGISTRY] = "metrics.max_series",
    [ORF_MEMORY_OPEN_CHUNKS] = "metrics.open_points",
    [ORF_MEMORY_SQLITE] = "store.memory_bytes",
    [ORF_MEMORY_WRITES] = "memory.writes_bytes",
    [ORF_MEMORY_CONNECTIONS] = "memory.connections_bytes",
    [ORF_MEMORY_RPC] = "memory.rpc_bytes",
    [ORF_MEMORY_QUERIES] = "memory.queries_bytes",
    [ORF_MEMORY_STREAMS] = "memory.streams_bytes",
    [ORF_MEMORY_INGEST] = "memory.ingest_bytes",
    [ORF_MEMORY_ALERTS] = "memory.alerts_bytes",
    [ORF_MEMORY_FORECASTS] = "memory.forecasts_bytes",
    [ORF_MEMORY_ANOMALIES] = "memory.anomalies_bytes",
    [ORF_MEMORY_CACHE] = "cache.l1_bytes",
  };

  g_assert (part < ORF_N_MEMORY_PARTS);
  return keys[part];
}

static gboolean
refuse (OrfMemoryUse use, const char *what, const char *key, GError **error)
{
  g_propagate_error (error, orf_error_new_retry (ORF_ERROR_RESOURCE_EXHAUSTED, RETRY_MS,
                                                 "%s: %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT
                                                 " bytes are used (%s)",
                                                 what, use.used_bytes, use.budget_bytes, key));
  return FALSE;
}

gboolean
orf_memory_check_part (OrfMemory *memory, OrfMemoryPart part, GError **error)
{
  OrfMemoryUse use;

  if (memory == NULL)
    return TRUE;
  use = orf_memory_get_use (memory, part);
  return use.used_bytes < use.budget_bytes ||
         refuse (use, "too much is under way", get_key (part), error);
}

gboolean
orf_memory_check_ingest (OrfMemory *memory, GError **error)
{
  if (memory == NULL || !orf_memory_is_short (memory))
    return TRUE;
  return refuse (orf_memory_get_whole (memory),
                 "memory is short, and what brings data is refused first", "memory.budget_bytes",
                 error);
}
