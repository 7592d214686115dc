/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/orf-alert-book.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "alerts/orf-alert-said.h"
#include "metrics/orf-series-name.h"
#include "orf-error.h"

struct _OrfAlertBook {
  const OrfConfig *config;
  GPtrArray *builtin, *configured; /* OrfAlertRuleRow by name */
  GPtrArray *called;               /* the same, in no order */
  GPtrArray *entries;              /* OrfAlertEntry by name */
  guint last_number;
};

void
orf_alert_entry_free (OrfAlertEntry *entry)
{
  orf_alert_rule_free (entry->rule);
  g_free (entry->help);
  g_strfreev (entry->inhibited_by);
  g_free (entry);
}

void
orf_alert_book_free (OrfAlertBook *book)
{
  if (book == NULL)
    return;
  g_clear_pointer (&book->builtin, g_ptr_array_unref);
  g_clear_pointer (&book->configured, g_ptr_array_unref);
  g_clear_pointer (&book->called, g_ptr_array_unref);
  g_clear_pointer (&book->entries, g_ptr_array_unref);
  g_free (book);
}

static const char *
get_name (const OrfAlertEntry *entry)
{
  return orf_alert_rule_get_spec (entry->rule)->name;
}

const GPtrArray *
orf_alert_book_list (const OrfAlertBook *book)
{
  return book->entries;
}

const OrfAlertEntry *
orf_alert_book_find (const OrfAlertBook *book, const char *name)
{
  for (guint i = 0; i < book->entries->len; i++)
    if (g_str_equal (get_name (book->entries->pdata[i]), name))
      return book->entries->pdata[i];
  return NULL;
}

static OrfAlertRuleRow *
find_row (const GPtrArray *rows, const char *name)
{
  for (guint i = 0; i < rows->len; i++) {
    OrfAlertRuleRow *row = rows->pdata[i];

    if (g_str_equal (row->name, name))
      return row;
  }
  return NULL;
}

/* ---- what is said together ------------------------------------------------------------------- */

static void
take_text (char **text, const char *said)
{
  if (said == NULL)
    return;
  g_free (*text);
  *text = g_strdup (said);
}

/* said goes before what is there.  With another condition the threshold that goes with the old one
 * is no more. */
static void
merge (OrfAlertRuleRow *row, const OrfAlertRuleRow *said)
{
  if (said == NULL)
    return;
  if (said->expr != NULL && isnan (said->threshold))
    row->threshold = NAN;
  take_text (&row->expr, said->expr);
  row->threshold = isnan (said->threshold) ? row->threshold : said->threshold;
  row->hysteresis = isnan (said->hysteresis) ? row->hysteresis : said->hysteresis;
  row->severity = said->severity != ORF_SEVERITY_UNSET ? said->severity : row->severity;
  row->for_us = said->for_us >= 0 ? said->for_us : row->for_us;
  row->keep_firing_for_us = said->keep_firing_for_us >= 0 ? said->keep_firing_for_us
                                                          : row->keep_firing_for_us;
  row->cooldown_us = said->cooldown_us >= 0 ? said->cooldown_us : row->cooldown_us;
  row->enabled = said->enabled >= 0 ? said->enabled : row->enabled;
  take_text (&row->labels_json, said->labels_json);
  take_text (&row->inhibited_by_json, said->inhibited_by_json);
  take_text (&row->summary, said->summary);
  take_text (&row->help, said->help);
  take_text (&row->runbook, said->runbook);
  if (said->set_by == NULL)
    return;
  row->set_us = said->set_us;
  take_text (&row->set_by, said->set_by);
}

/* All that is said of the name, called being what is said of it by call. */
static OrfAlertRuleRow *
gather (const OrfAlertBook *book, const char *name, const OrfAlertRuleRow *called)
{
  OrfAlertRuleRow *row = orf_alert_rule_row_new ();

  row->name = g_strdup (name);
  merge (row, find_row (book->builtin, name));
  merge (row, find_row (book->configured, name));
  merge (row, called);
  return row;
}

