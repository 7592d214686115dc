/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "anomalies/orf-anomaly-choice.h"

#include "metrics/orf-selector.h"

struct _OrfAnomalyChoice {
  const OrfConfig *config;
  GPtrArray *selectors; /* OrfSelector */
  guint n_taken;
};

OrfAnomalyChoice *
orf_anomaly_choice_new (const OrfConfig *config, GError **error)
{
  g_autoptr (OrfAnomalyChoice) choice = g_new0 (OrfAnomalyChoice, 1);
  char *const *texts = config->anomaly.discord;

  choice->config = config;
  choice->selectors = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_selector_free);
  for (guint i = 0; texts != NULL && texts[i] != NULL; i++) {
    OrfSelector *selector = orf_selector_parse (texts[i], error);

    if (selector == NULL) {
      g_prefix_error (error, "[anomaly] discord: ");
      return NULL;
    }
    g_ptr_array_add (choice->selectors, selector);
  }
  return g_steal_pointer (&choice);
}

void
orf_anomaly_choice_free (OrfAnomalyChoice *choice)
{
  if (choice == NULL)
    return;
  g_ptr_array_unref (choice->selectors);
  g_free (choice);
}

static gboolean
is_meant (const OrfAnomalyChoice *choice, const OrfSeries *series)
{
  for (guint i = 0; i < choice->selectors->len; i++) {
    gboolean matches = FALSE;

    /* a regular expression that takes too long means none */
    if (orf_selector_match (choice->selectors->pdata[i], series->family->name, series->labels,
                            &matches, NULL) &&
        matches)
      return TRUE;
  }
  return FALSE;
}

gboolean
orf_anomaly_choice_take (OrfAnomalyChoice *choice, const OrfSeries *series)
{
  if (choice->n_taken >= choice->config->anomaly.discord_series || !is_meant (choice, series))
    return FALSE;
  choice->n_taken++;
  return TRUE;
}

void
orf_anomaly_choice_release (OrfAnomalyChoice *choice)
{
  choice->n_taken--;
}
