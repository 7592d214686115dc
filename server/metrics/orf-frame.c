/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-frame.h"

#include <math.h>

OrfFrame *
orf_frame_new (OrfRegistry *registry)
{
  OrfFrame *frame = g_new0 (OrfFrame, 1);

  frame->values = g_array_new (FALSE, FALSE, sizeof (OrfFrameValue));
  frame->registry = registry;
  return frame;
}

void
orf_frame_free (OrfFrame *frame)
{
  g_array_unref (frame->values);
  g_free (frame);
}

void
orf_frame_begin (OrfFrame *frame, gint64 t_us)
{
  frame->t_us = t_us;
  g_array_set_size (frame->values, 0);
}

void
orf_frame_add_series (OrfFrame *frame, OrfSeries *series, double value)
{
  OrfFrameValue one = { series, value };

  if (isfinite (value))
    g_array_append_val (frame->values, one);
}

void
orf_frame_add (OrfFrame *frame, OrfMetricId metric, const char *const *label_values, double value)
{
  OrfSeries *series;

  /* An unknown value makes no series either: what was never known has none. */
  if (!isfinite (value))
    return;
  series = orf_registry_get_builtin (frame->registry, metric, label_values);
  if (series != NULL)
    orf_frame_add_series (frame, series, value);
}
