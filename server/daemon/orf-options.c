/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/orf-options.h"

#include "orf-error.h"

typedef struct {
  char *config_file;
  char *db;
  char *listen;
  char *socket;
  char **sets;
  gboolean check_config, print_defaults, version, stdio;
} Given;

static void
given_clear (Given *given)
{
  g_free (given->config_file);
  g_free (given->db);
  g_free (given->listen);
  g_free (given->socket);
  g_strfreev (given->sets);
}

static gboolean
parse (Given *given, int argc, char **argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &given->config_file,
      "Settings; else $XDG_CONFIG_HOME/orfeas/orfeasd.conf, /etc/orfeas/orfeasd.conf", "FILE" },
    { "db", 0, 0, G_OPTION_ARG_FILENAME, &given->db,
      "Database; else $XDG_STATE_HOME/orfeas/orfeas.db", "FILE" },
    { "listen", 0, 0, G_OPTION_ARG_STRING, &given->listen,
      "Where HTTP is served (127.0.0.1:5000); port 0 picks a free one", "HOST:PORT" },
    { "socket", 0, 0, G_OPTION_ARG_FILENAME, &given->socket,
      "Unix socket; else $XDG_RUNTIME_DIR/orfeas/orfeas.sock", "PATH" },
    { "set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &given->sets,
      "One setting, before file and environment; may be repeated", "SECTION.KEY=VALUE" },
    { "check-config", 0, 0, G_OPTION_ARG_NONE, &given->check_config,
      "Read the settings, say what is wrong, and end", NULL },
    { "print-defaults", 0, 0, G_OPTION_ARG_NONE, &given->print_defaults,
      "Print every setting with its default, range and help", NULL },
    { "stdio", 0, 0, G_OPTION_ARG_NONE, &given->stdio,
      "Answer calls on standard input from the file, read-only, beside a daemon or without one",
      NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &given->version, "Print the version", NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (
    "- flight recorder and control plane of a GPU inference service");
  g_autoptr (GError) local = NULL;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &local)) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "%s; see orfeasd --help",
                 local->message);
    return FALSE;
  }
  if (argc > 1) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                 "\"%s\" is not an option; see orfeasd --help", argv[1]);
    return FALSE;
  }
  return TRUE;
}

/* Relative to where the daemon was started, also after a reload. */
static char *
to_absolute (const char *path)
{
  return path[0] == '\0' ? g_strdup (path) : g_canonicalize_filename (path, NULL);
}

static void
add_path (GPtrArray *overrides, const char *key, const char *path)
{
  g_autofree char *absolute = path != NULL ? to_absolute (path) : NULL;

  if (absolute != NULL)
    g_ptr_array_add (overrides, g_strconcat (key, "=", absolute, NULL));
}

static char **
make_overrides (const Given *given)
{
  GPtrArray *overrides = g_ptr_array_new ();

  for (guint i = 0; given->sets != NULL && given->sets[i] != NULL; i++)
    g_ptr_array_add (overrides, g_strdup (given->sets[i]));
  add_path (overrides, "store.path", given->db);
  add_path (overrides, "listen.socket", given->socket);
  if (given->listen != NULL)
    g_ptr_array_add (overrides, g_strconcat ("listen.http=", given->listen, NULL));
  g_ptr_array_add (overrides, NULL);
  return (char **) g_ptr_array_free (overrides, FALSE);
}

static OrfAction
choose_action (const Given *given)
{
  if (given->version)
    return ORF_ACTION_VERSION;
  if (given->print_defaults)
    return ORF_ACTION_PRINT_DEFAULTS;
  if (given->check_config)
    return ORF_ACTION_CHECK_CONFIG;
  return given->stdio ? ORF_ACTION_STDIO : ORF_ACTION_RUN;
}

OrfOptions *
orf_options_parse (int argc, char **argv, GError **error)
{
  Given given = { NULL };
  OrfOptions *options = NULL;

  if (parse (&given, argc, argv, error)) {
    options = g_new0 (OrfOptions, 1);
    options->action = choose_action (&given);
    options->config_file = g_steal_pointer (&given.config_file);
    options->overrides = make_overrides (&given);
  }
  given_clear (&given);
  return options;
}

void
orf_options_free (OrfOptions *options)
{
  g_free (options->config_file);
  g_strfreev (options->overrides);
  g_free (options);
}
