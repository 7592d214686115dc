/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/orf-config.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "core/orf-config-private.h"
#include "core/orf-names.h"
#include "core/orf-url.h"
#include "orf-error.h"

static gpointer
get_member (gconstpointer base, const OrfConfigKey *key)
{
  return (char *) base + key->offset;
}

static const OrfConfigKey *
find_key (const char *section, const char *name)
{
  for (guint i = 0; i < orf_n_config_keys; i++)
    if (g_str_equal (orf_config_keys[i].section, section) &&
        g_str_equal (orf_config_keys[i].name, name))
      return &orf_config_keys[i];
  return NULL;
}

static gboolean
refuse (const OrfConfigKey *key, const char *text, GError **error)
{
  g_autofree char *field = g_strconcat (key->section, ".", key->name, NULL);

  g_propagate_error (error,
                     orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, field, key->allowed,
                                          "%s: \"%s\" is not %s", field, text, key->allowed));
  return FALSE;
}

static gboolean
set_number (gpointer base, const OrfConfigKey *key, const char *text, GError **error)
{
  char *end = NULL;
  double number;

  errno = 0;
  if (key->type == ORF_CONFIG_INTEGER) {
    gint64 integer = g_ascii_strtoll (text, &end, 10);

    if (errno != 0 || end == text || *end != '\0' || (double) integer < key->minimum ||
        (double) integer > key->maximum)
      return refuse (key, text, error);
    *(gint64 *) get_member (base, key) = integer;
    return TRUE;
  }
  number = g_ascii_strtod (text, &end);
  if (end == text || *end != '\0' || !isfinite (number) || number < key->minimum ||
      number > key->maximum)
    return refuse (key, text, error);
  *(double *) get_member (base, key) = number;
  return TRUE;
}

static gboolean
set_boolean (gpointer base, const OrfConfigKey *key, const char *text, GError **error)
{
  static const char *const yes[] = { "true", "yes", "on", "1", NULL };
  static const char *const no[] = { "false", "no", "off", "0", NULL };

  if (g_strv_contains (yes, text))
    *(gboolean *) get_member (base, key) = TRUE;
  else if (g_strv_contains (no, text))
    *(gboolean *) get_member (base, key) = FALSE;
  else
    return refuse (key, text, error);
  return TRUE;
}

static gboolean
set_enum (gpointer base, const OrfConfigKey *key, const char *text, GError **error)
{
  for (int i = 0; key->values[i] != NULL; i++)
    if (g_str_equal (key->values[i], text)) {
      *(int *) get_member (base, key) = i;
      return TRUE;
    }
  return refuse (key, text, error);
}

/* "a;b;" or "a,b": the empty items that a closing separator leaves are none. */
static char **
split_list (const char *text)
{
  g_auto (GStrv) parts = g_strsplit_set (text, ";,", -1);
  GPtrArray *items = g_ptr_array_new ();

  for (guint i = 0; parts[i] != NULL; i++)
    if (*g_strstrip (parts[i]) != '\0')
      g_ptr_array_add (items, g_strdup (parts[i]));
  g_ptr_array_add (items, NULL);
  return (char **) g_ptr_array_free (items, FALSE);
}

gboolean
orf_config_set_key (gpointer base, const OrfConfigKey *key, const char *text, GError **error)
{
  switch (key->type) {
  case ORF_CONFIG_INTEGER:
  case ORF_CONFIG_NUMBER:
    return set_number (base, key, text, error);
  case ORF_CONFIG_BOOLEAN:
    return set_boolean (base, key, text, error);
  case ORF_CONFIG_ENUM:
    return set_enum (base, key, text, error);
  case ORF_CONFIG_URL:
    if (!orf_url_is_valid (text))
      return refuse (key, text, error);
    /* fallthrough */
  case ORF_CONFIG_STRING: {
    char **member = get_member (base, key);

    g_free (*member);
    *member = g_strdup (text);
    return TRUE;
  }
  case ORF_CONFIG_LIST:
  default: {
    char ***member = get_member (base, key);

    g_strfreev (*member);
    *member = split_list (text);
    return TRUE;
  }
  }
}

void
orf_config_clear_key (gpointer base, const OrfConfigKey *key)
{
  if (key->type == ORF_CONFIG_STRING || key->type == ORF_CONFIG_URL)
    g_clear_pointer ((char **) get_member (base, key), g_free);
  else if (key->type == ORF_CONFIG_LIST)
    g_clear_pointer ((char ***) get_member (base, key), g_strfreev);
}

OrfConfig *
orf_config_new_defaults (void)
{
  OrfConfig *config = g_new0 (OrfConfig, 1);

  for (guint i = 0; i < orf_n_config_keys; i++) {
    g_autoptr (GError) error = NULL;

    if (!orf_config_set_key (config, &orf_config_keys[i], orf_config_keys[i].default_text, &error))
      g_error ("schema/config.json: %s",
               error->message); /* a fault of the build, not of the user */
  }
  orf_config_entries_init (config);
  return config;
}

