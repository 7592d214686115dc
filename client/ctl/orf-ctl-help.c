/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "orf-ctl-help.h"

static void
append_title (const OrfCtlTerminal *terminal, GString *out, const char *title)
{
  g_string_append_c (out, '\n');
  orf_ctl_terminal_append (terminal, out, ORF_CTL_STRONG, title);
  g_string_append_c (out, '\n');
}

static void
append_entry (const OrfCtlTerminal *terminal,
              GString *out,
              const char *name,
              const char *value,
              const char *help,
              guint width)
{
  g_autofree char *clean = value != NULL ? orf_ctl_terminal_clean (terminal, value) : g_strdup ("");
  guint used = (guint) strlen (name) + (*clean != '\0' ? 1 + orf_ctl_text_width (clean) : 0);

  g_string_append (out, "  ");
  orf_ctl_terminal_append (terminal, out, ORF_CTL_ACCENT, name);
  g_string_append_printf (out, "%s%s%*s  %s\n", *clean != '\0' ? " " : "", clean,
                          (int) (width - MIN (width, used)), "", help);
}

static void
append_options (const OrfCtlTerminal *terminal, GString *out, const OrfCtlOption *list)
{
  for (; list != NULL && list->name != NULL; list++) {
    g_autofree char *name = g_strconcat ("--", list->name, NULL);

    append_entry (terminal, out, name, list->value, list->help, 19);
  }
}

static guint
find_width (const OrfCtlVerb *verbs, const char *prefix)
{
  gsize width = 0;

  for (; verbs->name != NULL; verbs++) {
    if (g_str_has_prefix (verbs->name, prefix))
      width = MAX (width, strlen (verbs->name));
  }
  return (guint) width;
}

/* Those whose names begin with prefix; "" for all. */
static void
append_verbs (const OrfCtlTerminal *terminal,
              GString *out,
              const OrfCtlVerb *verbs,
              const char *prefix)
{
  guint width = find_width (verbs, prefix);

  for (; verbs->name != NULL; verbs++) {
    if (g_str_has_prefix (verbs->name, prefix))
      append_entry (terminal, out, verbs->name, NULL, verbs->summary, width);
  }
}

static void
append_examples (const OrfCtlTerminal *terminal, GString *out, const char *examples)
{
  g_auto (GStrv) lines = g_strsplit (examples, "\n", -1);

  append_title (terminal, out, "Examples");
  for (char **line = lines; *line != NULL; line++) {
    if (**line != '\0')
      g_string_append_printf (out, "  %s\n", *line);
  }
}

static void
append_verb (const OrfCtlTerminal *terminal,
             GString *out,
             const OrfCtlVerb *verbs,
             const OrfCtlVerb *verb,
             const OrfCtlOption *global_options)
{
  g_autofree char *prefix = g_strconcat (verb->name, " ", NULL);

  orf_ctl_terminal_append (terminal, out, ORF_CTL_STRONG, "Usage");
  g_string_append_printf (out, "  orfeasctl %s%s%s%s\n\n", verb->name,
                          *verb->arguments != '\0' ? " " : "", verb->arguments,
                          verb->options != NULL ? " [OPTIONS]" : "");
  g_string_append_printf (out, "%c%s.\n", g_ascii_toupper (*verb->summary), verb->summary + 1);
  if (verb->help != NULL)
    g_string_append_printf (out, "%s\n", verb->help);
  if (find_width (verbs, prefix) > 0) {
    append_title (terminal, out, "More verbs");
    append_verbs (terminal, out, verbs, prefix);
  }
  if (verb->options != NULL) {
    append_title (terminal, out, "Options");
    append_options (terminal, out, verb->options);
  }
  append_title (terminal, out, "Options of every verb");
  append_options (terminal, out, global_options);
  append_examples (terminal, out, verb->examples);
}

static void
append_program (const OrfCtlTerminal *terminal,
                GString *out,
                const OrfCtlVerb *verbs,
                const OrfCtlOption *global_options)
{
  orf_ctl_terminal_append (terminal, out, ORF_CTL_STRONG, "Usage");
  g_string_append (out,
                   "  orfeasctl [--url URL | --socket PATH | --db FILE] [--json] VERB ...\n\n"
                   "Asks and commands orfeasd, the flight recorder of a GPU inference service.\n");
  append_title (terminal, out, "Verbs");
  append_verbs (terminal, out, verbs, "");
  append_title (terminal, out, "Options");
  append_options (terminal, out, global_options);
  append_title (terminal, out, "Exit status");
  g_string_append (out,
                   "  0 done   1 the server answered an error   2 wrong usage   3 no connection\n"
                   "  4 the deadline passed   5 a threshold or check failed\n"
                   "\n`orfeasctl VERB --help` has examples.\n");
}

char *
orf_ctl_help_new (const OrfCtlTerminal *terminal,
                  const OrfCtlVerb *verbs,
                  const OrfCtlOption *global_options,
                  const OrfCtlOptions *options)
{
  GString *out = g_string_new (NULL);
  const OrfCtlVerb *verb = orf_ctl_options_get_verb (options);
  const char *group = orf_ctl_options_get_group (options);
  g_autofree char *prefix = group != NULL ? g_strconcat (group, " ", NULL) : NULL;

  if (verb != NULL) {
    append_verb (terminal, out, verbs, verb, global_options);
  } else if (group != NULL) {
    orf_ctl_terminal_append (terminal, out, ORF_CTL_STRONG, "Usage");
    g_string_append_printf (out, "  orfeasctl %s VERB ...\n\n", group);
    append_verbs (terminal, out, verbs, prefix);
  } else {
    append_program (terminal, out, verbs, global_options);
  }
  return g_string_free (out, FALSE);
}
