/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-error.h"

#include "orf-ctl.h"
#include "orf-ctl-list.h"
#include "orf-ctl-span-gpu.h"
#include "orf-ctl-traces.h"

/* Of the picture; a name that is deeper begins here all the same. */
#define BAR_WIDTH        32
#define MAX_SHOWN_DEPTH  24
#define NARROW_TERMINAL  80
#define NARROW_BAR_WIDTH 16

/* ---- for a terminal: a waterfall ------------------------------------------------------------- */

/* Where in the trace's time it lies. */
static char *
make_bar (const OrfCtlTerminal *terminal,
          const OrfTracesGetResult *trace,
          const OrfSpanInfo *span,
          guint width)
{
  const char *block = terminal->utf8 ? "█" : "=";
  double whole_us = (double) MAX (trace->duration_us, 1);
  guint from = (guint) ((double) (span->start_us - trace->start_us) / whole_us * width);
  guint to = (guint) ((double) (span->start_us + span->duration_us - trace->start_us) / whole_us *
                        width +
                      0.5);
  GString *bar = g_string_new (NULL);

  from = MIN (from, width - 1);
  to = CLAMP (to, from + 1, width);
  for (guint i = 0; i < width; i++)
    g_string_append (bar, i >= from && i < to ? block : " ");
  return g_string_free (bar, FALSE);
}

static char *
make_name (const OrfCtlTerminal *terminal, const OrfSpanInfo *span)
{
  return g_strdup_printf ("%*s%s%s%s%s", 2 * (int) MIN (span->depth, MAX_SHOWN_DEPTH), "",
                          span->parent_missing ? "? " : "", span->service,
                          orf_ctl_terminal_get_dot (terminal), span->operation);
}

/* NULL: nothing is known. */
static char *
format_gpu (const OrfCtl *ctl, const OrfSpanInfo *span)
{
  g_auto (OrfCtlSpanGpu) gpu = { 0 };

  return orf_ctl_span_gpu_read (&gpu, span->gpu)
           ? orf_ctl_span_gpu_format (orf_ctl_get_terminal (ctl), &gpu)
           : NULL;
}

static gboolean
has_gpu (const OrfTracesGetResult *trace)
{
  for (guint i = 0; i < trace->spans->len; i++)
    if (((OrfSpanInfo *) trace->spans->pdata[i])->gpu != NULL)
      return TRUE;
  return FALSE;
}

static void
append_waterfall (const OrfCtl *ctl, const OrfTracesGetResult *trace, GString *out)
{
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (terminal);
  guint width = terminal->width > NARROW_TERMINAL ? BAR_WIDTH : NARROW_BAR_WIDTH;
  gboolean with_gpu = terminal->width > NARROW_TERMINAL && has_gpu (trace);

  orf_ctl_table_add_column (table, "", 0);
  orf_ctl_table_add_column (table, "SPAN", ORF_CTL_COLUMN_GIVES_WAY);
  orf_ctl_table_add_column (table, "", 0);
  orf_ctl_table_add_column (table, "DURATION", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "SELF", ORF_CTL_COLUMN_RIGHT);
  orf_ctl_table_add_column (table, "OUTCOME", 0);
  if (with_gpu)
    orf_ctl_table_add_column (table, "DEVICE MEMORY", ORF_CTL_COLUMN_GIVES_WAY);
  for (guint i = 0; i < trace->spans->len; i++) {
    const OrfSpanInfo *span = trace->spans->pdata[i];
    gboolean failed = span->outcome == ORF_SPAN_OUTCOME_ERROR;

    orf_ctl_table_add (table, ORF_CTL_ACCENT, span->critical ? "*" : "");
    orf_ctl_table_take (table, failed ? ORF_CTL_BAD : ORF_CTL_PLAIN, make_name (terminal, span));
    orf_ctl_table_take (table, span->critical ? ORF_CTL_ACCENT : ORF_CTL_FAINT,
                        make_bar (terminal, trace, span, width));
    orf_ctl_table_take (table, ORF_CTL_PLAIN,
                        orf_ctl_traces_format_duration (ctl, span->duration_us));
    orf_ctl_table_take (table, ORF_CTL_FAINT, orf_ctl_traces_format_duration (ctl, span->self_us));
    orf_ctl_table_add (table, failed ? ORF_CTL_BAD : ORF_CTL_FAINT,
                       failed && span->message != NULL ? span->message
                       : span->outcome != ORF_SPAN_OUTCOME_UNSET
                         ? orf_span_outcome_to_string (span->outcome)
                         : "");
    if (with_gpu)
      orf_ctl_table_take (table, ORF_CTL_FAINT, format_gpu (ctl, span));
  }
  orf_ctl_table_append_to (table, out);
}

/* Of the spans of no parent, of which there is one as a rule. */
static void
append_gpu (const OrfCtl *ctl, const OrfTracesGetResult *trace, GString *out)
{
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);

  for (guint i = 0; i < trace->spans->len; i++) {
    const OrfSpanInfo *span = trace->spans->pdata[i];
    g_auto (OrfCtlSpanGpu) gpu = { 0 };
    g_autofree char *device = NULL, *text = NULL;

    if (span->depth > 0 || !orf_ctl_span_gpu_read (&gpu, span->gpu))
      continue;
    device = orf_ctl_terminal_clean (terminal, gpu.device);
    text = orf_ctl_span_gpu_format (terminal, &gpu);
    g_string_append_printf (out, "%s %s\n", device, text);
  }
}