void
orf_config_free (OrfConfig *config)
{
  if (config == NULL)
    return;
  for (guint i = 0; i < orf_n_config_keys; i++)
    orf_config_clear_key (config, &orf_config_keys[i]);
  orf_config_entries_clear (config);
  g_free (config);
}

OrfConfig *
orf_config_copy_keys (const OrfConfig *config)
{
  OrfConfig *copy = orf_config_new_defaults ();

  for (guint i = 0; i < orf_n_config_keys; i++) {
    g_autofree char *text = orf_config_key_to_text (config, &orf_config_keys[i]);

    orf_config_set_key (copy, &orf_config_keys[i], text, NULL); /* config passed the same check */
  }
  return copy;
}

static gboolean
refuse_unknown (const char *section, const char *name, GError **error)
{
  g_autofree char *field = g_strconcat (section, ".", name, NULL);

  g_propagate_error (error,
                     orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, field,
                                          "a key of orfeasd --print-defaults",
                                          "%s: there is no such key; orfeasd --print-defaults "
                                          "shows all",
                                          field));
  return FALSE;
}

/* Whatever the key is: one of the schema, or of the user's own choosing. */
static gboolean
set_any (OrfConfig *config, const char *section, const char *name, const char *text, GError **error)
{
  const OrfConfigKey *key = find_key (section, name);

  if (key != NULL)
    return orf_config_set_key (config, key, text, error);
  if (orf_config_entries_find (section) != NULL)
    return orf_config_entries_set (config, section, name, text, error);
  return refuse_unknown (section, name, error);
}

static char *
dup_text (GKeyFile *file, const char *section, const char *name, GError **error)
{
  char *text = g_key_file_get_string (file, section, name, NULL);
  g_autofree char *field = NULL;

  if (text != NULL)
    return g_strstrip (text);
  field = g_strconcat (section, ".", name, NULL);
  g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, field, "UTF-8",
                                                 "%s: the text is not UTF-8", field));
  return NULL;
}

static gboolean
apply_section (OrfConfig *config, GKeyFile *file, const char *section, GError **error)
{
  g_auto (GStrv) names = g_key_file_get_keys (file, section, NULL, NULL);

  for (guint i = 0; names[i] != NULL; i++) {
    g_autofree char *text = dup_text (file, section, names[i], error);

    if (text == NULL || !set_any (config, section, names[i], text, error))
      return FALSE;
  }
  return TRUE;
}

/* It names programs that are run as we. */
static gboolean
check_writers (const char *path, GError **error)
{
  struct stat state;

  if (stat (path, &state) != 0 || !S_ISREG (state.st_mode) || (state.st_mode & S_IWOTH) == 0)
    return TRUE; /* what is not there, or no file, is told of by who reads it */
  g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
               "%s: every user of this machine may write it, and so choose what is run: chmod o-w "
               "it",
               path);
  return FALSE;
}

/* A pipe would be waited for, by all who wait for us. */
static gboolean
check_is_file (const char *path, GError **error)
{
  struct stat state;

  if (stat (path, &state) != 0 || S_ISREG (state.st_mode))
    return TRUE; /* what is not there is told of by who reads it */
  g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "%s is not a file", path);
  return FALSE;
}

static GKeyFile *
load_file (const char *path, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) file_error = NULL;

  if (!check_writers (path, error))
    return NULL;
  if (g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, &file_error))
    return g_steal_pointer (&file);
  g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "%s: %s", path, file_error->message);
  return NULL;
}

static gboolean
apply_file (OrfConfig *config, const char *path, GError **error)
{
  g_autoptr (GKeyFile) file = load_file (path, error);
  g_auto (GStrv) sections = NULL;

  if (file == NULL)
    return FALSE;
  sections = g_key_file_get_groups (file, NULL);
  for (guint i = 0; sections[i] != NULL; i++)
    if (!apply_section (config, file, sections[i], error)) {
      g_prefix_error (error, "%s: ", path);
      return FALSE;
    }
  return TRUE;
}

/* ---- a directory of rules -------------------------------------------------------------------- */

