/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "orf-ctl.h"
#include "orf-ctl-format.h"
#include "orf-ctl-spark.h"
#include "orf-ctl-table.h"

#define BUDGET_BAR_WIDTH 16

#define OPTIONAL(object, member) ((object)->has_##member ? (double) (object)->member : NAN)

static OrfCtlStyle
state_style (OrfComponentState state)
{
  switch (state) {
  case ORF_COMPONENT_STATE_OPERATIONAL:
    return ORF_CTL_GOOD;
  case ORF_COMPONENT_STATE_DEGRADED:
    return ORF_CTL_WARNING;
  case ORF_COMPONENT_STATE_UNAVAILABLE:
    return ORF_CTL_BAD;
  case ORF_COMPONENT_STATE_DISABLED:
    return ORF_CTL_FAINT;
  case ORF_COMPONENT_STATE_UNSET:
  case ORF_COMPONENT_STATE_N:
  default:
    return ORF_CTL_PLAIN;
  }
}

/* The tiers are structs of states and the memory one of uses; their descriptor tables name the
 * members, so that one which the schema gains is shown without a line here. */
static gconstpointer
get_member (gconstpointer object, const OrfField *field)
{
  return (const char *) object + field->offset;
}

static const char *
find_reason (const OrfStatusGetResult *status, const char *component)
{
  for (guint i = 0; i < status->reasons->len; i++) {
    const OrfStatusReason *reason = status->reasons->pdata[i];

    if (g_str_equal (reason->component, component))
      return reason->reason;
  }
  return NULL;
}

static void
add_tier (OrfCtlTable *table,
          const OrfStatusGetResult *status,
          const char *tier,
          const OrfDesc *desc,
          gconstpointer object)
{
  for (guint i = 0; i < desc->n_fields; i++) {
    const OrfField *field = &desc->fields[i];
    OrfComponentState state = *(const OrfComponentState *) get_member (object, field);
    const char *reason = find_reason (status, field->name);

    orf_ctl_table_add (table, ORF_CTL_FAINT, tier);
    orf_ctl_table_add (table, ORF_CTL_PLAIN, field->name);
    orf_ctl_table_add (table, state_style (state), orf_component_state_to_string (state));
    orf_ctl_table_add (table, ORF_CTL_FAINT, reason != NULL ? reason : "");
  }
}

static void
append_components (const OrfCtlTerminal *terminal, GString *out, const OrfStatusGetResult *status)
{
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (terminal);
  const OrfStatusComponents *components = status->components;

  orf_ctl_table_add_column (table, "TIER", 0);
  orf_ctl_table_add_column (table, "COMPONENT", 0);
  orf_ctl_table_add_column (table, "STATE", 0);
  orf_ctl_table_add_column (table, "REASON", ORF_CTL_COLUMN_GIVES_WAY);
  add_tier (table, status, "tier1", &orf_status_tier1_desc, components->tier1);
  add_tier (table, status, "tier2", &orf_status_tier2_desc, components->tier2);
  add_tier (table, status, "tier3", &orf_status_tier3_desc, components->tier3);
  orf_ctl_table_append_to (table, out);
}

static void
append_sources (const OrfCtlTerminal *terminal, GString *out, const OrfStatusGetResult *status)
{
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (terminal);

  orf_ctl_table_add_column (table, "SOURCE", 0);
  orf_ctl_table_add_column (table, "STATE", 0);
  orf_ctl_table_add_column (table, "PID", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "RSS", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "RESTARTS", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "SAMPLED", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "REASON", ORF_CTL_COLUMN_GIVES_WAY);
  for (guint i = 0; i < status->sources->len; i++) {
    const OrfStatusSource *source = status->sources->pdata[i];
    double age_us = MAX ((double) g_get_real_time () - (double) source->sampled_us, 0);

    orf_ctl_table_add (table, ORF_CTL_PLAIN, source->source);
    orf_ctl_table_add (table, state_style (source->state),
                       orf_component_state_to_string (source->state));
    orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_format_exact (OPTIONAL (source, pid)));
    orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_format_bytes (OPTIONAL (source, rss_bytes)));
    orf_ctl_table_take (table, source->restarts > 0 ? ORF_CTL_WARNING : ORF_CTL_PLAIN,
                        orf_ctl_format_exact ((double) source->restarts));
    orf_ctl_table_take (table, ORF_CTL_PLAIN,
                        source->has_sampled_us ? orf_ctl_format_age_us (age_us, terminal->utf8)
                                               : NULL);
    orf_ctl_table_add (table, ORF_CTL_FAINT, source->reason != NULL ? source->reason : "");
  }
  orf_ctl_table_append_to (table, out);
}

