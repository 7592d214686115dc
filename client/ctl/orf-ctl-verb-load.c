/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <glib/gstdio.h>

#include "orf-error.h"
#include "orf-load-report.h"
#include "orf-load-sender.h"

#include "orf-ctl-cells.h"
#include "orf-ctl-format.h"
#include "orf-ctl-load-joined.h"
#include "orf-ctl-load-page.h"
#include "orf-ctl-load-record.h"
#include "orf-ctl-params.h"
#include "orf-ctl-progress.h"
#include "orf-ctl-watch.h"

#define DEFAULT_REPORT   "load_test_report.json"
#define DEFAULT_PATIENCE (10 * (gint64) G_USEC_PER_SEC)
/* Open: a server that answers in 100 ms needs as many at 10,000/s; and most have fewer descriptors
 * free than 10,000. */
#define DEFAULT_OPEN_CONNECTIONS   1000
#define DEFAULT_CLOSED_CONNECTIONS 10
#define MAX_CONNECTIONS            10000

/* A run, as the command line has it. */
typedef struct {
  OrfCtl *ctl;
  OrfLoadTarget *target;
  OrfLoadRequests *requests;
  OrfLoadPlan *plan;
  OrfLoadRequirements *limit;
  OrfLoadRequirements *required; /* NULL: nothing is */
  OrfCtlProgress *progress;
  gboolean is_closed;
  guint n_connections;
  gint64 patience_us;
} Load;

static void
clear_load (Load *load)
{
  g_clear_pointer (&load->requests, orf_load_requests_free);
  g_clear_pointer (&load->target, orf_load_target_free);
  g_clear_pointer (&load->plan, orf_load_plan_free);
  g_clear_pointer (&load->limit, orf_load_requirements_free);
  g_clear_pointer (&load->required, orf_load_requirements_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Load, clear_load)

/* ---- the command line ------------------------------------------------------------------------ */

static const char *
get_option (const OrfCtl *ctl, const char *name)
{
  return orf_ctl_options_get (orf_ctl_get_options (ctl), name);
}

/* Stays as it is where it is not given. */
static gboolean
get_rate (const OrfCtl *ctl, const char *name, double *rate, GError **error)
{
  const char *text = get_option (ctl, name);
  char *end;

  if (text == NULL)
    return TRUE;
  *rate = g_ascii_strtod (text, &end);
  if (end != text && *end == '\0' && *rate > 0 && *rate <= ORF_LOAD_MAX_RATE)
    return TRUE;
  g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
               "--%s: \"%s\" is no rate above 0, up to %d a second", name, text, ORF_LOAD_MAX_RATE);
  return FALSE;
}

/* One of two words; FALSE where it is neither.  *second: it is the second. */
static gboolean
get_choice (const OrfCtl *ctl,
            const char *name,
            const char *first_word,
            const char *second_word,
            gboolean *second,
            GError **error)
{
  const char *text = get_option (ctl, name);

  *second = g_strcmp0 (text, second_word) == 0;
  if (text == NULL || *second || g_str_equal (text, first_word))
    return TRUE;
  g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "--%s: \"%s\" is neither %s nor %s",
               name, text, first_word, second_word);
  return FALSE;
}

static gboolean
set_plan (Load *load, GError **error)
{
  const char *verb = orf_ctl_options_get_verb (orf_ctl_get_options (load->ctl))->name;
  OrfLoadSetup setup = { .kind = orf_load_kind_from_string (verb + strlen ("load ")) };

  if (!get_rate (load->ctl, "rate", &setup.rate, error) ||
      !get_rate (load->ctl, "peak", &setup.peak_rate, error) ||
      !get_rate (load->ctl, "step", &setup.step_rate, error) ||
      !get_rate (load->ctl, "max-rate", &setup.max_rate, error) ||
      !get_choice (load->ctl, "arrivals", "even", "random", &setup.is_random, error) ||
      !orf_ctl_params_get_duration (load->ctl, "duration", &setup.duration_us, error))
    return FALSE;
  load->plan = orf_load_plan_new (&setup, error);
  return load->plan != NULL;
}

