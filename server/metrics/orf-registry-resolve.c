/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names that are not in memory are looked up in the file, all of a turn in one request, one request
 * at a time.  Invariants:
 * - A series is in the registry from the moment it is first named, so that two who name it meet;
 * its id is 0 until the lookup that asked for it is back.
 * - A series with id 0, and a family not loaded, is either in `unresolved` (`unloaded`) or asked
 * for by the lookup in flight.
 * - A waiter holds its series and its families, and is told when all of them have ids and all its
 * families are loaded.
 */
#include <string.h>

#include "core/orf-clock.h"
#include "core/orf-names.h"
#include "metrics/orf-registry-private.h"
#include "orf-error.h"

/* Either series or names: what somebody waits for. */
struct _OrfResolveWaiter {
  GPtrArray *series; /* OrfSeries, held */
  char **names;      /* of families */
  OrfSeriesResolved series_done;
  OrfFamiliesResolved families_done;
  gpointer user_data;
};

static void begin_lookup (OrfRegistry *registry);

/* ---- waiters --------------------------------------------------------------------------------- */

static void
waiter_free (OrfRegistry *registry, OrfResolveWaiter *waiter)
{
  for (guint i = 0; waiter->series != NULL && i < waiter->series->len; i++)
    orf_registry_release (registry, waiter->series->pdata[i]);
  for (guint i = 0; waiter->names != NULL && waiter->names[i] != NULL; i++) {
    OrfFamilyEntry *family = g_hash_table_lookup (registry->families, waiter->names[i]);

    family->n_waiters--;
    orf_registry_drop_family (registry, family);
  }
  g_clear_pointer (&waiter->series, g_ptr_array_unref);
  g_strfreev (waiter->names);
  g_free (waiter);
}

static void
tell_families (OrfRegistry *registry, OrfResolveWaiter *waiter, const GError *error)
{
  guint n = g_strv_length (waiter->names);
  g_autofree OrfFamily **families = g_new0 (OrfFamily *, n + 1);

  for (guint i = 0; i < n; i++)
    families[i] = orf_registry_find_family (registry, waiter->names[i]);
  waiter->families_done (waiter->user_data, error == NULL ? families : NULL, n, error);
}

static void
tell (OrfRegistry *registry, OrfResolveWaiter *waiter, const GError *error)
{
  if (waiter->names != NULL)
    tell_families (registry, waiter, error);
  else
    waiter->series_done (waiter->user_data,
                         error == NULL ? (OrfSeries *const *) waiter->series->pdata : NULL,
                         error == NULL ? waiter->series->len : 0, error);
  waiter_free (registry, waiter);
}

static gboolean
is_settled (OrfRegistry *registry, const OrfResolveWaiter *waiter)
{
  for (guint i = 0; waiter->series != NULL && i < waiter->series->len; i++)
    if (((OrfSeries *) waiter->series->pdata[i])->id == 0)
      return FALSE;
  for (guint i = 0; waiter->names != NULL && waiter->names[i] != NULL; i++) {
    OrfFamilyEntry *family = g_hash_table_lookup (registry->families, waiter->names[i]);

    if (!family->loaded)
      return FALSE;
  }
  return TRUE;
}

/* Takes out those who are to be told first: what they do may add waiters. */
static void
tell_settled (OrfRegistry *registry, const GError *error)
{
  GQueue settled = G_QUEUE_INIT;
  OrfResolveWaiter *waiter;

  for (GList *at = registry->waiters.head, *next; at != NULL; at = next) {
    next = at->next;
    if (error == NULL && !is_settled (registry, at->data))
      continue;
    g_queue_push_tail (&settled, at->data);
    g_queue_delete_link (&registry->waiters, at);
  }
  while ((waiter = g_queue_pop_head (&settled)) != NULL)
    tell (registry, waiter, error);
}

/* ---- the lookup ------------------------------------------------------------------------------ */

static void
add_key (GPtrArray *keys, const char *name, char *labels_json)
{
  g_ptr_array_add (keys, g_strdup (name));
  g_ptr_array_add (keys, labels_json);
}

static char **
make_keys (OrfRegistry *registry)
{
  GPtrArray *keys = g_ptr_array_new ();

  for (guint i = 0; i < registry->asked->len; i++) {
    const OrfSeries *series = registry->asked->pdata[i];

    add_key (keys, series->family->name, orf_series_name_labels_to_json (series->labels));
  }
  for (guint i = 0; i < registry->asked_families->len; i++) {
    const OrfFamily *family = registry->asked_families->pdata[i];

    add_key (keys, family->name, g_strdup ("{}"));
  }
  g_ptr_array_add (keys, NULL);
  return (char **) g_ptr_array_free (keys, FALSE);
}