static void
append_budgets (const OrfCtlTerminal *terminal, GString *out, const OrfStatusMemory *memory)
{
  const OrfDesc *desc = &orf_status_memory_desc;
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (terminal);

  orf_ctl_table_add_column (table, "MEMORY", 0);
  orf_ctl_table_add_column (table, "", 0);
  orf_ctl_table_add_column (table, "USED", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "BUDGET", ORF_CTL_COLUMN_RIGHT);
  for (guint i = 0; i < desc->n_fields; i++) {
    OrfStatusMemoryUse *const *use = get_member (memory, &desc->fields[i]);
    double share = (double) (*use)->used_bytes / (double) MAX ((*use)->budget_bytes, 1);

    orf_ctl_table_add (table, ORF_CTL_PLAIN, desc->fields[i].name);
    orf_ctl_table_take (table, share > 0.9 ? ORF_CTL_WARNING : ORF_CTL_ACCENT,
                        orf_ctl_spark_bar (share, BUDGET_BAR_WIDTH, terminal->utf8));
    orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_format_bytes ((double) (*use)->used_bytes));
    orf_ctl_table_take (table, ORF_CTL_PLAIN, orf_ctl_format_bytes ((double) (*use)->budget_bytes));
  }
  orf_ctl_table_append_to (table, out);
}

/* "label value" and what parts it from the fact before; takes value, NULL: not known. */
static void
append_first_fact (const OrfCtlTerminal *terminal, GString *out, const char *label, char *value)
{
  orf_ctl_terminal_append (terminal, out, ORF_CTL_FAINT, label);
  g_string_append_c (out, ' ');
  g_string_append (out, value != NULL ? value : orf_ctl_terminal_get_dash (terminal));
  g_free (value);
}

static void
append_fact (const OrfCtlTerminal *terminal, GString *out, const char *label, char *value)
{
  g_string_append (out, orf_ctl_terminal_get_dot (terminal));
  append_first_fact (terminal, out, label, value);
}

static void
append_label (const OrfCtlTerminal *terminal, GString *out, const char *label)
{
  g_autofree char *padded = g_strdup_printf ("%-9s ", label);

  orf_ctl_terminal_append (terminal, out, ORF_CTL_FAINT, padded);
}

static void
append_db (const OrfCtlTerminal *terminal, GString *out, const OrfStatusDb *db)
{
  g_autofree char *path = orf_ctl_terminal_clean (terminal, db->path);

  append_label (terminal, out, "file");
  g_string_append_printf (out, "%s\n%10s", path, "");
  append_first_fact (terminal, out, "size", orf_ctl_format_bytes ((double) db->size_bytes));
  append_fact (terminal, out, "wal", orf_ctl_format_bytes ((double) db->wal_bytes));
  append_fact (terminal, out, "rows", orf_ctl_format_number ((double) db->rows_written));
  append_fact (terminal, out, "written",
               orf_ctl_format_metric ("_bytes_per_s", db->written_bytes_per_s, terminal->utf8));
  if (db->frames_dropped > 0)
    append_fact (terminal, out, "lost frames", orf_ctl_format_number ((double) db->frames_dropped));
  g_string_append_c (out, '\n');
  if (db->fault != NULL || db->disk_full) {
    g_autofree char *fault = orf_ctl_terminal_clean (terminal,
                                                     db->fault ? db->fault : "the disk is full");

    g_string_append_printf (out, "%10s", "");
    orf_ctl_terminal_append (terminal, out, ORF_CTL_BAD, fault);
    g_string_append_c (out, '\n');
  }
}

