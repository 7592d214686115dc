/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hit ratios of all policies on one trace, as JSON: bench-cache-policy FILE | ZIPF KEYS REQUESTS
 * DRIFT SCAN.  FILE has a key a line; a made trace draws keys by Zipf's law, swaps 1 % of their
 * ranks each DRIFT requests (0: never), and SCAN of 1 are for keys never asked for again. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cache-policies.h"

#define SEED 7

static guint n_keys;

static GArray *
read_trace (const char *path)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  g_autoptr (GHashTable) numbers = g_hash_table_new (g_str_hash, g_str_equal);
  GArray *trace = g_array_new (FALSE, FALSE, sizeof (guint));

  if (!g_file_get_contents (path, &text, NULL, NULL)) {
    g_printerr ("bench-cache-policy: cannot read %s\n", path);
    exit (1);
  }
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    guint number;

    if (lines[i][0] == '\0')
      continue;
    number = GPOINTER_TO_UINT (g_hash_table_lookup (numbers, lines[i]));
    if (number == 0) {
      number = ++n_keys;
      g_hash_table_insert (numbers, lines[i], GUINT_TO_POINTER (number));
    }
    number--;
    g_array_append_val (trace, number);
  }
  return trace;
}

typedef struct {
  GRand *rand;
  double *sums; /* of the weights of all ranks up to here */
  guint *keys;  /* of each rank */
  guint n;
} Zipf;

static guint
draw (const Zipf *zipf)
{
  double at = g_rand_double (zipf->rand) * zipf->sums[zipf->n - 1];
  guint low = 0, high = zipf->n - 1;

  while (low < high) {
    guint middle = (low + high) / 2;

    if (zipf->sums[middle] < at)
      low = middle + 1;
    else
      high = middle;
  }
  return zipf->keys[low];
}

static void
swap (const Zipf *zipf, guint a, guint b)
{
  guint key = zipf->keys[a];

  zipf->keys[a] = zipf->keys[b];
  zipf->keys[b] = key;
}

static guint
choose_rank (const Zipf *zipf)
{
  return (guint) g_rand_int_range (zipf->rand, 0, (gint32) zipf->n);
}

static void
drift (const Zipf *zipf)
{
  for (guint i = 0; i < zipf->n / 100; i++)
    swap (zipf, choose_rank (zipf), choose_rank (zipf));
}

static GArray *
make_trace (char **words)
{
  double exponent = atof (words[0]), scan = atof (words[4]), sum = 0;
  guint requests = (guint) atoi (words[2]), period = (guint) atoi (words[3]);
  Zipf zipf = { .rand = g_rand_new_with_seed (SEED), .n = (guint) atoi (words[1]) };
  GArray *trace = g_array_sized_new (FALSE, FALSE, sizeof (guint), requests);

  zipf.sums = g_new (double, zipf.n);
  zipf.keys = g_new (guint, zipf.n);
  for (guint i = 0; i < zipf.n; i++) {
    zipf.sums[i] = sum += pow (i + 1, -exponent);
    zipf.keys[i] = i;
  }
  for (guint i = 0; i < zipf.n; i++)
    swap (&zipf, i, choose_rank (&zipf));
  n_keys = zipf.n;
  for (guint i = 0; i < requests; i++) {
    guint key = g_rand_double (zipf.rand) < scan ? n_keys++ : draw (&zipf);

    if (period > 0 && i % period == 0)
      drift (&zipf);
    g_array_append_val (trace, key);
  }
  g_rand_free (zipf.rand);
  g_free (zipf.sums);
  g_free (zipf.keys);
  return trace;
}

/* As a share of the keys that the trace has. */
static guint
count_keys (const GArray *trace)
{
  g_autofree guint8 *seen = g_new0 (guint8, n_keys);
  guint n = 0;

  for (guint i = 0; i < trace->len; i++)
    n += !seen[g_array_index (trace, guint, i)]++;
  return n;
}

static double
measure (const CachePolicy *kind, const GArray *trace, guint capacity)
{
  gpointer policy = kind->new (n_keys, MAX (capacity, 2));
  guint hits = 0;

  for (guint i = 0; i < trace->len; i++)
    hits += kind->ask (policy, g_array_index (trace, guint, i)) != 0;
  kind->free (policy);
  return (double) hits / trace->len;
}

int
main (int argc, char **argv)
{
  static const guint percents[] = { 1, 10, 30 };
  g_autoptr (GArray) trace = NULL;
  guint keys;

  if (argc != 2 && argc != 6) {
    g_printerr ("Usage: bench-cache-policy FILE | ZIPF KEYS REQUESTS DRIFT SCAN\n");
    return 2;
  }
  trace = argc == 2 ? read_trace (argv[1]) : make_trace (argv + 1);
  keys = count_keys (trace);
  g_print ("{\"requests\":%u,\"keys\":%u,\"hit_ratios\":{", trace->len, keys);
  for (const CachePolicy *kind = cache_policies; kind->name != NULL; kind++) {
    g_print ("%s\"%s\":[", kind == cache_policies ? "" : ",", kind->name);
    for (guint i = 0; i < G_N_ELEMENTS (percents); i++)
      g_print ("%s%.4f", i == 0 ? "" : ",",
               measure (kind, trace, (guint) ((guint64) keys * percents[i] / 100)));
    g_print ("]");
  }
  g_print ("}}\n");
  return 0;
}
