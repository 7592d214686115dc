/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-demo-options.h"

#include <unistd.h>

#define MIB ((gint64) 1024 * 1024)

static const char *const laws[] = { "linear", "quadratic", "padded", NULL };
static const char *const misbehaviours[] = { "no", "lie", "hang", "die", "refuse", NULL };

/* As they stand on the command line, in units for people. */
typedef struct {
  char *name, *socket, *otlp, *simulated, *device, *law, *misbehave;
  gint64 limit_mib, weights_mib, idle_mib, base_mib, item_kib, pair_kib, leak_kib;
  gint64 leak_after, max_batch, n_batches, n_cache_keys, period_ms, report_ms, reload_ms, seed;
} Words;

static gboolean
find_word (
  const char *option, const char *const *words, const char *word, gint *index, GError **error)
{
  g_autofree char *all = g_strjoinv (", ", (char **) words);

  for (gint i = 0; words[i] != NULL; i++) {
    if (g_str_equal (words[i], word)) {
      *index = i;
      return TRUE;
    }
  }
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: one of %s", option, all);
  return FALSE;
}

static gboolean
check_ranges (const Words *words, GError **error)
{
  const struct {
    const char *option;
    gint64 value, maximum;
  } ranges[] = {
    /* a TiB, in each unit */
    { "--limit-mib", words->limit_mib, 1 << 20 },
    { "--weights-mib", words->weights_mib, 1 << 20 },
    { "--idle-mib", words->idle_mib, 1 << 20 },
    { "--base-mib", words->base_mib, 1 << 20 },
    { "--item-kib", words->item_kib, 1 << 30 },
    { "--pair-kib", words->pair_kib, 1 << 30 },
    { "--leak-kib", words->leak_kib, 1 << 30 },
    { "--leak-after", words->leak_after, G_MAXINT64 },
    { "--max-batch", words->max_batch, 1 << 20 },
    { "--batches", words->n_batches, G_MAXINT64 },
    { "--cache-keys", words->n_cache_keys, 1 << 30 },
    { "--period-ms", words->period_ms, 3600 * 1000 },
    { "--report-ms", words->report_ms, 3600 * 1000 },
    { "--reload-ms", words->reload_ms, 3600 * 1000 },
    { "--seed", words->seed, G_MAXUINT32 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (ranges); i++) {
    if (ranges[i].value < 0 || ranges[i].value > ranges[i].maximum) {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: 0 to %" G_GINT64_FORMAT,
                   ranges[i].option, ranges[i].maximum);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
parse_words (int *argc, char ***argv, Words *words, GError **error)
{
  const GOptionEntry entries[] = {
    { "name", 0, 0, G_OPTION_ARG_STRING, &words->name, "For people (demo-PID)", "NAME" },
    { "socket", 0, 0, G_OPTION_ARG_FILENAME, &words->socket, "The daemon's Unix socket", "PATH" },
    { "otlp", 0, 0, G_OPTION_ARG_STRING, &words->otlp,
      "Where spans of its batches go, such as http://127.0.0.1:5000 (none)", "URL" },
    { "simulated", 0, 0, G_OPTION_ARG_FILENAME, &words->simulated,
      "Memory of the daemon's simulated device, counted in FOLDER, its ORFEAS_SIMULATED_LEDGER "
      "(none: that of the first OpenCL device)",
      "FOLDER" },
    { "device", 0, 0, G_OPTION_ARG_STRING, &words->device,
      "As the daemon names it (that of the device; \"\" tells none)", "ID" },
    { "weights-mib", 0, 0, G_OPTION_ARG_INT64, &words->weights_mib,
      "Held as long as it runs (64); an aggressive cleanup unloads them", "N" },
    { "idle-mib", 0, 0, G_OPTION_ARG_INT64, &words->idle_mib,
      "Used once and left idle in the pool, as by a past peak (0)", "N" },
    { "limit-mib", 0, 0, G_OPTION_ARG_INT64, &words->limit_mib,
      "The pool never holds more (0: no limit)", "N" },
    { "max-batch", 0, 0, G_OPTION_ARG_INT64, &words->max_batch,
      "Items of the largest batch (32; 0: no batches)", "N" },
    { "law", 0, 0, G_OPTION_ARG_STRING, &words->law,
      "Memory of n items: linear (base + item*n), quadratic (+ pair*n^2), padded (n to a power of "
      "2)",
      "LAW" },
    { "base-mib", 0, 0, G_OPTION_ARG_INT64, &words->base_mib, "Of the law (4)", "N" },
    { "item-kib", 0, 0, G_OPTION_ARG_INT64, &words->item_kib, "Of the law (1024)", "N" },
    { "pair-kib", 0, 0, G_OPTION_ARG_INT64, &words->pair_kib, "Of the law (32)", "N" },
    { "leak-kib", 0, 0, G_OPTION_ARG_INT64, &words->leak_kib, "Never released, a batch (0)", "N" },
    { "leak-after", 0, 0, G_OPTION_ARG_INT64, &words->leak_after,
      "Batches before it begins to leak (0)", "N" },
    { "batches", 0, 0, G_OPTION_ARG_INT64, &words->n_batches,
      "Ends after so many, when the daemon has heard of them (0: goes on)", "N" },
    { "cache-keys", 0, 0, G_OPTION_ARG_INT64, &words->n_cache_keys,
      "So many different answers are kept in the daemon's cache, one asked for with each item (0: "
      "no cache)",
      "N" },
    { "period-ms", 0, 0, G_OPTION_ARG_INT64, &words->period_ms, "Between batches (500)", "N" },
    { "report-ms", 0, 0, G_OPTION_ARG_INT64, &words->report_ms, "Between reports (1000)", "N" },
    { "reload-ms", 0, 0, G_OPTION_ARG_INT64, &words->reload_ms,
      "No batches so long after an aggressive cleanup (10000)", "N" },
    { "seed", 0, 0, G_OPTION_ARG_INT64, &words->seed, "Of the batch sizes (1)", "N" },
    { "misbehave", 0, 0, G_OPTION_ARG_STRING, &words->misbehave,
      "For tests, when asked to clean up: lie, hang, die or refuse", "HOW" },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_set_summary (
    context, "A worker for orfeasd to look at: it runs batches of varying size from a pool,\n"
             "reports them, and gives memory back when it is asked. When the daemon knows it, it\n"
             "prints a line of JSON; SIGTERM ends it.");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  if (*argc > 1) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION, "%s: no such option",
                 (*argv)[1]);
    return FALSE;
  }
  return check_ranges (words, error);
}

static void
clear_words (Words *words)
{
  g_free (words->name);
  g_free (words->socket);
  g_free (words->otlp);
  g_free (words->simulated);
  g_free (words->device);
  g_free (words->law);
  g_free (words->misbehave);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Words, clear_words)

OrfDemoOptions *
orf_demo_options_parse (int *argc, char ***argv, GError **error)
{
  g_auto (Words) words = { .weights_mib = 64,
                           .base_mib = 4,
                           .item_kib = 1024,
                           .pair_kib = 32,
                           .max_batch = 32,
                           .period_ms = 500,
                           .report_ms = 1000,
                           .reload_ms = 10000,
                           .seed = 1 };
  OrfDemoOptions *options;
  gint law = 0;
  gint misbehave = 0;

  if (!parse_words (argc, argv, &words, error) ||
      (words.law != NULL && !find_word ("--law", laws, words.law, &law, error)) ||
      (words.misbehave != NULL &&
       !find_word ("--misbehave", misbehaviours, words.misbehave, &misbehave, error)))
    return NULL;

  options = g_new0 (OrfDemoOptions, 1);
  *options = (OrfDemoOptions){
    .name = g_steal_pointer (&words.name),
    .socket = g_steal_pointer (&words.socket),
    .otlp = g_steal_pointer (&words.otlp),
    .simulated = g_steal_pointer (&words.simulated),
    .device = g_steal_pointer (&words.device),
    .law = (OrfDemoLaw) law,
    .misbehave = (OrfDemoMisbehave) misbehave,
    .limit_bytes = words.limit_mib * MIB,
    .weights_bytes = words.weights_mib * MIB,
    .idle_bytes = words.idle_mib * MIB,
    .base_bytes = words.base_mib * MIB,
    .item_bytes = words.item_kib * 1024,
    .pair_bytes = words.pair_kib * 1024,
    .leak_bytes = words.leak_kib * 1024,
    .leak_after = words.leak_after,
    .max_batch = words.max_batch,
    .n_batches = words.n_batches,
    .n_cache_keys = words.n_cache_keys,
    .period_us = words.period_ms * 1000,
    .report_us = words.report_ms * 1000,
    .reload_us = words.reload_ms * 1000,
    .seed = (guint32) words.seed,
  };
  if (options->name == NULL)
    options->name = g_strdup_printf ("demo-%d", (int) getpid ());
  return options;
}

void
orf_demo_options_free (OrfDemoOptions *options)
{
  if (options == NULL)
    return;
  g_free (options->name);
  g_free (options->socket);
  g_free (options->otlp);
  g_free (options->simulated);
  g_free (options->device);
  g_free (options);
}

gint64
orf_demo_law_bytes (const OrfDemoOptions *options, gint64 n)
{
  gint64 padded = 1;

  switch (options->law) {
  case ORF_DEMO_LAW_QUADRATIC:
    return options->base_bytes + options->item_bytes * n + options->pair_bytes * n * n;
  case ORF_DEMO_LAW_PADDED:
    while (padded < n)
      padded *= 2;
    return options->base_bytes + options->item_bytes * padded;
  case ORF_DEMO_LAW_LINEAR:
  default:
    return options->base_bytes + options->item_bytes * n;
  }
}
