/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "otlp/orf-otlp-slots.h"

#include "core/orf-clock.h"

struct _OrfOtlpSlots {
  OrfRegistry *registry;
  GArray *all; /* OrfOtlpSlot */
  guint64 generation;
};

OrfOtlpSlots *
orf_otlp_slots_new (OrfRegistry *registry)
{
  OrfOtlpSlots *slots = g_new0 (OrfOtlpSlots, 1);

  slots->registry = registry;
  slots->all = g_array_new (FALSE, TRUE, sizeof (OrfOtlpSlot));
  return slots;
}

static void
empty (OrfOtlpSlots *slots, gboolean release)
{
  for (guint i = 0; i < slots->all->len; i++) {
    OrfOtlpSlot *slot = &g_array_index (slots->all, OrfOtlpSlot, i);

    if (slot->series != NULL && release)
      orf_registry_release (slots->registry, slot->series);
    orf_otlp_series_free (slot->name);
  }
  g_array_set_size (slots->all, 0);
}

void
orf_otlp_slots_free (OrfOtlpSlots *slots, gboolean release)
{
  empty (slots, release);
  g_array_unref (slots->all);
  g_free (slots);
}

void
orf_otlp_slots_take (OrfOtlpSlots *slots, OrfOtlpBatch *batch)
{
  if (batch->reset) {
    empty (slots, TRUE);
    slots->generation++;
  }
  for (guint i = 0; i < batch->new_series->len; i++) {
    OrfOtlpSeries *series = batch->new_series->pdata[i];

    if (series->slot >= slots->all->len)
      g_array_set_size (slots->all, series->slot + 1);
    if (series->kind == ORF_SERIES_KIND_HISTOGRAM)
      continue;
    orf_otlp_slots_get (slots, series->slot)->name = series;
    batch->new_series->pdata[i] = NULL;
  }
}

OrfOtlpSlot *
orf_otlp_slots_get (OrfOtlpSlots *slots, guint32 number)
{
  return &g_array_index (slots->all, OrfOtlpSlot, number);
}

void
orf_otlp_slots_settle (OrfOtlpSlots *slots, guint32 number, OrfSeries *series)
{
  OrfOtlpSlot *slot = orf_otlp_slots_get (slots, number);

  orf_registry_hold (slots->registry, series);
  slot->series = series;
  slot->refusal = NULL;
  slot->used_us = orf_clock_monotonic_us ();
  g_clear_pointer (&slot->name, orf_otlp_series_free);
}

guint64
orf_otlp_slots_get_generation (const OrfOtlpSlots *slots)
{
  return slots->generation;
}

static void
let_go (OrfOtlpSlots *slots, OrfOtlpSlot *slot)
{
  OrfSeries *series = g_steal_pointer (&slot->series);

  slot->name = orf_otlp_series_new ();
  slot->name->kind = series->family->kind;
  slot->name->name = g_strdup (series->family->name);
  slot->name->unit = g_strdup (series->family->unit);
  slot->name->help = g_strdup (series->family->help);
  slot->name->labels = g_strdupv (series->labels);
  orf_registry_release (slots->registry, series);
}

void
orf_otlp_slots_tick (OrfOtlpSlots *slots, gint64 idle_us)
{
  gint64 before_us = orf_clock_monotonic_us () - idle_us;

  for (guint i = 0; i < slots->all->len; i++) {
    OrfOtlpSlot *slot = &g_array_index (slots->all, OrfOtlpSlot, i);

    if (slot->series != NULL && slot->used_us < before_us)
      let_go (slots, slot);
  }
}
