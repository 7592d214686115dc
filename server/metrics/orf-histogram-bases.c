/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-histogram-bases.h"

#include "core/orf-names.h"

typedef struct {
  OrfHistogramBaseState state;
  OrfFamily *family; /* held; NULL unless found */
  gboolean asking;   /* a lookup in flight has it */
  gboolean used;     /* in this round */
} Base;

/* Outlives the bases while the registry looks. */
typedef struct {
  OrfHistogramBases *bases; /* NULL: gone */
  GPtrArray *names;
} Ask;

struct _OrfHistogramBases {
  OrfRegistry *registry;
  GHashTable *by_name; /* Base */
  GPtrArray *asks;     /* Ask, in flight */
  void (*settled) (gpointer user_data);
  gpointer user_data;
};

/* ---- the lookup ------------------------------------------------------------------------------ */

static void
ask_free (Ask *ask)
{
  g_ptr_array_unref (ask->names);
  g_free (ask);
}

static void
hold (OrfHistogramBases *bases, Base *base, OrfFamily *family)
{
  if (base->family != NULL)
    return;
  orf_registry_hold_family (bases->registry, family);
  base->family = family;
  base->state = ORF_HISTOGRAM_BASE_FOUND;
}

static gboolean
is_histogram (const OrfFamily *family)
{
  return family != NULL && family->kind == ORF_SERIES_KIND_HISTOGRAM;
}

static void
answer (OrfHistogramBases *bases, const char *name, OrfFamily *family, gboolean known)
{
  Base *base = g_hash_table_lookup (bases->by_name, name);

  if (base == NULL)
    return; /* its counters went meanwhile */
  base->asking = FALSE;
  if (!known)
    return; /* asked for again in the next round */
  if (is_histogram (family))
    hold (bases, base, family);
  else
    base->state = ORF_HISTOGRAM_BASE_NONE;
}

static void
resolved_cb (gpointer user_data, OrfFamily *const *families, guint n_families, const GError *error)
{
  Ask *ask = user_data;
  OrfHistogramBases *bases = ask->bases;

  if (bases != NULL) {
    /* no fault of ours to tell: whoever reads the file says so */
    for (guint i = 0; i < ask->names->len; i++)
      answer (bases, ask->names->pdata[i], error == NULL ? families[i] : NULL, error == NULL);
    g_ptr_array_remove_fast (bases->asks, ask);
    bases->settled (bases->user_data);
  }
  ask_free (ask);
}

static void
send (OrfHistogramBases *bases, GPtrArray *names)
{
  Ask *ask = g_new0 (Ask, 1);

  ask->bases = bases;
  ask->names = names;
  g_ptr_array_add (bases->asks, ask);
  orf_registry_resolve_families (bases->registry, (const char *const *) names->pdata, names->len,
                                 resolved_cb, ask);
}

/* ---- rounds ---------------------------------------------------------------------------------- */

OrfHistogramBaseState
orf_histogram_bases_find (OrfHistogramBases *bases, const char *name, const OrfFamily **family)
{
  Base *base = g_hash_table_lookup (bases->by_name, name);
  OrfFamily *known = NULL;

  if (base == NULL) {
    base = g_new0 (Base, 1);
    g_hash_table_insert (bases->by_name, g_strdup (name), base);
  }
  base->used = TRUE;
  if (base->family == NULL)
    known = orf_registry_find_family (bases->registry, name);
  if (is_histogram (known))
    hold (bases, base, known);
  else if (known != NULL)
    base->state = ORF_HISTOGRAM_BASE_NONE;
  *family = base->family;
  return base->state;
}

void
orf_histogram_bases_end_round (OrfHistogramBases *bases)
{
  GPtrArray *unknown = g_ptr_array_new_with_free_func (g_free);
  GHashTableIter iter;
  gpointer name, value;

  g_hash_table_iter_init (&iter, bases->by_name);
  while (g_hash_table_iter_next (&iter, &name, &value)) {
    Base *base = value;

    if (!base->used) {
      if (base->family != NULL)
        orf_registry_release_family (bases->registry, base->family);
      g_hash_table_iter_remove (&iter);
      continue;
    }
    base->used = FALSE;
    if (base->state == ORF_HISTOGRAM_BASE_ASKED && !base->asking) {
      base->asking = TRUE;
      g_ptr_array_add (unknown, g_strdup (name));
    }
  }
  if (unknown->len > 0)
    send (bases, unknown);
  else
    g_ptr_array_unref (unknown);
}

OrfHistogramBases *
orf_histogram_bases_new (OrfRegistry *registry,
                         void (*settled) (gpointer user_data),
                         gpointer user_data)
{
  OrfHistogramBases *bases = g_new0 (OrfHistogramBases, 1);

  bases->registry = registry;
  bases->by_name = orf_names_table_new (g_free, g_free);
  bases->asks = g_ptr_array_new ();
  bases->settled = settled;
  bases->user_data = user_data;
  return bases;
}

void
orf_histogram_bases_free (OrfHistogramBases *bases)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, bases->by_name);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((Base *) value)->family != NULL)
      orf_registry_release_family (bases->registry, ((Base *) value)->family);
  for (guint i = 0; i < bases->asks->len; i++)
    ((Ask *) bases->asks->pdata[i])->bases = NULL;
  g_ptr_array_unref (bases->asks);
  g_hash_table_unref (bases->by_name);
  g_free (bases);
}
