/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Three steps: the active series are gathered by their own family; families are given names, first
 * the built-in ones, then the others in the order of their own names, so that who gets a name that
 * two would have depends on nothing but which there are; and each family's series get their labels.
 */
#include "metrics/orf-exposition-plan.h"

#include <string.h>

#include "core/orf-names.h"
#include "metrics/orf-exposition-histogram.h"
#include "metrics/orf-exposition-labels.h"
#include "metrics/orf-prometheus-name.h"

/* The active series of one of our families. */
typedef struct {
  const OrfFamily *family;
  GPtrArray *series;                 /* OrfSeries, by canonical text */
  OrfExpositionHistogram *histogram; /* its counters; NULL: it is none */
} Member;

typedef struct {
  GHashTable *members; /* OrfFamily -> Member, owned by `order` */
  GPtrArray *order;    /* Member */
  GHashTable *claimed; /* every name that a sample or family has */
  GHashTable *by_name; /* family's name -> OrfExposedFamily: the built-in ones, which may share */
  GPtrArray *exposed;  /* OrfExposedFamily */
} Plan;

/* ---- families as they are told --------------------------------------------------------------- */

static void
clear_series (gpointer one)
{
  g_free (((OrfExposedSeries *) one)->labels);
}

OrfExposedFamily *
orf_exposed_family_new (OrfSeriesKind kind)
{
  OrfExposedFamily *family = g_new0 (OrfExposedFamily, 1);

  family->kind = kind;
  family->unit = "";
  family->multiply = family->divide = 1;
  family->series = g_array_new (FALSE, FALSE, sizeof (OrfExposedSeries));
  g_array_set_clear_func (family->series, clear_series);
  return family;
}

void
orf_exposed_family_free (OrfExposedFamily *family)
{
  g_free (family->name);
  g_free (family->help);
  g_array_unref (family->series);
  g_free (family);
}

/* ---- gathering ------------------------------------------------------------------------------- */

static void
member_free (gpointer data)
{
  Member *member = data;

  g_clear_pointer (&member->histogram, orf_exposition_histogram_free);
  g_ptr_array_unref (member->series);
  g_free (member);
}

static Member *
ensure_member (Plan *plan, const OrfFamily *family)
{
  Member *member = g_hash_table_lookup (plan->members, family);

  if (member != NULL)
    return member;
  member = g_new0 (Member, 1);
  member->family = family;
  member->series = g_ptr_array_new ();
  g_hash_table_insert (plan->members, (gpointer) family, member);
  g_ptr_array_add (plan->order, member);
  return member;
}

static void
gather (Plan *plan, OrfRegistry *registry)
{
  GPtrArray *active = orf_registry_get_active (registry);
  Member *member = NULL;

  for (guint i = 0; i < active->len; i++) {
    OrfSeries *series = active->pdata[i];

    if (member == NULL || member->family != series->family)
      member = ensure_member (plan, series->family);
    g_ptr_array_add (member->series, series);
  }
}

/* TRUE: the member's series are a histogram's counters, told with it, or not yet. */
static gboolean
join_histogram (Plan *plan, const Member *member, OrfHistogramBases *bases)
{
  const OrfFamily *family;
  gsize length;
  OrfExposedPart part = orf_exposition_histogram_split (member->family->name, &length);
  g_autofree char *name = NULL;
  OrfHistogramBaseState state;
  Member *base;

  if (part == ORF_EXPOSED_VALUE || member->family->kind != ORF_SERIES_KIND_COUNTER)
    return FALSE;
  name = g_strndup (member->family->name, length);
  state = orf_histogram_bases_find (bases, name, &family);
  if (state != ORF_HISTOGRAM_BASE_FOUND)
    return state == ORF_HISTOGRAM_BASE_ASKED;
  base = ensure_member (plan, family);
  if (base->histogram == NULL)
    base->histogram = orf_exposition_histogram_new (family);
  for (guint i = 0; i < member->series->len; i++)
    orf_exposition_histogram_add (base->histogram, part, member->series->pdata[i]);
  return TRUE;
}

