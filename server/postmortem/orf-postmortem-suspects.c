/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "postmortem/orf-postmortem-suspects.h"

#include <string.h>

static void
suspect_free_cb (gpointer data)
{
  OrfPostmortemSuspect *suspect = data;

  g_free (suspect->name);
  g_ptr_array_unref (suspect->facts);
  g_array_unref (suspect->weights);
  g_free (suspect);
}

GPtrArray *
orf_postmortem_suspects_new (void)
{
  return g_ptr_array_new_with_free_func (suspect_free_cb);
}

OrfPostmortemSuspect *
orf_postmortem_suspects_find (const GPtrArray *suspects, const char *kind, const char *name)
{
  for (guint i = 0; i < suspects->len; i++) {
    OrfPostmortemSuspect *suspect = suspects->pdata[i];

    if (strcmp (suspect->kind, kind) == 0 && strcmp (suspect->name, name) == 0)
      return suspect;
  }
  return NULL;
}

OrfPostmortemSuspect *
orf_postmortem_suspects_ensure (GPtrArray *suspects,
                                const char *kind,
                                const char *name,
                                gint64 since_us)
{
  OrfPostmortemSuspect *suspect = orf_postmortem_suspects_find (suspects, kind, name);

  if (suspect == NULL) {
    suspect = g_new0 (OrfPostmortemSuspect, 1);
    suspect->kind = kind;
    suspect->name = g_strdup (name);
    suspect->since_us = since_us;
    suspect->facts = g_ptr_array_new_with_free_func (g_free);
    suspect->weights = g_array_new (FALSE, FALSE, sizeof (double));
    g_ptr_array_add (suspects, suspect);
  }
  suspect->since_us = MIN (suspect->since_us, since_us);
  return suspect;
}

/* Facts stay sorted. */
void
orf_postmortem_suspect_add (OrfPostmortemSuspect *suspect, double weight, char *fact)
{
  guint at = 0;

  while (at < suspect->weights->len && g_array_index (suspect->weights, double, at) >= weight)
    at++;
  g_array_insert_val (suspect->weights, at, weight);
  g_ptr_array_insert (suspect->facts, (int) at, fact);
  suspect->weight += weight;
}

static int
compare_cb (gconstpointer a, gconstpointer b)
{
  const OrfPostmortemSuspect *x = *(OrfPostmortemSuspect *const *) a;
  const OrfPostmortemSuspect *y = *(OrfPostmortemSuspect *const *) b;

  if (x->weight != y->weight)
    return x->weight < y->weight ? 1 : -1;
  if (x->since_us != y->since_us)
    return x->since_us < y->since_us ? -1 : 1;
  return strcmp (x->name, y->name);
}

void
orf_postmortem_suspects_rank (GPtrArray *suspects)
{
  g_ptr_array_sort (suspects, compare_cb);
}

char **
orf_postmortem_suspect_dup_facts (const OrfPostmortemSuspect *suspect, const char *also)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; i < suspect->facts->len; i++)
    g_strv_builder_add (builder, suspect->facts->pdata[i]);
  if (also != NULL)
    g_strv_builder_add (builder, also);
  return g_strv_builder_end (builder);
}