static void
apply_row (OrfRegistry *registry, const OrfSeriesRow *row)
{
  OrfFamilyEntry *family = g_hash_table_lookup (registry->families, row->name);
  g_auto (GStrv) labels = orf_series_name_labels_from_json (row->labels_json);
  OrfSeriesEntry *entry;

  if (family != NULL)
    orf_registry_define_from_row (registry, family, row);
  if (labels == NULL)
    return; /* none of ours: we write what can be read */
  entry = (OrfSeriesEntry *) orf_registry_find (registry, row->name, labels);
  if (entry == NULL || entry->base.id != 0 || !entry->asked)
    return;
  entry->base.id = row->id;
  entry->base.created_us = row->created_us;
  /* Idle until now, or it would have been in memory: what the file has is older than the chunk. */
  entry->base.chunk.complete_from_us = MAX (entry->base.chunk.complete_from_us,
                                            row->last_us + ORF_LAST_US_BEHIND);
  entry->base.last_us = MAX (entry->base.last_us, row->last_us);
  entry->declared = TRUE;
  entry->told_us = row->last_us;
}

/* What the file does not have gets a new id; all that was asked for has one then. */
static void
give_ids (OrfRegistry *registry, GPtrArray *asked)
{
  for (guint i = 0; i < asked->len; i++) {
    OrfSeriesEntry *entry = asked->pdata[i];

    entry->asked = FALSE;
    if (entry->base.id == 0) {
      entry->base.id = ++registry->max_id;
      entry->base.created_us = orf_clock_now_us ();
    }
    if (entry->base.family->builtin && registry->resolved != NULL)
      registry->resolved (registry->resolved_data, &entry->base);
  }
}

/* Nobody waits for the clients' any more; the built-in ones are asked for again with the next tick.
 */
static void
sweep (OrfRegistry *registry)
{
  g_autoptr (GPtrArray) unresolved = g_ptr_array_copy (registry->unresolved, NULL, NULL);
  g_autoptr (GPtrArray) unloaded = NULL;

  for (guint i = 0; i < unresolved->len; i++) {
    OrfSeriesEntry *entry = unresolved->pdata[i];

    if (entry->n_holds == 0 && !entry->base.family->builtin)
      orf_registry_remove_series (registry, entry);
  }
  unloaded = g_ptr_array_copy (registry->unloaded, NULL, NULL);
  for (guint i = 0; i < unloaded->len; i++)
    orf_registry_drop_family (registry, unloaded->pdata[i]);
}

static void
fail_lookup (OrfRegistry *registry, GPtrArray *asked, GPtrArray *families, const GError *error)
{
  for (guint i = 0; i < asked->len; i++) {
    ((OrfSeriesEntry *) asked->pdata[i])->asked = FALSE;
    g_ptr_array_add (registry->unresolved, asked->pdata[i]);
  }
  for (guint i = 0; i < families->len; i++)
    g_ptr_array_add (registry->unloaded, families->pdata[i]);
  tell_settled (registry, error);
  sweep (registry);
}

/* Looked for, not found, and nobody has recorded it. */
static void
drop_unknown (OrfRegistry *registry, GPtrArray *families)
{
  for (guint i = 0; i < families->len; i++) {
    OrfFamilyEntry *family = families->pdata[i];

    family->loaded = TRUE;
    if (!family->base.defined)
      orf_registry_drop_family (registry, family);
  }
}

static void
lookup_cb (gpointer user_data, GPtrArray *rows, const GError *error)
{
  OrfRegistry *registry = user_data;
  g_autoptr (GPtrArray) asked = g_steal_pointer (&registry->asked);
  g_autoptr (GPtrArray) families = g_steal_pointer (&registry->asked_families);

  if (asked == NULL)
    return; /* closed */
  if (error != NULL) {
    fail_lookup (registry, asked, families, error);
    return;
  }
  for (guint i = 0; i < rows->len; i++)
    apply_row (registry, rows->pdata[i]);
  give_ids (registry, asked);
  drop_unknown (registry, families);
  tell_settled (registry, NULL);
  if (registry->unresolved->len + registry->unloaded->len > 0)
    begin_lookup (registry);
}

static void
begin_lookup (OrfRegistry *registry)
{
  registry->asked = g_steal_pointer (&registry->unresolved);
  registry->asked_families = g_steal_pointer (&registry->unloaded);
  registry->unresolved = g_ptr_array_new ();
  registry->unloaded = g_ptr_array_new ();
  for (guint i = 0; i < registry->asked->len; i++)
    ((OrfSeriesEntry *) registry->asked->pdata[i])->asked = TRUE;
  orf_store_find_series (registry->store, make_keys (registry), registry->closing, lookup_cb,
                         registry);
}

static gboolean
lookup_source_cb (gpointer user_data)
{
  OrfRegistry *registry = user_data;

  g_clear_pointer (&registry->lookup_source, g_source_unref);
  if (registry->asked == NULL && registry->unresolved->len + registry->unloaded->len > 0)
    begin_lookup (registry);
  return G_SOURCE_REMOVE;
}