static void
append_head (const OrfCtl *ctl, const OrfTracesGetResult *trace, GString *out)
{
  const OrfCtlTerminal *terminal = orf_ctl_get_terminal (ctl);
  const char *dot = orf_ctl_terminal_get_dot (terminal);
  g_autofree char *id = orf_ctl_terminal_clean (terminal, trace->trace_id);
  g_autofree char *time = orf_ctl_list_format_time (ctl, trace->start_us);
  g_autofree char *duration = orf_ctl_traces_format_duration (ctl, trace->duration_us);
  guint n_services = trace->services != NULL ? g_strv_length (trace->services) : 0;

  g_string_append_printf (out, "%s\n%s%s%s%s%u span%s%s%u service%s\n", id, time, dot, duration,
                          dot, trace->spans->len, trace->spans->len == 1 ? "" : "s", dot,
                          n_services, n_services == 1 ? "" : "s");
  append_gpu (ctl, trace, out);
  g_string_append_c (out, '\n');
}

static void
append_foot (const OrfTracesGetResult *trace, GString *out)
{
  gboolean missing = FALSE;

  for (guint i = 0; i < trace->spans->len; i++)
    missing |= ((OrfSpanInfo *) trace->spans->pdata[i])->parent_missing;
  g_string_append (out, "\n* on the critical path\n");
  if (missing)
    g_string_append (out, "? its parent never came\n");
  if (trace->truncated)
    g_string_append (out, "and more spans, which are not told\n");
}

/* ---- for a pipe ------------------------------------------------------------------------------ */

static void
take_integer (OrfCtlTable *table, gint64 value)
{
  orf_ctl_table_take (table, ORF_CTL_PLAIN, g_strdup_printf ("%" G_GINT64_FORMAT, value));
}

static void
take_bytes (OrfCtlTable *table, gint64 bytes)
{
  orf_ctl_table_take (table, ORF_CTL_PLAIN,
                      bytes >= 0 ? g_strdup_printf ("%" G_GINT64_FORMAT, bytes) : NULL);
}

static void
add_gpu (OrfCtlTable *table, const OrfSpanInfo *span)
{
  g_auto (OrfCtlSpanGpu) gpu = { 0 };
  gboolean known = orf_ctl_span_gpu_read (&gpu, span->gpu);

  orf_ctl_table_add (table, ORF_CTL_PLAIN, gpu.device);
  take_bytes (table, known ? gpu.start_bytes : -1);
  take_bytes (table, known ? gpu.end_bytes : -1);
  orf_ctl_table_add (table, ORF_CTL_PLAIN, gpu.pressure);
}

static void
append_rows (const OrfCtl *ctl, const OrfTracesGetResult *trace, GString *out)
{
  static const char *const columns[] = { "SPAN",        "PARENT",      "DEPTH",     "CRITICAL",
                                         "SERVICE",     "OPERATION",   "KIND",      "OFFSET_US",
                                         "DURATION_US", "SELF_US",     "OUTCOME",   "MESSAGE",
                                         "DEVICE",      "START_BYTES", "END_BYTES", "PRESSURE" };
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (orf_ctl_get_terminal (ctl));

  for (guint i = 0; i < G_N_ELEMENTS (columns); i++)
    orf_ctl_table_add_column (table, columns[i], 0);
  for (guint i = 0; i < trace->spans->len; i++) {
    const OrfSpanInfo *span = trace->spans->pdata[i];

    orf_ctl_table_add (table, ORF_CTL_PLAIN, span->span_id);
    orf_ctl_table_add (table, ORF_CTL_PLAIN, span->parent_id);
    take_integer (table, span->depth);
    orf_ctl_table_add (table, ORF_CTL_PLAIN, span->critical ? "yes" : "no");
    orf_ctl_table_add (table, ORF_CTL_PLAIN, span->service);
    orf_ctl_table_add (table, ORF_CTL_PLAIN, span->operation);
    orf_ctl_table_add (table, ORF_CTL_PLAIN, orf_span_kind_to_string (span->kind));
    take_integer (table, span->start_us - trace->start_us);
    take_integer (table, span->duration_us);
    take_integer (table, span->self_us);
    orf_ctl_table_add (table, ORF_CTL_PLAIN, orf_span_outcome_to_string (span->outcome));
    orf_ctl_table_add (table, ORF_CTL_PLAIN, span->message);
    add_gpu (table, span);
  }
  orf_ctl_table_append_to (table, out);
}

OrfCtlExit
orf_ctl_verb_traces_show (OrfCtl *ctl, GError **error)
{
  g_autoptr (OrfTracesGetResult) trace = NULL;
  g_autoptr (GString) out = g_string_new (NULL);
  json_t *params = json_pack ("{s:s}", "trace_id", orf_ctl_get_argument (ctl, 0));
  OrfCtlExit verdict;

  if (params == NULL) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "ID is not UTF-8");
    return ORF_CTL_USAGE;
  }
  verdict = orf_ctl_fetch (ctl, ORF_METHOD_TRACES_GET, params, (gpointer *) &trace, error);
  if (verdict != ORF_CTL_DONE || orf_ctl_wants_json (ctl))
    return verdict;
  if (orf_ctl_get_terminal (ctl)->is_terminal) {
    append_head (ctl, trace, out);
    append_waterfall (ctl, trace, out);
    append_foot (trace, out);
  } else {
    append_rows (ctl, trace, out);
  }
  orf_ctl_print (out->str);
  return ORF_CTL_DONE;
}