/* A section is a rule: what [alerts.NAME] says of it, with its condition as expr. */
static gboolean
apply_rule (OrfConfig *config, GKeyFile *file, const char *rule, GError **error)
{
  g_auto (GStrv) names = g_key_file_get_keys (file, rule, NULL, NULL);
  g_autofree char *section = g_strconcat ("alerts.", rule, NULL);

  for (guint i = 0; names[i] != NULL; i++) {
    gboolean is_condition = g_str_equal (names[i], "expr");
    g_autofree char *text = dup_text (file, rule, names[i], error);

    if (text == NULL || !orf_config_entries_set (config, is_condition ? "alerts" : section,
                                                 is_condition ? rule : names[i], text, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
apply_rule_file (OrfConfig *config, GKeyFile *file, GError **error)
{
  g_auto (GStrv) rules = g_key_file_get_groups (file, NULL);

  for (guint i = 0; rules[i] != NULL; i++)
    if (!apply_rule (config, file, rules[i], error))
      return FALSE;
  return TRUE;
}

/* The paths of its files *.conf, in the order of their names. */
static char **
list_rule_files (const char *path, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, error);
  GPtrArray *paths;
  const char *name;

  if (dir == NULL)
    return NULL;
  paths = g_ptr_array_new ();
  while ((name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, ".conf") && name[0] != '.')
      g_ptr_array_add (paths, g_build_filename (path, name, NULL));
  g_ptr_array_sort (paths, orf_names_compare);
  g_ptr_array_add (paths, NULL);
  return (char **) g_ptr_array_free (paths, FALSE);
}

/* Where [alerts] rules_dir says, or beside the config's own file. */
static char *
find_rules_dir (const OrfConfig *config, const char *config_path)
{
  g_autofree char *folder = NULL;
  g_autofree char *beside = NULL;

  if (config->alerts.rules_dir[0] != '\0')
    return g_strdup (config->alerts.rules_dir);
  if (config_path == NULL)
    return NULL;
  folder = g_path_get_dirname (config_path);
  beside = g_build_filename (folder, "alerts.d", NULL);
  return g_file_test (beside, G_FILE_TEST_IS_DIR) ? g_steal_pointer (&beside) : NULL;
}

static gboolean
apply_rules_dir (OrfConfig *config, const char *config_path, GError **error)
{
  g_autofree char *path = find_rules_dir (config, config_path);
  g_autoptr (GError) dir_error = NULL;
  g_auto (GStrv) paths = NULL;

  if (path == NULL)
    return TRUE;
  paths = list_rule_files (path, &dir_error);
  if (paths == NULL) {
    g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "alerts.rules_dir",
                                                   "a directory", "alerts.rules_dir: %s",
                                                   dir_error->message));
    return FALSE;
  }
  for (guint i = 0; paths[i] != NULL; i++) {
    g_autoptr (GKeyFile) file = NULL;

    if (!check_is_file (paths[i], error) || (file = load_file (paths[i], error)) == NULL)
      return FALSE;
    if (!apply_rule_file (config, file, error)) {
      g_prefix_error (error, "%s: ", paths[i]);
      return FALSE;
    }
  }
  return TRUE;
}

static char *
dup_variable (const OrfConfigKey *key)
{
  g_autofree char *joined = g_strconcat ("ORFEAS_", key->section, "_", key->name, NULL);

  return g_ascii_strup (joined, -1);
}

char **
orf_config_dup_environment (void)
{
  char **environment = g_get_environ ();

  for (guint i = 0; i < orf_n_config_keys; i++) {
    const OrfConfigKey *key = &orf_config_keys[i];
    g_autofree char *name = dup_variable (key);

    environment = g_environ_unsetenv (environment, name);
    if (key->env != NULL)
      environment = g_environ_unsetenv (environment, key->env);
  }
  return environment;
}

static gboolean
apply_environment (OrfConfig *config, GError **error)
{
  for (guint i = 0; i < orf_n_config_keys; i++) {
    const OrfConfigKey *key = &orf_config_keys[i];
    g_autofree char *name = dup_variable (key);
    const char *text = g_getenv (name);

    const char *variable = name;

    if (text == NULL && key->env != NULL) {
      variable = key->env;
      text = g_getenv (variable);
    }
    if (text != NULL && !orf_config_set_key (config, key, text, error)) {
      g_prefix_error (error, "environment variable %s: ", variable);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
apply_override (OrfConfig *config, const char *text, GError **error)
{
  const char *equals = strchr (text, '=');
  const char *dot = equals != NULL ? g_strrstr_len (text, equals - text, ".") : NULL;
  g_autofree char *section = NULL;
  g_autofree char *name = NULL;

  if (dot == NULL) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                 "--set %s: SECTION.KEY=VALUE is wanted", text);
    return FALSE;
  }
  section = g_strndup (text, (gsize) (dot - text));
  name = g_strndup (dot + 1, (gsize) (equals - dot - 1));
  return set_any (config, section, name, equals + 1, error);
}

static char *
find_file (void)
{
  g_autofree char *user = g_build_filename (g_get_user_config_dir (), "orfeas", "orfeasd.conf",
                                            NULL);

  if (g_file_test (user, G_FILE_TEST_EXISTS))
    return g_steal_pointer (&user);
  if (g_file_test ("/etc/orfeas/orfeasd.conf", G_FILE_TEST_EXISTS))
    return g_strdup ("/etc/orfeas/orfeasd.conf");
  return NULL;
}

/* What two keys say together; each alone is checked by its range. */
static gboolean
check_together (const OrfConfig *config, GError **error)
{
  if (config->gpu.pressure_medium_percent >= config->gpu.pressure_high_percent ||
      config->gpu.pressure_high_percent >= config->gpu.pressure_critical_percent)
    g_propagate_error (
      error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "gpu.pressure_high_percent",
                                  "medium < high < critical",
                                  "gpu.pressure_medium_percent, gpu.pressure_high_percent and "
                                  "gpu.pressure_critical_percent must rise in this order"));
  else if (config->metrics.builtin_series >= config->metrics.max_series)
    g_propagate_error (
      error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "metrics.builtin_series",
                                  "less than metrics.max_series",
                                  "metrics.builtin_series (%" G_GINT64_FORMAT
                                  ") leaves nothing of metrics.max_series (%" G_GINT64_FORMAT
                                  ") to clients",
                                  config->metrics.builtin_series, config->metrics.max_series));
  else if (config->memory.ingest_resume_percent > config->memory.ingest_stop_percent)
    g_propagate_error (
      error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "memory.ingest_resume_percent",
                                  "at most memory.ingest_stop_percent",
                                  "memory.ingest_resume_percent is above "
                                  "memory.ingest_stop_percent: samples would never be taken "
                                  "again"));
  else if ((config->listen.tls_certificate[0] == '\0') != (config->listen.tls_key[0] == '\0'))
    g_propagate_error (
      error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, "listen.tls_key",
                                  "with listen.tls_certificate",
                                  "listen.tls_certificate and listen.tls_key go together, and "
                                  "only one is set"));
  else
    return TRUE;
  return FALSE;
}

