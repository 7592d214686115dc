/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-exemplars.h"

#include "core/orf-clock.h"
#include "metrics/orf-exposition-labels.h"
#include "orf-encode.h"

static void
clear_exemplar (gpointer exemplar)
{
  g_free (((OrfExemplar *) exemplar)->text);
}

GArray *
orf_exemplars_new (const GArray *sources, OrfExemplarFunc func, gpointer user_data)
{
  GArray *exemplars = g_array_new (FALSE, FALSE, sizeof (OrfExemplar));

  g_array_set_clear_func (exemplars, clear_exemplar);
  for (guint i = 0; i < sources->len; i++) {
    const OrfExpositionSource *source = &g_array_index (sources, OrfExpositionSource, i);
    const OrfExemplar one = { i, source->exemplary ? func (user_data, source->series) : NULL };

    if (one.text != NULL)
      g_array_append_val (exemplars, one);
  }
  return exemplars;
}

char *
orf_exemplar_format (const char *const *labels, double value, gint64 t_us)
{
  g_autofree char *told = orf_exposition_labels_write ((char *const *) labels);
  GString *text = g_string_new (" # ");

  g_string_append (text, told);
  g_string_append_c (text, ' ');
  orf_encode_number (text, value);
  g_string_append_printf (text, " %" G_GINT64_FORMAT ".%06" G_GINT64_FORMAT, t_us / ORF_US_PER_S,
                          t_us % ORF_US_PER_S);
  return g_string_free (text, FALSE);
}
