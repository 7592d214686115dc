/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/orf-stalls.h"

#include "core/orf-clock.h"

/* Sources that are counted by their names, of which each is a series: the methods are some 120, and
 * what else takes turns some 30.  More would be one, "other". */
#define MAX_SOURCES 200
/* Between two lines in the log; what came meanwhile is counted in the second. */
#define LINE_US (10 * ORF_US_PER_S)
/* From here on somebody should look. */
#define WARNING_US ORF_US_PER_S

typedef struct {
  char *source;
  guint64 n;
} Count;

struct _OrfStalls {
  OrfStall latest[ORF_STALLS_KEPT]; /* a ring */
  guint64 n;                        /* ever */
  GArray *counts;                   /* Count, by the order in which they came */
  gint64 line_us;                   /* of the last line in the log, monotonic; 0: none */
  guint n_unsaid;
};

static void
count_clear_cb (gpointer count)
{
  g_free (((Count *) count)->source);
}

static Count *
find_count (OrfStalls *stalls, const char *source)
{
  Count fresh = { NULL, 0 };

  if (stalls->counts->len == MAX_SOURCES)
    source = "other";
  for (guint i = 0; i < stalls->counts->len; i++) {
    Count *count = &g_array_index (stalls->counts, Count, i);

    if (g_str_equal (count->source, source))
      return count;
  }
  fresh.source = g_strdup (source);
  g_array_append_val (stalls->counts, fresh);
  return &g_array_index (stalls->counts, Count, stalls->counts->len - 1);
}

static void
say (OrfStalls *stalls, const OrfStall *stall)
{
  gint64 now_us = orf_clock_monotonic_us ();
  g_autofree char *unsaid = NULL;

  if (stalls->line_us > 0 && now_us - stalls->line_us < LINE_US) {
    stalls->n_unsaid++;
    return;
  }
  if (stalls->n_unsaid > 0)
    unsaid = g_strdup_printf ("; %u others since the last time", stalls->n_unsaid);
  g_log (G_LOG_DOMAIN, stall->took_us >= WARNING_US ? G_LOG_LEVEL_WARNING : G_LOG_LEVEL_MESSAGE,
         "the main loop stood for %" G_GINT64_FORMAT " ms in %s, and ran %" G_GINT64_FORMAT
         " ms of it%s",
         stall->took_us / ORF_US_PER_MS, stall->source, stall->cpu_us / ORF_US_PER_MS,
         unsaid != NULL ? unsaid : "");
  stalls->line_us = now_us;
  stalls->n_unsaid = 0;
}

static void
stalled_cb (gpointer user_data, const OrfTurnStall *told)
{
  OrfStalls *stalls = user_data;
  OrfStall *stall = &stalls->latest[stalls->n++ % ORF_STALLS_KEPT];

  g_free (stall->source);
  *stall = (OrfStall){
    .source = told->name[0] != '\0' ? g_strconcat (told->kind, " ", told->name, NULL)
                                    : g_strdup (told->kind),
    .t_us = orf_clock_now_us (),
    .took_us = told->took_us,
    .cpu_us = told->cpu_us,
  };
  find_count (stalls, stall->source)->n++;
  say (stalls, stall);
}

OrfStalls *
orf_stalls_new (const OrfConfig *config)
{
  OrfStalls *stalls = g_new0 (OrfStalls, 1);

  stalls->counts = g_array_new (FALSE, FALSE, sizeof (Count));
  g_array_set_clear_func (stalls->counts, count_clear_cb);
  orf_turn_watch (NULL, &config->host.stall_us, stalled_cb, stalls);
  return stalls;
}

void
orf_stalls_free (OrfStalls *stalls)
{
  orf_turn_unwatch ();
  for (guint i = 0; i < ORF_STALLS_KEPT; i++)
    g_free (stalls->latest[i].source);
  g_array_unref (stalls->counts);
  g_free (stalls);
}

const OrfStall *
orf_stalls_get (const OrfStalls *stalls, guint i)
{
  return i < MIN (stalls->n, ORF_STALLS_KEPT)
           ? &stalls->latest[(stalls->n - 1 - i) % ORF_STALLS_KEPT]
           : NULL;
}

void
orf_stalls_count (const OrfStalls *stalls, OrfStallsCount count, gpointer user_data)
{
  for (guint i = 0; i < stalls->counts->len; i++) {
    const Count *one = &g_array_index (stalls->counts, Count, i);

    count (user_data, one->source, one->n);
  }
}
