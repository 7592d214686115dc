/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "orf-error.h"

#include "orf-ctl-options.h"

struct _OrfCtlOptions {
  const OrfCtlVerb *verbs;
  const OrfCtlOption *global_options;
  const OrfCtlVerb *verb;
  char *group;
  GPtrArray *words; /* borrowed: the verb's, then its arguments; NULL-terminated in the end */
  guint n_verb_words;
  GHashTable *values; /* option name -> text, both borrowed; names come from our own tables */
};

static gboolean G_GNUC_PRINTF (2, 3) fail_usage (GError **error, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, message);
  return FALSE;
}

static const OrfCtlOption *
find_in (const OrfCtlOption *list, const char *name, gsize length)
{
  for (; list != NULL && list->name != NULL; list++) {
    if (strlen (list->name) == length && strncmp (list->name, name, length) == 0)
      return list;
  }
  return NULL;
}

/* Any verb's: that an option stands before its verb must not change how the line is split. */
static const OrfCtlOption *
find_option (const OrfCtlOptions *options, const char *name, gsize length)
{
  const OrfCtlOption *found = find_in (options->global_options, name, length);

  for (const OrfCtlVerb *verb = options->verbs; verb->name != NULL && found == NULL; verb++)
    found = find_in (verb->options, name, length);
  return found;
}

/* The only letters, for habit's sake. */
static const char *
expand_letter (const char *word)
{
  static const char *const letters[][2] = { { "-h", "--help" },
                                            { "-V", "--version" },
                                            { "-o", "--output" } };

  for (guint i = 0; i < G_N_ELEMENTS (letters); i++)
    if (g_str_equal (word, letters[i][0]))
      return letters[i][1];
  return word;
}

static gboolean
take_option (OrfCtlOptions *options, const char *const **at, GError **error)
{
  const char *word = expand_letter (**at);
  const char *name = word + 2;
  gsize length = strcspn (word + MIN (2, strlen (word)), "=");
  const OrfCtlOption *option = NULL;
  const char *value;

  if (g_str_has_prefix (word, "--"))
    option = find_option (options, name, length);
  if (option == NULL)
    return fail_usage (error, "there is no option %.*s", (int) strcspn (word, "="), word);
  value = name[length] == '=' ? name + length + 1 : NULL;
  if (option->value == NULL && value != NULL)
    return fail_usage (error, "--%s takes no value", option->name);
  if (option->value != NULL && value == NULL) {
    value = (*at)[1];
    if (value == NULL)
      return fail_usage (error, "--%s needs a value: --%s %s", option->name, option->name,
                         option->value);
    (*at)++;
  }
  g_hash_table_insert (options->values, (char *) option->name, (char *) (value ? value : ""));
  return TRUE;
}

static gboolean
split_words (OrfCtlOptions *options, const char *const *argv, GError **error)
{
  gboolean only_words = FALSE;

  for (const char *const *at = argv; *at != NULL; at++) {
    if (!only_words && g_str_equal (*at, "--"))
      only_words = TRUE;
    else if (only_words || **at != '-' || g_str_equal (*at, "-"))
      g_ptr_array_add (options->words, (char *) *at);
    else if (!take_option (options, &at, error))
      return FALSE;
  }
  return TRUE;
}

/* The words of the verb when the line begins with them, else 0. */
static guint
match_verb (const OrfCtlVerb *verb, const GPtrArray *words)
{
  g_auto (GStrv) parts = g_strsplit (verb->name, " ", -1);
  guint n_parts = g_strv_length (parts);

  if (words->len < n_parts)
    return 0;
  for (guint i = 0; i < n_parts; i++) {
    if (!g_str_equal (parts[i], words->pdata[i]))
      return 0;
  }
  return n_parts;
}

/* The verbs that begin with `group`, as a person would list them; NULL: none. */
static char *
list_group (const OrfCtlVerb *verbs, const char *group)
{
  g_autofree char *prefix = g_strconcat (group, " ", NULL);
  GString *out = NULL;

  for (const OrfCtlVerb *verb = verbs; verb->name != NULL; verb++) {
    if (!g_str_has_prefix (verb->name, prefix))
      continue;
    if (out == NULL)
      out = g_string_new (verb->name);
    else
      g_string_append_printf (out, ", %s", verb->name);
  }
  return out != NULL ? g_string_free (out, FALSE) : NULL;
}