static void
gather_histograms (Plan *plan, OrfHistogramBases *bases)
{
  guint n = plan->order->len; /* those that are added are histograms themselves */

  for (guint i = 0; i < n; i++) {
    Member *member = plan->order->pdata[i];

    if (join_histogram (plan, member, bases))
      g_ptr_array_set_size (member->series, 0);
  }
  orf_histogram_bases_end_round (bases);
}

/* ---- names ----------------------------------------------------------------------------------- */

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

/* All that the family needs, or FALSE and nothing. */
static gboolean
claim (Plan *plan, const char *name, OrfSeriesKind kind)
{
  const char *const *endings = get_endings (kind);

  if (g_hash_table_contains (plan->claimed, name))
    return FALSE;
  for (guint i = 0; endings[i] != NULL; i++) {
    g_autofree char *sample = g_strconcat (name, endings[i], NULL);

    if (g_hash_table_contains (plan->claimed, sample))
      return FALSE;
  }
  g_hash_table_add (plan->claimed, g_strdup (name));
  for (guint i = 0; endings[i] != NULL; i++)
    g_hash_table_add (plan->claimed, g_strconcat (name, endings[i], NULL));
  return TRUE;
}

/* What the page says of the daemon, and what Prometheus adds to every scrape: a recorded "up" would
 * else stand in the place of its own. */
static void
claim_reserved (Plan *plan)
{
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

  for (guint i = 0; i < G_N_ELEMENTS (reserved); i++)
    g_hash_table_add (plan->claimed, g_strdup (reserved[i]));
}

/* The plain name, or where another family has it one with a tag made of our own name: it is the
 * same each time. */
static char *
choose_name (Plan *plan, const OrfFamily *family, const OrfPrometheusName *name)
{
  g_autofree char *chosen = orf_prometheus_name_dup_family (name, NULL);
  guint32 hash = 2166136261U; /* FNV-1a: four bytes for people to tell names apart */

  while (!claim (plan, chosen, family->kind)) {
    char tag[9];

    for (const char *at = family->name; *at != '\0'; at++)
      hash = (hash ^ (guchar) *at) * 16777619U;
    g_snprintf (tag, sizeof tag, "%08x", hash);
    g_free (chosen);
    chosen = orf_prometheus_name_dup_family (name, tag);
  }
  return g_steal_pointer (&chosen);
}

/* With our own name and unit, which the rules may have changed beyond knowing. */
static char *
make_help (const OrfFamily *family)
{
  gboolean has_help = family->help != NULL && family->help[0] != '\0';
  gboolean has_unit = family->unit != NULL && family->unit[0] != '\0';

  return g_strconcat (has_help ? family->help : "Recorded as ", has_help ? " (" : "", family->name,
                      has_unit ? " in " : "", has_unit ? family->unit : "", has_help ? ")" : ".",
                      NULL);
}

/* ---- series ---------------------------------------------------------------------------------- */

static const char *
get_labels (const OrfExposedSeries *one)
{
  return one->labels != NULL ? one->labels : one->series->text + strlen (one->series->family->name);
}

/* Keys that become one, and empty values, may make two series one: the first stays. */
static void
drop_doubles (OrfExposedFamily *exposed)
{
  g_autoptr (GHashTable) seen = orf_names_table_new (NULL, NULL);

  for (guint i = 0; i < exposed->series->len;) {
    const OrfExposedSeries *one = &g_array_index (exposed->series, OrfExposedSeries, i);

    if (g_hash_table_contains (seen, get_labels (one))) {
      g_array_remove_index (exposed->series, i);
      continue;
    }
    g_hash_table_add (seen, (gpointer) get_labels (one));
    i++;
  }
}

static void
expose_series (const Member *member, OrfExposedFamily *exposed)
{
  gboolean changed = FALSE;

  for (guint i = 0; i < member->series->len; i++) {
    const OrfSeries *series = member->series->pdata[i];
    OrfExposedSeries one = { series, NULL, ORF_EXPOSED_VALUE };

    if (!series->plain) {
      one.labels = orf_exposition_labels_to_text (series->labels, NULL);
      changed = TRUE;
    }
    g_array_append_val (exposed->series, one);
  }
  if (changed)
    drop_doubles (exposed);
}