static gboolean
set_model (Load *load, GError **error)
{
  const char *connections = get_option (load->ctl, "connections");
  guint64 n;

  if (!get_choice (load->ctl, "model", "open", "closed", &load->is_closed, error))
    return FALSE;
  load->n_connections = load->is_closed ? DEFAULT_CLOSED_CONNECTIONS : DEFAULT_OPEN_CONNECTIONS;
  if (connections != NULL &&
      !g_ascii_string_to_unsigned (connections, 10, 1, MAX_CONNECTIONS, &n, NULL)) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                 "--connections: \"%s\" is no number from 1 to %d", connections, MAX_CONNECTIONS);
    return FALSE;
  }
  if (connections != NULL)
    load->n_connections = (guint) n;
  load->patience_us = DEFAULT_PATIENCE;
  return orf_ctl_params_get_duration (load->ctl, "patience", &load->patience_us, error);
}

/* The daemon itself, where no URL is given. */
static char *
dup_url (const OrfCtl *ctl)
{
  OrfCtlTarget daemon = orf_ctl_get_target (ctl);
  g_autofree char *socket = NULL;

  if (orf_ctl_get_argument (ctl, 0) != NULL)
    return g_strdup (orf_ctl_get_argument (ctl, 0));
  if (daemon.url != NULL)
    return g_build_path ("/", daemon.url, "healthz", NULL);
  socket = daemon.socket != NULL ? g_strdup (daemon.socket) : orf_ctl_dup_default_socket ();
  return g_strconcat ("unix:", socket, NULL);
}

/* "@FILE": what is in it. */
static gboolean
read_body (const char *option, char **body, GError **error)
{
  if (option == NULL || *option != '@') {
    *body = g_strdup (option);
    return TRUE;
  }
  return g_file_get_contents (option + 1, body, NULL, error);
}

static gboolean
set_requests (Load *load, GError **error)
{
  g_autofree char *url = dup_url (load->ctl);
  g_autofree char *body = NULL;
  OrfLoadRequestSetup setup = {
    .method = get_option (load->ctl, "method"),
    .headers = get_option (load->ctl, "header"),
    .file = get_option (load->ctl, "requests"),
  };

  load->target = orf_load_target_new (url, get_option (load->ctl, "trust"), error);
  if (load->target == NULL || !read_body (get_option (load->ctl, "body"), &body, error))
    return FALSE;
  setup.body = body;
  load->requests = orf_load_requests_new (load->target, &setup, error);
  return load->requests != NULL;
}

static const char *
get_report_path (const OrfCtl *ctl)
{
  const char *path = get_option (ctl, "output");

  return path != NULL ? path : DEFAULT_REPORT;
}

/* Before the run: afterwards it would be in vain. */
static gboolean
check_report_path (const OrfCtl *ctl, GError **error)
{
  const char *path = get_report_path (ctl);
  g_autofree char *folder = g_path_get_dirname (path);

  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    errno = EISDIR;
  else if (g_access (folder, W_OK | X_OK) == 0)
    return TRUE;
  g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "--output: %s cannot be written: %s",
               path, g_strerror (errno));
  return FALSE;
}

static gboolean
set_requirements (Load *load, GError **error)
{
  const char *required = get_option (load->ctl, "require");
  const char *limit = get_option (load->ctl, "limit");

  load->limit = orf_load_requirements_new (limit != NULL ? limit : ORF_LOAD_DEFAULT_LIMIT, error);
  if (load->limit == NULL) {
    g_prefix_error (error, "--limit: ");
    return FALSE;
  }
  if (required == NULL)
    return TRUE;
  load->required = orf_load_requirements_new (required, error);
  if (load->required == NULL)
    g_prefix_error (error, "--require: ");
  return load->required != NULL;
}

/* ---- while it runs --------------------------------------------------------------------------- */

