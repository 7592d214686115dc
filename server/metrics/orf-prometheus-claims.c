/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-prometheus-claims.h"

#include "core/orf-names.h"

struct _OrfPrometheusClaims {
  GHashTable *taken; /* every name that a sample or family has */
};

/* What a family of this kind takes, besides its own name. */
static const char *const *
get_endings (OrfSeriesKind kind)
{
  static const char *const gauge[] = { NULL };
  static const char *const counter[] = { "_total", "_created", NULL };
  static const char *const histogram[] = { "_bucket", "_sum", "_count", "_created", NULL };

  if (kind == ORF_SERIES_KIND_HISTOGRAM)
    return histogram;
  return kind == ORF_SERIES_KIND_COUNTER ? counter : gauge;
}

gboolean
orf_prometheus_claims_take (OrfPrometheusClaims *claims, const char *family, OrfSeriesKind kind)
{
  const char *const *endings = get_endings (kind);

  if (g_hash_table_contains (claims->taken, family))
    return FALSE;
  for (guint i = 0; endings[i] != NULL; i++) {
    g_autofree char *sample = g_strconcat (family, endings[i], NULL);

    if (g_hash_table_contains (claims->taken, sample))
      return FALSE;
  }
  g_hash_table_add (claims->taken, g_strdup (family));
  for (guint i = 0; endings[i] != NULL; i++)
    g_hash_table_add (claims->taken, g_strconcat (family, endings[i], NULL));
  return TRUE;
}

char *
orf_prometheus_claims_choose (OrfPrometheusClaims *claims,
                              const OrfPrometheusName *name,
                              const char *own_name,
                              OrfSeriesKind kind)
{
  char *chosen = orf_prometheus_name_dup_family (name, NULL);
  guint32 hash = 2166136261U; /* FNV-1a: four bytes for people to tell names apart */

  while (!orf_prometheus_claims_take (claims, chosen, kind)) {
    char tag[9];

    for (const char *at = own_name; *at != '\0'; at++)
      hash = (hash ^ (guchar) *at) * 16777619U;
    g_snprintf (tag, sizeof tag, "%08x", hash);
    g_free (chosen);
    chosen = orf_prometheus_name_dup_family (name, tag);
  }
  return chosen;
}

OrfPrometheusClaims *
orf_prometheus_claims_new (void)
{
  /* What the page says of the daemon, and what Prometheus adds to every scrape: a recorded "up"
   * would else stand in the place of its own. */
  static const char *const reserved[] = {
    "orfeas_build",
    "orfeas_build_info",
    "scrape_body_size_bytes",
    "scrape_duration_seconds",
    "scrape_sample_limit",
    "scrape_samples_post_metric_relabeling",
    "scrape_samples_scraped",
    "scrape_series_added",
    "scrape_timeout_seconds",
    "target_info",
    "up",
  };
  OrfPrometheusClaims *claims = g_new0 (OrfPrometheusClaims, 1);

  claims->taken = orf_names_table_new (g_free, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (reserved); i++)
    g_hash_table_add (claims->taken, g_strdup (reserved[i]));
  return claims;
}

void
orf_prometheus_claims_free (OrfPrometheusClaims *claims)
{
  g_hash_table_unref (claims->taken);
  g_free (claims);
}