/* ---- built-in metrics ------------------------------------------------------------------------ */

static const OrfMetricExport *
find_export (const OrfFamily *family)
{
  for (guint i = 0; family->builtin && i < ORF_N_METRICS; i++)
    if (g_str_equal (orf_metrics[i].name, family->name))
      return orf_metrics[i].export;
  return NULL;
}

static OrfExposedFamily *
ensure_exported (Plan *plan, const OrfMetricExport *export, OrfSeriesKind kind)
{
  OrfExposedFamily *exposed = g_hash_table_lookup (plan->by_name, export->family);

  if (exposed != NULL)
    return exposed;
  exposed = orf_exposed_family_new (kind);
  exposed->name = g_strdup (export->family);
  exposed->unit = export->unit;
  exposed->help = g_strdup (export->help);
  exposed->divide = export->divide;
  claim (plan, exposed->name, kind);
  g_hash_table_insert (plan->by_name, exposed->name, exposed);
  g_ptr_array_add (plan->exposed, exposed);
  return exposed;
}

static void
expose_export (Plan *plan, const Member *member, const OrfMetricExport *export)
{
  OrfExposedFamily *exposed = ensure_exported (plan, export, member->family->kind);

  for (guint i = 0; i < member->series->len; i++) {
    const OrfSeries *series = member->series->pdata[i];
    OrfExposedSeries one = { series, orf_exposition_labels_export (export->labels, series->labels),
                             ORF_EXPOSED_VALUE };

    g_array_append_val (exposed->series, one);
  }
}

/* ---- the plan -------------------------------------------------------------------------------- */

static void
expose_recorded (Plan *plan, const Member *member)
{
  const OrfFamily *family = member->family;
  g_autoptr (OrfPrometheusName) name = NULL;
  OrfExposedFamily *exposed;

  /* a histogram's own row has no samples */
  if (member->histogram == NULL &&
      (member->series->len == 0 || family->kind == ORF_SERIES_KIND_HISTOGRAM))
    return;
  name = orf_prometheus_name_new (family->name, family->unit, family->kind);
  exposed = orf_exposed_family_new (family->kind);
  exposed->name = choose_name (plan, family, name);
  exposed->unit = name->unit;
  exposed->help = make_help (family);
  exposed->multiply = name->multiply;
  exposed->divide = name->divide;
  if (member->histogram != NULL)
    orf_exposition_histogram_expose (member->histogram, exposed);
  else
    expose_series (member, exposed);
  g_ptr_array_add (plan->exposed, exposed);
}

static int
compare_members (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(Member *const *) a)->family->name, (*(Member *const *) b)->family->name);
}

static int
compare_exposed (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(OrfExposedFamily *const *) a)->name, (*(OrfExposedFamily *const *) b)->name);
}

static void
expose_all (Plan *plan)
{
  g_ptr_array_sort (plan->order, compare_members);
  for (guint i = 0; i < plan->order->len; i++) {
    const Member *member = plan->order->pdata[i];
    const OrfMetricExport *export = find_export (member->family);

    if (export != NULL)
      expose_export (plan, member, export);
  }
  for (guint i = 0; i < plan->order->len; i++) {
    const Member *member = plan->order->pdata[i];

    if (find_export (member->family) == NULL)
      expose_recorded (plan, member);
  }
  g_ptr_array_sort (plan->exposed, compare_exposed);
}

GPtrArray *
orf_exposition_plan_new (OrfRegistry *registry, OrfHistogramBases *bases)
{
  Plan plan = {
    .members = g_hash_table_new (NULL, NULL),
    .order = g_ptr_array_new_with_free_func (member_free),
    .claimed = orf_names_table_new (g_free, NULL),
    .by_name = orf_names_table_new (NULL, NULL),
    .exposed = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_exposed_family_free),
  };

  gather (&plan, registry);
  gather_histograms (&plan, bases);
  claim_reserved (&plan);
  expose_all (&plan);
  g_hash_table_unref (plan.members);
  g_ptr_array_unref (plan.order);
  g_hash_table_unref (plan.claimed);
  g_hash_table_unref (plan.by_name);
  return plan.exposed;
}