static gboolean
find_verb (OrfCtlOptions *options, GError **error)
{
  const char *first = options->words->len > 0 ? options->words->pdata[0] : NULL;
  gboolean asks = orf_ctl_options_has (options, "help") || orf_ctl_options_has (options, "version");
  g_autofree char *siblings = NULL;

  /* "gpu cleanups" is a verb, and not `gpu` with an argument. */
  for (const OrfCtlVerb *verb = options->verbs; verb->name != NULL; verb++) {
    guint n_words = match_verb (verb, options->words);

    if (n_words > options->n_verb_words) {
      options->n_verb_words = n_words;
      options->verb = verb;
    }
  }
  if (options->verb != NULL)
    return TRUE;
  if (first == NULL)
    return asks ? TRUE : fail_usage (error, "no verb given");
  siblings = list_group (options->verbs, first);
  if (siblings == NULL)
    return fail_usage (error, "there is no verb \"%s\"", first);
  if (options->words->len > 1)
    return fail_usage (error, "there is no verb \"%s %s\", but: %s", first,
                       (const char *) options->words->pdata[1], siblings);
  if (!asks)
    return fail_usage (error, "\"%s\" is not a whole verb: %s", first, siblings);
  options->group = g_strdup (first);
  return TRUE;
}

/* Names of files are bytes; all else is said to the daemon, in JSON, which has no place for what is
 * no text: left out it would have the daemon do more than was asked. */
static gboolean
is_good_text (const char *metavar, const char *text)
{
  return (metavar != NULL &&
          (strstr (metavar, "FILE") != NULL || strstr (metavar, "PATH") != NULL)) ||
         g_utf8_validate (text, -1, NULL);
}

static gboolean
check_values (const OrfCtlOptions *options, GError **error)
{
  const OrfCtlVerb *verb = options->verb;
  GHashTableIter iter;
  gpointer name, text;

  g_hash_table_iter_init (&iter, options->values);
  while (g_hash_table_iter_next (&iter, &name, &text)) {
    const OrfCtlOption *option = find_in (options->global_options, name, strlen (name));

    if (option == NULL)
      option = find_in (verb->options, name, strlen (name));
    if (option == NULL)
      return fail_usage (error, "%s has no option --%s", verb->name, (const char *) name);
    if (!is_good_text (option->value, text))
      return fail_usage (error, "--%s: \"%s\" is not UTF-8", option->name, (const char *) text);
  }
  return TRUE;
}

static gboolean
check_verb (OrfCtlOptions *options, GError **error)
{
  const OrfCtlVerb *verb = options->verb;
  guint n_arguments = options->words->len - options->n_verb_words;

  if (!check_values (options, error))
    return FALSE;
  if (n_arguments < verb->min_arguments)
    return fail_usage (error, "%s needs %s", verb->name, verb->arguments);
  if (n_arguments > verb->max_arguments)
    return fail_usage (error, "%s: \"%s\" is one argument too many", verb->name,
                       (const char *) options->words->pdata[options->words->len - 1]);
  for (guint i = options->n_verb_words; i < options->words->len; i++) {
    if (!is_good_text (verb->arguments, options->words->pdata[i]))
      return fail_usage (error, "%s: \"%s\" is not UTF-8", verb->name,
                         (const char *) options->words->pdata[i]);
  }
  return TRUE;
}

/* `help VERB` is `VERB --help`. */
static void
turn_help_around (OrfCtlOptions *options)
{
  if (options->words->len == 0 || !g_str_equal (options->words->pdata[0], "help"))
    return;
  g_ptr_array_remove_index (options->words, 0);
  g_hash_table_insert (options->values, (char *) "help", (char *) "");
}

OrfCtlOptions *
orf_ctl_options_parse (const OrfCtlVerb *verbs,
                       const OrfCtlOption *global_options,
                       const char *const *argv,
                       GError **error)
{
  g_autoptr (OrfCtlOptions) options = g_new0 (OrfCtlOptions, 1);

  options->verbs = verbs;
  options->global_options = global_options;
  options->words = g_ptr_array_new ();
  options->values = g_hash_table_new (g_str_hash, g_str_equal);

  if (!split_words (options, argv, error))
    return NULL;
  turn_help_around (options);
  if (!find_verb (options, error))
    return NULL;
  if (options->verb != NULL && !orf_ctl_options_has (options, "help") &&
      !orf_ctl_options_has (options, "version") && !check_verb (options, error))
    return NULL;
  g_ptr_array_add (options->words, NULL);
  return g_steal_pointer (&options);
}

void
orf_ctl_options_free (OrfCtlOptions *options)
{
  if (options == NULL)
    return;
  g_ptr_array_unref (options->words);
  g_hash_table_unref (options->values);
  g_free (options->group);
  g_free (options);
}

const OrfCtlVerb *
orf_ctl_options_get_verb (const OrfCtlOptions *options)
{
  return options->verb;
}

const char *
orf_ctl_options_get_group (const OrfCtlOptions *options)
{
  return options->group;
}

const char *const *
orf_ctl_options_get_arguments (const OrfCtlOptions *options)
{
  return (const char *const *) options->words->pdata + options->n_verb_words;
}

gboolean
orf_ctl_options_has (const OrfCtlOptions *options, const char *name)
{
  return g_hash_table_contains (options->values, name);
}

const char *
orf_ctl_options_get (const OrfCtlOptions *options, const char *name)
{
  return g_hash_table_lookup (options->values, name);
}