void
orf_registry_schedule_lookup (OrfRegistry *registry)
{
  if (registry->asked != NULL || registry->lookup_source != NULL)
    return; /* lookup_cb goes on with what has come meanwhile */
  registry->lookup_source = g_idle_source_new ();
  g_source_set_priority (registry->lookup_source, G_PRIORITY_DEFAULT);
  g_source_set_callback (registry->lookup_source, lookup_source_cb, registry, NULL);
  g_source_attach (registry->lookup_source, NULL);
}

void
orf_registry_close_lookups (OrfRegistry *registry)
{
  g_autoptr (GError) error = g_error_new (ORF_ERROR, ORF_ERROR_UNAVAILABLE, "the daemon stops");

  orf_cancel_trigger (registry->closing);
  if (registry->lookup_source != NULL) {
    g_source_destroy (registry->lookup_source);
    g_clear_pointer (&registry->lookup_source, g_source_unref);
  }
  g_clear_pointer (&registry->asked, g_ptr_array_unref);
  g_clear_pointer (&registry->asked_families, g_ptr_array_unref);
  tell_settled (registry, error);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static OrfFamilyEntry *
ensure_family (OrfRegistry *registry, const char *name)
{
  OrfFamilyEntry *family = g_hash_table_lookup (registry->families, name);

  if (family == NULL) {
    family = orf_registry_add_family (registry, name);
    g_ptr_array_add (registry->unloaded, family);
  }
  return family;
}

void
orf_registry_resolve_families (OrfRegistry *registry,
                               const char *const *names,
                               guint n_names,
                               OrfFamiliesResolved done,
                               gpointer user_data)
{
  OrfResolveWaiter *waiter = g_new0 (OrfResolveWaiter, 1);

  waiter->names = g_new0 (char *, n_names + 1);
  for (guint i = 0; i < n_names; i++) {
    waiter->names[i] = g_strdup (names[i]);
    ensure_family (registry, names[i])->n_waiters++;
  }
  waiter->families_done = done;
  waiter->user_data = user_data;
  if (is_settled (registry, waiter)) {
    tell (registry, waiter, NULL);
    return;
  }
  g_queue_push_tail (&registry->waiters, waiter);
  orf_registry_schedule_lookup (registry);
}

/* What whoever names it first says of it. */
static void
describe_family (OrfFamily *family, const OrfSeriesRef *ref)
{
  family->kind = ref->kind;
  if (family->unit == NULL)
    family->unit = g_strdup (ref->unit);
  if (family->help == NULL)
    family->help = g_strdup (ref->help);
}

static OrfSeriesEntry *
ensure_series (OrfRegistry *registry, const OrfSeriesRef *ref)
{
  g_autofree char *text = orf_series_name_to_text (ref->name, ref->labels);
  OrfSeriesEntry *entry = g_hash_table_lookup (registry->series, text);
  OrfFamilyEntry *family;

  if (entry != NULL)
    return entry;
  if (orf_registry_get_outside_room (registry) == 0)
    return NULL;
  family = ensure_family (registry, ref->name);
  if (!family->base.defined && ref->kind != ORF_SERIES_KIND_UNSET)
    describe_family (&family->base, ref);
  entry = orf_registry_add_series (registry, family, ref->labels, g_steal_pointer (&text), TRUE);
  g_ptr_array_add (registry->unresolved, entry);
  return entry;
}

/* All or none: what this call brought in, and nobody else has named, goes again. */
static void
refuse (OrfRegistry *registry, OrfResolveWaiter *waiter)
{
  g_autoptr (GError)
    error = g_error_new (ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED,
                         "no place for another series: [metrics] max_series is %" G_GINT64_FORMAT
                         ", of which %" G_GINT64_FORMAT " are kept for the daemon's own",
                         registry->config->metrics.max_series,
                         registry->config->metrics.builtin_series);

  tell (registry, waiter, error);
  sweep (registry);
}

void
orf_registry_resolve (OrfRegistry *registry,
                      const OrfSeriesRef *refs,
                      guint n_refs,
                      OrfSeriesResolved done,
                      gpointer user_data)
{
  OrfResolveWaiter *waiter = g_new0 (OrfResolveWaiter, 1);

  waiter->series = g_ptr_array_sized_new (n_refs);
  waiter->series_done = done;
  waiter->user_data = user_data;
  for (guint i = 0; i < n_refs; i++) {
    OrfSeriesEntry *entry = ensure_series (registry, &refs[i]);

    if (entry == NULL) {
      refuse (registry, waiter);
      return;
    }
    orf_registry_hold (registry, &entry->base);
    g_ptr_array_add (waiter->series, entry);
  }
  if (is_settled (registry, waiter)) {
    tell (registry, waiter, NULL);
    return;
  }
  g_queue_push_tail (&registry->waiters, waiter);
  orf_registry_schedule_lookup (registry);
}
