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

/* How many series ahead of the one that is looked at are fetched. */
#define AHEAD 8

/* The active series of one of our families. */
typedef struct {
  const OrfFamily *family;
  GPtrArray *series;                 /* OrfSeries, by canonical text */
  OrfExpositionHistogram *histogram; /* its counters; NULL: it is none */
} Member;

typedef struct {
  GHashTable *members; /* OrfFamily -> Member, owned by `order` */
  GPtrArray *order;    /* Member */
  OrfExpositionNames *names;
  OrfPrometheusClaims *claims;
  GHashTable *by_name; /* family's name -> OrfExposedFamily: the built-in ones, which may share */
  GPtrArray *exposed;  /* OrfExposedFamily */
} Plan;

const char *
orf_exposed_part_get_ending (OrfExposedPart part, OrfSeriesKind kind)
{
  switch (part) {
  case ORF_EXPOSED_BUCKET:
    return "_bucket";
  case ORF_EXPOSED_SUM:
    return "_sum";
  case ORF_EXPOSED_COUNT:
    return "_count";
  case ORF_EXPOSED_VALUE:
  default:
    return kind == ORF_SERIES_KIND_COUNTER ? "_total" : "";
  }
}

/* ---- families as they are told --------------------------------------------------------------- */

static void
clear_series (gpointer one)
{
  OrfExposedSeries *series = one;

  if (series->owns_labels)
    g_free ((char *) series->labels);
}

void
orf_exposed_family_add (OrfExposedFamily *family,
                        const OrfSeries *series,
                        OrfExposedPart part,
                        char *own_labels)
{
  OrfExposedSeries one = {
    .series = series,
    .labels = series->text + strlen (series->family->name),
    .part = part,
    .owns_labels = own_labels != NULL,
  };

  if (own_labels != NULL)
    one.labels = g_steal_pointer (&own_labels);
  g_array_append_val (family->series, one);
}

static OrfExposedFamily *
add_exposed (Plan *plan, const OrfExposedName *name)
{
  OrfExposedFamily *family = g_new0 (OrfExposedFamily, 1);

  family->name = name;
  family->series = g_array_new (FALSE, FALSE, sizeof (OrfExposedSeries));
  g_array_set_clear_func (family->series, clear_series);
  g_ptr_array_add (plan->exposed, family);
  return family;
}

static void
exposed_free (gpointer data)
{
  OrfExposedFamily *family = data;

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

    /* a series is a line of memory of its own, and each would be waited for */
    if (i + AHEAD < active->len)
      __builtin_prefetch (active->pdata[i + AHEAD]);
    if (series->scraped)
      continue;
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

/* ---- series ---------------------------------------------------------------------------------- */

/* Keys that become one, and empty values, may make two series one: the first stays.  The others go
 * to the end, and from there at once, as they may be nearly all of twenty thousand. */
static void
drop_doubles (OrfExposedFamily *exposed)
{
  g_autoptr (GHashTable) seen = orf_names_table_new (NULL, NULL);
  OrfExposedSeries *all = (OrfExposedSeries *) (gpointer) exposed->series->data;
  guint n_kept = 0;

  for (guint i = 0; i < exposed->series->len; i++) {
    const OrfExposedSeries one = all[i];

    if (!g_hash_table_add (seen, (gpointer) one.labels))
      continue;
    all[i] = all[n_kept];
    all[n_kept++] = one;
  }
  g_array_set_size (exposed->series, n_kept);
}

static void
expose_series (const Member *member, OrfExposedFamily *exposed)
{
  gboolean changed = FALSE;

  for (guint i = 0; i < member->series->len; i++) {
    const OrfSeries *series = member->series->pdata[i];

    changed = changed || !series->plain;
    orf_exposed_family_add (exposed, series, ORF_EXPOSED_VALUE,
                            series->plain ? NULL
                                          : orf_exposition_labels_to_text (series->labels, NULL));
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
  exposed = add_exposed (plan, orf_exposition_names_get_export (plan->names, export, kind));
  orf_prometheus_claims_take (plan->claims, export->family, kind);
  g_hash_table_insert (plan->by_name, (gpointer) export->family, exposed);
  return exposed;
}

static void
expose_export (Plan *plan, const Member *member, const OrfMetricExport *export)
{
  OrfExposedFamily *exposed;

  /* a histogram's own row has no samples */
  if (member->histogram == NULL && member->family->kind == ORF_SERIES_KIND_HISTOGRAM)
    return;
  exposed = ensure_exported (plan, export, member->family->kind);
  if (member->histogram != NULL)
    orf_exposition_histogram_expose (member->histogram, exposed);
  for (guint i = 0; i < member->series->len; i++) {
    const OrfSeries *series = member->series->pdata[i];

    orf_exposed_family_add (exposed, series, ORF_EXPOSED_VALUE,
                            orf_exposition_labels_export (export->labels, series->labels));
  }
}

/* ---- the plan -------------------------------------------------------------------------------- */

static void
expose_recorded (Plan *plan, const Member *member)
{
  const OrfFamily *family = member->family;
  OrfExposedFamily *exposed;

  /* a histogram's own row has no samples */
  if (member->histogram == NULL &&
      (member->series->len == 0 || family->kind == ORF_SERIES_KIND_HISTOGRAM))
    return;
  exposed = add_exposed (plan, orf_exposition_names_get (plan->names, family, plan->claims));
  if (member->histogram != NULL)
    orf_exposition_histogram_expose (member->histogram, exposed);
  else
    expose_series (member, exposed);
}

static int
compare_members (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(Member *const *) a)->family->name, (*(Member *const *) b)->family->name);
}

static int
compare_exposed (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(OrfExposedFamily *const *) a)->name->name,
                 (*(OrfExposedFamily *const *) b)->name->name);
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
orf_exposition_plan_new (OrfRegistry *registry, OrfHistogramBases *bases, OrfExpositionNames *names)
{
  Plan plan = {
    .members = g_hash_table_new (NULL, NULL),
    .order = g_ptr_array_new_with_free_func (member_free),
    .names = names,
    .claims = orf_prometheus_claims_new (),
    .by_name = orf_names_table_new (NULL, NULL),
    .exposed = g_ptr_array_new_with_free_func (exposed_free),
  };

  gather (&plan, registry);
  gather_histograms (&plan, bases);
  expose_all (&plan);
  orf_exposition_names_end_round (names);
  g_hash_table_unref (plan.members);
  g_ptr_array_unref (plan.order);
  orf_prometheus_claims_free (plan.claims);
  g_hash_table_unref (plan.by_name);
  return plan.exposed;
}