/* What goes before the files. */
static gboolean
apply_above_files (OrfConfig *config, const char *const *overrides, GError **error)
{
  if (!apply_environment (config, error))
    return FALSE;
  for (guint i = 0; overrides != NULL && overrides[i] != NULL; i++)
    if (!apply_override (config, overrides[i], error))
      return FALSE;
  return TRUE;
}

OrfConfig *
orf_config_load (const char *file, const char *const *overrides, GError **error)
{
  g_autoptr (OrfConfig) config = orf_config_new_defaults ();
  g_autofree char *path = file != NULL ? g_strdup (file) : find_file ();

  if (path != NULL && !apply_file (config, path, error))
    return NULL;
  /* once to learn where the rules are, and again to go before what those say */
  if (!apply_above_files (config, overrides, error) || !apply_rules_dir (config, path, error) ||
      !apply_above_files (config, overrides, error))
    return NULL;
  if (!orf_config_entries_settle (config, error) || !check_together (config, error))
    return NULL;
  return g_steal_pointer (&config);
}

char *
orf_config_key_to_text (gconstpointer base, const OrfConfigKey *key)
{
  gpointer member = get_member (base, key);

  switch (key->type) {
  case ORF_CONFIG_INTEGER:
    return g_strdup_printf ("%" G_GINT64_FORMAT, *(gint64 *) member);
  case ORF_CONFIG_NUMBER: {
    char text[G_ASCII_DTOSTR_BUF_SIZE];

    return g_strdup (g_ascii_dtostr (text, sizeof text, *(double *) member));
  }
  case ORF_CONFIG_BOOLEAN:
    return g_strdup (*(gboolean *) member ? "true" : "false");
  case ORF_CONFIG_ENUM:
    return g_strdup (key->values[*(int *) member]);
  case ORF_CONFIG_STRING:
  case ORF_CONFIG_URL:
    return g_strdup (*(char **) member);
  case ORF_CONFIG_LIST:
  default:
    return g_strjoinv (";", *(char ***) member);
  }
}

char **
orf_config_reload (OrfConfig *config, const OrfConfig *fresh)
{
  GPtrArray *fixed = g_ptr_array_new ();

  for (guint i = 0; i < orf_n_config_keys; i++) {
    const OrfConfigKey *key = &orf_config_keys[i];
    g_autofree char *before = orf_config_key_to_text (config, key);
    g_autofree char *after = orf_config_key_to_text (fresh, key);

    if (g_str_equal (before, after))
      continue;
    if (key->reload)
      orf_config_set_key (config, key, after, NULL); /* fresh has passed the same check */
    else
      g_ptr_array_add (fixed, g_strconcat (key->section, ".", key->name, NULL));
  }
  orf_config_entries_reload (config, fresh, fixed);
  g_ptr_array_add (fixed, NULL);
  return (char **) g_ptr_array_free (fixed, FALSE);
}