static gint64
get_time (gint64 said, gint64 otherwise)
{
  return said >= 0 ? said : otherwise;
}

static char **
names_from_json (const char *text)
{
  json_t *array = text != NULL ? json_loads (text, 0, NULL) : NULL;
  GPtrArray *names = g_ptr_array_new ();

  for (gsize i = 0; array != NULL && i < json_array_size (array); i++)
    g_ptr_array_add (names, g_strdup (json_string_value (json_array_get (array, i))));
  g_ptr_array_add (names, NULL);
  json_decref (array);
  return (char **) g_ptr_array_free (names, FALSE);
}

static OrfAlertRule *
make_rule (const OrfAlertBook *book, const OrfAlertRuleRow *row, GError **error)
{
  const OrfConfig *config = book->config;
  g_auto (GStrv)
    labels = row->labels_json != NULL ? orf_series_name_labels_from_json (row->labels_json) : NULL;
  const OrfAlertRuleSpec spec = {
    .name = row->name,
    .expr = row->expr,
    .threshold = row->threshold,
    .hysteresis = isnan (row->hysteresis) ? 0 : row->hysteresis,
    /* the config counts its words from 0 */
    .severity = row->severity != ORF_SEVERITY_UNSET ? (OrfSeverity) row->severity
                                                    : (OrfSeverity) config->alerts.severity + 1,
    .timing = { get_time (row->for_us, config->alerts.for_us),
                get_time (row->keep_firing_for_us, config->alerts.keep_firing_for_us),
                get_time (row->cooldown_us, config->alerts.cooldown_us) },
    .labels = (const char *const *) labels,
    .summary = row->summary,
    .runbook = row->runbook,
  };

  if (row->expr != NULL)
    return orf_alert_rule_new (&spec, error);
  g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "expr", NULL,
                                                 "a new rule has an expression"));
  return NULL;
}

static OrfAlertEntry *
make_entry (const OrfAlertBook *book,
            const char *name,
            const OrfAlertRuleRow *called,
            GError **error)
{
  g_autoptr (OrfAlertRuleRow) row = gather (book, name, called);
  OrfAlertRule *rule = make_rule (book, row, error);
  OrfAlertEntry *entry;

  if (rule == NULL)
    return NULL;
  entry = g_new0 (OrfAlertEntry, 1);
  entry->rule = rule;
  entry->source = find_row (book->builtin, name) != NULL      ? ORF_ALERT_RULE_SOURCE_BUILTIN
                  : find_row (book->configured, name) != NULL ? ORF_ALERT_RULE_SOURCE_CONFIG
                                                              : ORF_ALERT_RULE_SOURCE_CALL;
  entry->enabled = row->enabled != FALSE;
  entry->help = g_strdup (row->help);
  entry->inhibited_by = names_from_json (row->inhibited_by_json);
  entry->set_us = called != NULL ? called->set_us : 0;
  entry->set_by = called != NULL ? called->set_by : NULL;
  return entry;
}

/* ---- entries --------------------------------------------------------------------------------- */

static gint
compare_entries (gconstpointer a, gconstpointer b)
{
  return strcmp (get_name (*(OrfAlertEntry *const *) a), get_name (*(OrfAlertEntry *const *) b));
}

/* Takes entry, in the place of what there is of that name. */
static void
put (OrfAlertBook *book, OrfAlertEntry *entry)
{
  const OrfAlertEntry *before = orf_alert_book_find (book, get_name (entry));

  entry->number = ++book->last_number;
  if (before != NULL)
    g_ptr_array_remove (book->entries, (gpointer) before);
  g_ptr_array_add (book->entries, entry);
  g_ptr_array_sort (book->entries, compare_entries);
}

/* The error's field is that of the config. */
static void
name_key (GError **error, const char *name)
{
  const char *field = orf_error_get_field (*error);
  g_autofree char *key = g_strdup_printf ("alerts.%s%s%s", name, field != NULL ? "." : "",
                                          field != NULL ? field : "");
  GError *named = orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, key, NULL, "%s: %s", key,
                                       (*error)->message);

  g_error_free (*error);
  *error = named;
}