static void
append_head (const OrfCtlTerminal *terminal, GString *out, const OrfStatusGetResult *status)
{
  const OrfStatusSelf *self = status->self;
  g_autofree char *version = orf_ctl_terminal_clean (terminal, status->version);
  g_autofree char *title = g_strconcat ("orfeas ", version, NULL);

  orf_ctl_terminal_append (terminal, out, ORF_CTL_STRONG, title);
  append_fact (terminal, out, "up",
               orf_ctl_format_duration_us ((double) status->uptime_us, terminal->utf8));
  append_fact (terminal, out, "complete", orf_ctl_terminal_clean (terminal, status->completion));
  g_string_append (out, "\n\n");
  append_label (terminal, out, "itself");
  append_first_fact (terminal, out, "rss", orf_ctl_format_bytes (OPTIONAL (self, rss_bytes)));
  append_fact (terminal, out, "cpu", orf_ctl_format_percent (self->cpu_percent));
  append_fact (terminal, out, "threads", orf_ctl_format_exact (OPTIONAL (self, threads)));
  append_fact (terminal, out, "longest stall",
               orf_ctl_format_duration_us (OPTIONAL (self, loop_stall_us), terminal->utf8));
  g_string_append_c (out, '\n');
}

static void
append_screen (const OrfCtlTerminal *terminal, GString *out, const OrfStatusGetResult *status)
{
  append_head (terminal, out, status);
  append_db (terminal, out, status->db);
  g_string_append_c (out, '\n');
  append_components (terminal, out, status);
  if (status->sources->len > 0) {
    g_string_append_c (out, '\n');
    append_sources (terminal, out, status);
  }
  g_string_append_c (out, '\n');
  append_budgets (terminal, out, status->memory);
}

/* ---- for a pipe: name and value, a line each ---------------------------------------------------
 */

static void
add_plain (OrfCtlTable *table, const char *prefix, const char *name, char *value)
{
  orf_ctl_table_take (table, ORF_CTL_PLAIN, g_strconcat (prefix, name, NULL));
  orf_ctl_table_take (table, ORF_CTL_PLAIN, value);
}

static void
add_plain_tier (OrfCtlTable *table, const OrfDesc *desc, gconstpointer object)
{
  for (guint i = 0; i < desc->n_fields; i++) {
    OrfComponentState state = *(const OrfComponentState *) get_member (object, &desc->fields[i]);

    add_plain (table, "component.", desc->fields[i].name,
               g_strdup (orf_component_state_to_string (state)));
  }
}

static void
append_plain (const OrfCtlTerminal *terminal, GString *out, const OrfStatusGetResult *status)
{
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (terminal);

  orf_ctl_table_add_column (table, "NAME", 0);
  orf_ctl_table_add_column (table, "VALUE", 0);
  add_plain (table, "version", "", g_strdup (status->version));
  add_plain (table, "uptime_us", "", orf_ctl_format_exact ((double) status->uptime_us));
  add_plain (table, "completion", "", g_strdup (status->completion));
  add_plain_tier (table, &orf_status_tier1_desc, status->components->tier1);
  add_plain_tier (table, &orf_status_tier2_desc, status->components->tier2);
  add_plain_tier (table, &orf_status_tier3_desc, status->components->tier3);
  for (guint i = 0; i < status->sources->len; i++) {
    const OrfStatusSource *source = status->sources->pdata[i];

    add_plain (table, "source.", source->source,
               g_strdup (orf_component_state_to_string (source->state)));
  }
  add_plain (table, "db.", "path", g_strdup (status->db->path));
  add_plain (table, "db.", "size_bytes", orf_ctl_format_exact ((double) status->db->size_bytes));
  add_plain (table, "db.", "wal_bytes", orf_ctl_format_exact ((double) status->db->wal_bytes));
  add_plain (table, "db.", "fault", g_strdup (status->db->fault));
  add_plain (table, "self.", "rss_bytes",
             orf_ctl_format_exact (OPTIONAL (status->self, rss_bytes)));
  add_plain (table, "self.", "cpu_percent", orf_ctl_format_exact (status->self->cpu_percent));
  orf_ctl_table_append_to (table, out);
}

OrfCtlExit
orf_ctl_verb_status (OrfCtl *ctl, GError **error)
{
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);
  g_autoptr (OrfStatusGetResult) status = NULL;
  g_autoptr (GString) out = g_string_new (NULL);
  OrfCtlExit verdict = orf_ctl_fetch (ctl, ORF_METHOD_STATUS_GET, NULL, (gpointer *) &status,
                                      error);

  if (verdict != ORF_CTL_DONE || orf_ctl_wants_json (ctl))
    return verdict;
  if (terminal->is_terminal)
    append_screen (terminal, out, status);
  else
    append_plain (terminal, out, status);
  orf_ctl_print (out->str);
  return ORF_CTL_DONE;
}
