/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "metrics/orf-exposition-names.h"

#include <string.h>

#include "core/orf-names.h"

typedef struct {
  OrfExposedName base;
  OrfPrometheusName *rules;  /* NULL: a built-in metric's */
  const char *unit;          /* told; "": none; static */
  char *help;                /* told */
  char *own_unit, *own_help; /* what it was made of; may be NULL */
  gboolean used;
} Entry;

struct _OrfExpositionNames {
  GHashTable *recorded; /* our name -> Entry */
  GHashTable *exports;  /* the family's name -> Entry */
};

/* ---- heads ----------------------------------------------------------------------------------- */

static void
append_help (GString *head, const char *help, OrfExpositionFormat format)
{
  for (; *help != '\0'; help++)
    if (*help == '\n')
      g_string_append (head, "\\n");
    else if (*help == '\\' || (*help == '"' && format == ORF_EXPOSITION_OPENMETRICS))
      g_string_append_printf (head, "\\%c", *help);
    else
      g_string_append_c (head, *help);
}

/* A counter's family has its ending in the older format, and not in OpenMetrics. */
static char *
make_head (const Entry *entry, OrfExpositionFormat format)
{
  const OrfExposedName *base = &entry->base;
  gboolean total = base->kind == ORF_SERIES_KIND_COUNTER && format == ORF_EXPOSITION_TEXT;
  g_autofree char *name = g_strconcat (base->name, total ? "_total" : "", NULL);
  GString *head = g_string_new (NULL);

  g_string_append_printf (head, "# HELP %s ", name);
  append_help (head, entry->help, format);
  g_string_append_printf (head, "\n# TYPE %s %s\n", name, orf_series_kind_to_string (base->kind));
  if (format == ORF_EXPOSITION_OPENMETRICS && entry->unit[0] != '\0')
    g_string_append_printf (head, "# UNIT %s %s\n", name, entry->unit);
  return g_string_free (head, FALSE);
}

/* Takes name. */
static void
set_name (Entry *entry, char *name)
{
  g_free (entry->base.name);
  entry->base.name = name;
  for (guint format = 0; format < ORF_EXPOSITION_N_FORMATS; format++) {
    g_free (entry->base.heads[format]);
    entry->base.heads[format] = make_head (entry, (OrfExpositionFormat) format);
  }
}

/* ---- entries --------------------------------------------------------------------------------- */

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_free (entry->base.name);
  for (guint format = 0; format < ORF_EXPOSITION_N_FORMATS; format++)
    g_free (entry->base.heads[format]);
  g_clear_pointer (&entry->rules, orf_prometheus_name_free);
  g_free (entry->help);
  g_free (entry->own_unit);
  g_free (entry->own_help);
  g_free (entry);
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

static gboolean
is_of (const Entry *entry, const OrfFamily *family)
{
  return entry->base.kind == family->kind && g_strcmp0 (entry->own_unit, family->unit) == 0 &&
         g_strcmp0 (entry->own_help, family->help) == 0;
}

static Entry *
ensure_entry (OrfExpositionNames *names, const OrfFamily *family)
{
  Entry *entry = g_hash_table_lookup (names->recorded, family->name);

  if (entry != NULL && is_of (entry, family))
    return entry;
  entry = g_new0 (Entry, 1);
  entry->rules = orf_prometheus_name_new (family->name, family->unit, family->kind);
  entry->unit = entry->rules->unit;
  entry->help = make_help (family);
  entry->own_unit = g_strdup (family->unit);
  entry->own_help = g_strdup (family->help);
  entry->base.kind = family->kind;
  entry->base.multiply = entry->rules->multiply;
  entry->base.divide = entry->rules->divide;
  g_hash_table_replace (names->recorded, g_strdup (family->name), entry);
  return entry;
}

/* ---- names ----------------------------------------------------------------------------------- */

const OrfExposedName *
orf_exposition_names_get (OrfExpositionNames *names,
                          const OrfFamily *family,
                          OrfPrometheusClaims *claims)
{
  Entry *entry = ensure_entry (names, family);
  g_autofree char *chosen = orf_prometheus_claims_choose (claims, entry->rules, family->name,
                                                          family->kind);

  entry->used = TRUE;
  if (g_strcmp0 (entry->base.name, chosen) != 0)
    set_name (entry, g_steal_pointer (&chosen));
  return &entry->base;
}

const OrfExposedName *
orf_exposition_names_get_export (OrfExpositionNames *names,
                                 const OrfMetricExport *export,
                                 OrfSeriesKind kind)
{
  Entry *entry = g_hash_table_lookup (names->exports, export->family);

  if (entry != NULL)
    return &entry->base;
  entry = g_new0 (Entry, 1);
  entry->unit = export->unit;
  entry->help = g_strdup (export->help);
  entry->base.kind = kind;
  entry->base.multiply = 1;
  entry->base.divide = export->divide;
  set_name (entry, g_strdup (export->family));
  g_hash_table_insert (names->exports, entry->base.name, entry);
  return &entry->base;
}

static gboolean
is_unused (gpointer key, gpointer value, gpointer user_data)
{
  Entry *entry = value;
  gboolean used = entry->used;

  entry->used = FALSE;
  return !used;
}

void
orf_exposition_names_end_round (OrfExpositionNames *names)
{
  g_hash_table_foreach_remove (names->recorded, is_unused, NULL);
}

OrfExpositionNames *
orf_exposition_names_new (void)
{
  OrfExpositionNames *names = g_new0 (OrfExpositionNames, 1);

  names->recorded = orf_names_table_new (g_free, entry_free);
  names->exports = orf_names_table_new (NULL, entry_free);
  return names;
}

void
orf_exposition_names_free (OrfExpositionNames *names)
{
  g_hash_table_unref (names->recorded);
  g_hash_table_unref (names->exports);
  g_free (names);
}

gsize
orf_exposition_names_get_size_bytes (const OrfExpositionNames *names)
{
  gsize bytes = 0;
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, names->recorded);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    const Entry *entry = value;

    bytes += sizeof *entry + strlen (entry->base.name) + strlen (entry->help);
    for (guint format = 0; format < ORF_EXPOSITION_N_FORMATS; format++)
      bytes += strlen (entry->base.heads[format]);
  }
  return bytes;
}