static gboolean
add_all (OrfAlertBook *book, const GPtrArray *rows, GError **error)
{
  for (guint i = 0; i < rows->len; i++) {
    const OrfAlertRuleRow *row = rows->pdata[i];
    g_autoptr (GError) failure = NULL;
    OrfAlertEntry *entry = make_entry (book, row->name, NULL, &failure);

    if (entry == NULL) {
      name_key (&failure, row->name);
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
    put (book, entry);
  }
  return TRUE;
}

static void
say_left_out (const OrfAlertRuleRow *row, const GError *failure)
{
  g_warning ("what was set of rule %s is left out: %s", row->name, failure->message);
}

/* A file may say what this version, or this config, does not take. */
static void
add_called (OrfAlertBook *book)
{
  for (guint i = 0; i < book->called->len; i++) {
    const OrfAlertRuleRow *row = book->called->pdata[i];
    g_autoptr (GError) failure = NULL;
    OrfAlertEntry *entry = make_entry (book, row->name, row, &failure);

    if (entry != NULL)
      put (book, entry);
    else
      say_left_out (row, failure);
  }
}

static gboolean
check_inhibitors (const OrfAlertBook *book, const OrfAlertEntry *entry, GError **error)
{
  for (guint i = 0; entry->inhibited_by[i] != NULL; i++)
    if (orf_alert_book_find (book, entry->inhibited_by[i]) == NULL) {
      g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "inhibited_by",
                                                     "names of rules", "there is no rule %s",
                                                     entry->inhibited_by[i]));
      return FALSE;
    }
  return TRUE;
}

static gboolean
check_all (const OrfAlertBook *book, GError **error)
{
  if (book->entries->len > (guint64) book->config->alerts.max_rules) {
    g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "alerts.max_rules",
                                                   "at least as many as there are",
                                                   "alerts.max_rules: there are %u rules",
                                                   book->entries->len));
    return FALSE;
  }
  for (guint i = 0; i < book->entries->len; i++) {
    const char *name = get_name (book->entries->pdata[i]);
    const OrfAlertRuleRow *called = find_row (book->called, name);
    g_autoptr (GError) failure = NULL;

    if (check_inhibitors (book, book->entries->pdata[i], &failure))
      continue;
    /* the config that had it is another one now, and no call could be made to say so */
    if (called != NULL && called->inhibited_by_json != NULL) {
      g_warning ("rule %s is inhibited by none: %s", name, failure->message);
      continue;
    }
    name_key (&failure, name);
    g_propagate_error (error, g_steal_pointer (&failure));
    return FALSE;
  }
  return TRUE;
}

static gboolean
fill (OrfAlertBook *book, GError **error)
{
  book->builtin = orf_alert_said_builtin (book->config);
  book->configured = orf_alert_said_config (book->config, error);
  if (book->configured == NULL)
    return FALSE;
  if (!add_all (book, book->builtin, error) || !add_all (book, book->configured, error))
    return FALSE;
  add_called (book);
  return check_all (book, error);
}

static OrfAlertBook *
book_new (const OrfConfig *config, const GPtrArray *rows)
{
  OrfAlertBook *book = g_new0 (OrfAlertBook, 1);

  book->config = config;
  book->entries = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_alert_entry_free);
  book->called = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_alert_rule_row_free);
  for (guint i = 0; rows != NULL && i < rows->len; i++)
    g_ptr_array_add (book->called, orf_alert_rule_row_copy (rows->pdata[i]));
  return book;
}

OrfAlertBook *
orf_alert_book_new (const OrfConfig *config, GPtrArray *rows, GError **error)
{
  g_autoptr (OrfAlertBook) book = book_new (config, rows);

  return fill (book, error) ? g_steal_pointer (&book) : NULL;
}

void
orf_alert_book_reload (OrfAlertBook *book)
{
  g_autoptr (OrfAlertBook) fresh = book_new (book->config, book->called);
  g_autoptr (GError) error = NULL;
  const OrfAlertBook before = *book;

  fresh->last_number = book->last_number; /* those of now are other rules than those before */
  if (!fill (fresh, &error)) {
    g_warning ("rules stay as they are: %s", error->message);
    return;
  }
  *book = *fresh;
  *fresh = before;
}