static gboolean
tick_cb (gpointer user_data, const OrfLoadResult *result, gint64 elapsed_us)
{
  Load *load = user_data;
  double share = (double) elapsed_us / (double) orf_load_plan_get_duration (load->plan);
  const OrfLoadTally *level = result->levels->len > 0
                                ? result->levels->pdata[result->levels->len - 1]
                                : NULL;

  if (level != NULL) {
    guint i = result->levels->len - 1;
    g_autofree char *p95 = orf_ctl_format_duration_us (orf_load_tally_get_quantile (level, .95),
                                                       TRUE);
    g_autofree char *text =
      g_strdup_printf ("%s  %.0f/s  p95 %s  failed %" G_GUINT64_FORMAT "  late %" G_GUINT64_FORMAT,
                       orf_load_plan_get_level (load->plan, i)->name,
                       orf_load_get_rate (level, orf_load_result_get_level_us (result, i)),
                       p95 != NULL ? p95 : "-", orf_load_tally_get_failed (level), level->late);

    orf_ctl_progress_show (load->progress, share, text);
  }
  /* past its breaking point a service is only ill-treated */
  return orf_load_plan_get_kind (load->plan) != ORF_LOAD_KIND_STRESS ||
         orf_load_find_breaking_level (result, load->limit) < 0;
}

static gboolean
run (Load *load, OrfLoadResult *result, GError **error)
{
  int stop_fd = orf_ctl_take_interrupts (error);
  OrfLoadSender sender = {
    .target = load->target,
    .requests = load->requests,
    .is_closed = load->is_closed,
    .n_connections = load->n_connections,
    .patience_us = load->patience_us,
    .stop_fd = stop_fd,
    .tick = tick_cb,
    .user_data = load,
  };
  gboolean done;

  if (stop_fd < 0)
    return FALSE;
  load->progress = orf_ctl_progress_new ();
  done = orf_load_send (&sender, result, error);
  g_clear_pointer (&load->progress, orf_ctl_progress_free);
  /* a daemon that does not take the record can be left */
  orf_ctl_release_interrupts (stop_fd);
  return done;
}

/* ---- what came of it ------------------------------------------------------------------------- */

static void
add_tally (const OrfCtl *ctl,
           OrfCtlTable *table,
           const OrfLoadTally *tally,
           double planned_rate,
           gint64 sent_for_us)
{
  static const double shares[] = { .5, .95, .99 };
  guint64 failed = orf_load_tally_get_failed (tally);

  orf_ctl_cells_take_metric (ctl, table, ORF_CTL_FAINT, "planned_per_s", planned_rate);
  orf_ctl_cells_take_metric (ctl, table, ORF_CTL_PLAIN, "rate_per_s",
                             orf_load_get_rate (tally, sent_for_us));
  for (guint i = 0; i < G_N_ELEMENTS (shares); i++)
    orf_ctl_cells_take_duration (ctl, table, ORF_CTL_PLAIN, tally->answered > 0,
                                 tally->answered > 0
                                   ? llround (orf_load_tally_get_quantile (tally, shares[i]))
                                   : 0);
  orf_ctl_cells_take_duration (ctl, table, ORF_CTL_PLAIN, tally->answered > 0,
                               tally->answered > 0 ? llround (tally->max_us) : 0);
  orf_ctl_cells_take_count (table, ORF_CTL_PLAIN, (gint64) tally->sent);
  orf_ctl_cells_take_count (table, failed > 0 ? ORF_CTL_BAD : ORF_CTL_PLAIN, (gint64) failed);
  orf_ctl_cells_take_count (table, ORF_CTL_PLAIN, (gint64) tally->late);
  orf_ctl_cells_take_count (table, ORF_CTL_PLAIN, (gint64) tally->dropped);
}