/* ---- what is said by call -------------------------------------------------------------------- */

OrfAlertRuleRow *
orf_alert_book_propose (const OrfAlertBook *book, const OrfAlertRuleRow *said, GError **error)
{
  const OrfAlertRuleRow *before = find_row (book->called, said->name);
  g_autoptr (OrfAlertRuleRow) row = before != NULL ? orf_alert_rule_row_copy (before)
                                                   : orf_alert_rule_row_new ();
  OrfAlertEntry *entry;
  gboolean good;

  if (!orf_alert_said_check_name (said->name, "rule", error))
    return NULL;
  if (orf_alert_book_find (book, said->name) == NULL &&
      book->entries->len >= (guint64) book->config->alerts.max_rules) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_RESOURCE_EXHAUSTED,
                 "there are %u rules ([alerts] max_rules)", book->entries->len);
    return NULL;
  }
  take_text (&row->name, said->name);
  merge (row, said);
  entry = make_entry (book, said->name, row, error);
  if (entry == NULL)
    return NULL;
  good = check_inhibitors (book, entry, error);
  orf_alert_entry_free (entry);
  return good ? g_steal_pointer (&row) : NULL;
}

OrfAlertEntry *
orf_alert_book_preview (const OrfAlertBook *book, const OrfAlertRuleRow *row)
{
  return make_entry (book, row->name, row, NULL);
}

void
orf_alert_book_say (OrfAlertBook *book, OrfAlertRuleRow *row)
{
  OrfAlertRuleRow *before = find_row (book->called, row->name);
  g_autoptr (GError) failure = NULL;
  OrfAlertEntry *entry = make_entry (book, row->name, row, &failure);

  g_ptr_array_add (book->called, row);
  if (entry != NULL)
    put (book, entry);
  else /* it was proposed to a config that was another one */
    say_left_out (row, failure);
  if (before != NULL)
    g_ptr_array_remove (book->called, before);
}

/* A rule that another is inhibited by, and that would be gone. */
static gboolean
check_not_needed (const OrfAlertBook *book, const char *name, GError **error)
{
  if (find_row (book->builtin, name) != NULL || find_row (book->configured, name) != NULL)
    return TRUE;
  for (guint i = 0; i < book->entries->len; i++) {
    const OrfAlertEntry *entry = book->entries->pdata[i];

    if (g_strv_contains ((const char *const *) entry->inhibited_by, name)) {
      g_set_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION, "rule %s is inhibited by it",
                   get_name (entry));
      return FALSE;
    }
  }
  return TRUE;
}

gboolean
orf_alert_book_check_unsay (const OrfAlertBook *book, const char *name, GError **error)
{
  if (find_row (book->called, name) != NULL)
    return check_not_needed (book, name, error);
  if (orf_alert_book_find (book, name) != NULL)
    g_set_error (error, ORF_ERROR, ORF_ERROR_FAILED_PRECONDITION,
                 "%s is built in, or in the config, and nothing was set of it by call: it can be "
                 "disabled",
                 name);
  else
    g_propagate_error (error, orf_error_new_field (ORF_ERROR_NOT_FOUND, "rule", NULL,
                                                   "there is no rule %s", name));
  return FALSE;
}

void
orf_alert_book_unsay (OrfAlertBook *book, const char *name)
{
  OrfAlertRuleRow *row = find_row (book->called, name);
  const OrfAlertEntry *before = orf_alert_book_find (book, name);
  g_autofree char *kept = g_strdup (name);
  OrfAlertEntry *entry;

  if (row == NULL)
    return;
  g_ptr_array_remove (book->called, row);
  entry = make_entry (book, kept, NULL, NULL);
  if (entry != NULL)
    put (book, entry);
  else if (before != NULL)
    g_ptr_array_remove (book->entries, (gpointer) before);
}