static void
append_levels (const Load *load, GString *out, const OrfLoadResult *result)
{
  static const char *const titles[] = { "PLANNED/S", "RATE/S", "P50",    "P95",  "P99",
                                        "MAX",       "SENT",   "FAILED", "LATE", "DROPPED" };
  g_autoptr (OrfCtlTable) table = orf_ctl_table_new (orf_ctl_get_terminal (load->ctl));
  g_autoptr (OrfLoadTally) total = orf_load_result_sum (result);

  orf_ctl_table_add_column (table, "LEVEL", 0);
  for (guint i = 0; i < G_N_ELEMENTS (titles); i++)
    orf_ctl_table_add_column (table, titles[i], ORF_CTL_COLUMN_RIGHT);
  for (guint i = 0; i < result->levels->len && result->levels->len > 1; i++) {
    const OrfLoadLevel *level = orf_load_plan_get_level (load->plan, i);

    orf_ctl_table_add (table, ORF_CTL_PLAIN, level->name);
    add_tally (load->ctl, table, result->levels->pdata[i], load->is_closed ? NAN : level->rate,
               orf_load_result_get_level_us (result, i));
  }
  orf_ctl_table_add (table, ORF_CTL_STRONG, "all");
  add_tally (load->ctl, table, total, orf_load_get_planned_rate (result), result->sent_for_us);
  orf_ctl_table_append_to (table, out);
}

/* The breaking point, or how long a spike was felt; nothing of the other kinds. */
static void
append_finding (const Load *load, GString *out, const OrfLoadResult *result)
{
  int breaking = orf_load_find_breaking_level (result, load->limit);
  double recovery_us = orf_load_get_recovery_us (result);
  g_autofree char *recovery = orf_ctl_format_duration_us (recovery_us, FALSE);

  if (orf_load_plan_get_kind (load->plan) == ORF_LOAD_KIND_STRESS)
    g_string_append_printf (
      out, breaking >= 0 ? "breaking point: %g/s\n" : "breaking point: none up to %g/s\n",
      orf_load_plan_get_level (load->plan,
                               breaking >= 0 ? (guint) breaking : result->levels->len - 1)
        ->rate);
  else if (orf_load_plan_get_kind (load->plan) == ORF_LOAD_KIND_SPIKE)
    g_string_append_printf (out, "recovered after the spike: %s\n",
                            recovery != NULL ? recovery : "not seen");
}

static void
append_requirements (const Load *load, GString *out, json_t *report)
{
  json_t *list = json_object_get (json_object_get (report, "orfeas"), "requirements");
  gsize i;
  json_t *one;

  json_array_foreach (list, i, one)
  {
    gboolean met = json_is_true (json_object_get (one, "met"));
    g_autofree char *measured = orf_ctl_load_page_format_measured (one);

    orf_ctl_terminal_append (orf_ctl_get_terminal (load->ctl), out,
                             met ? ORF_CTL_GOOD : ORF_CTL_BAD, met ? "met" : "MISSED");
    g_string_append_printf (out, "  %s (measured %s)\n",
                            json_string_value (json_object_get (one, "requirement")),
                            measured != NULL ? measured : "nothing");
  }
}

/* report.json: report.html; of another name: that, and .html. */
static char *
dup_page_path (const char *path)
{
  gsize length = strlen (path) - (g_str_has_suffix (path, ".json") ? strlen (".json") : 0);

  return g_strdup_printf ("%.*s.html", (int) length, path);
}

static gboolean
write_report (const Load *load, json_t *report, GError **error)
{
  const char *path = get_report_path (load->ctl);
  g_autofree char *text = orf_json_dump (report);
  g_autofree char *page = orf_ctl_load_page_render (report);
  g_autofree char *page_path = dup_page_path (path);

  return g_file_set_contents (path, text, -1, error) &&
         g_file_set_contents (page_path, page, -1, error);
}

static void
print_report (json_t *report)
{
  g_autofree char *text = orf_json_dump (report);

  orf_ctl_print_line (text);
}

static void
show (const Load *load, const OrfLoadResult *result, json_t *report)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_autofree char *faults = orf_ctl_load_page_format_faults (report);

  if (orf_ctl_wants_json (load->ctl))
    return;
  append_levels (load, out, result);
  if (faults != NULL)
    g_string_append_printf (out, "%s\n", faults);
  append_finding (load, out, result);
  append_requirements (load, out, report);
  orf_ctl_print (out->str);
}

/* To the daemon, beside the metrics of the same time; the report then has those, too. */
static OrfCtlExit
record (const Load *load, json_t *report, GError **error)
{
  const char *name = get_option (load->ctl, "record");
  g_autofree char *id = NULL;
  g_autoptr (json_t) joined = NULL;
  g_autoptr (GString) out = g_string_new (NULL);
  OrfCtlExit verdict;

  if (name == NULL)
    return ORF_CTL_DONE;
  orf_ctl_limit_calls (load->ctl, TRUE);
  verdict = orf_ctl_load_record (load->ctl, name, report, &id, error);
  if (verdict == ORF_CTL_DONE)
    verdict = orf_ctl_load_join (load->ctl, id, &joined, error);
  if (verdict != ORF_CTL_DONE)
    return verdict;
  json_object_set (report, "server", json_object_get (joined, "server"));
  orf_ctl_load_append_saturated (load->ctl, out, json_object_get (joined, "server"));
  g_string_append_printf (out, "recorded as %s: see orfeasctl load show %s\n", id, id);
  if (!orf_ctl_wants_json (load->ctl))
    orf_ctl_print (out->str);
  return write_report (load, report, error) ? ORF_CTL_DONE : ORF_CTL_SERVER_ERROR;
}

/* Whether there was nobody to answer, from first to last. */
static gboolean
check_answers (const Load *load, const OrfLoadResult *result, GError **error)
{
  g_autoptr (OrfLoadTally) total = orf_load_result_sum (result);
  const char *failure = NULL;

  if (total->answered > 0 || total->faults[ORF_LOAD_FAULT_CONNECT] == 0 ||
      total->faults[ORF_LOAD_FAULT_CONNECT] < orf_load_tally_get_failed (total))
    return TRUE;
  if (load->target->trust != NULL)
    failure = orf_load_trust_get_failure (load->target->trust);
  g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "no connection to %s%s%s",
               load->target->shown, failure != NULL ? ": " : "", failure != NULL ? failure : "");
  return FALSE;
}

OrfCtlExit
orf_ctl_verb_load (OrfCtl *ctl, GError **error)
{
  g_auto (Load) load = { .ctl = ctl };
  g_autoptr (OrfLoadResult) result = NULL;
  g_autoptr (json_t) document = NULL;
  OrfLoadReport report;
  OrfCtlExit verdict;

  if (!set_plan (&load, error) || !set_model (&load, error) || !set_requirements (&load, error) ||
      !check_report_path (ctl, error))
    return ORF_CTL_USAGE;
  if (!set_requests (&load, error))
    return g_error_matches (*error, ORF_ERROR, ORF_ERROR_UNAVAILABLE) ? ORF_CTL_NO_CONNECTION
                                                                      : ORF_CTL_USAGE;
  result = orf_load_result_new (load.plan, load.is_closed);
  if (!run (&load, result, error))
    return ORF_CTL_SERVER_ERROR;
  report = (OrfLoadReport){ result, load.target->shown, load.limit, load.required };
  document = orf_load_report_new (&report);
  show (&load, result, document);
  /* before it is recorded: it is there whatever becomes of that */
  if (!write_report (&load, document, error))
    return ORF_CTL_SERVER_ERROR;
  if (!check_answers (&load, result, error))
    return ORF_CTL_NO_CONNECTION;
  verdict = record (&load, document, error);
  if (orf_ctl_wants_json (ctl))
    print_report (document);
  if (verdict != ORF_CTL_DONE)
    return verdict;
  return orf_load_report_passed (&report) ? ORF_CTL_DONE : ORF_CTL_CHECK_FAILED;
}
