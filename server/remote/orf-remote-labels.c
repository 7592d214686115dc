/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/orf-remote-labels.h"

#include <string.h>

#include "orf-error.h"

#define FIELD   "remote_write.external_labels"
#define ALLOWED "NAME=VALUE, each NAME once, of letters, digits and _, not beginning with __"

static gboolean
is_name (const char *name, gsize length)
{
  if (length == 0 || g_ascii_isdigit (name[0]) || (length > 1 && name[0] == '_' && name[1] == '_'))
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isalnum (name[i]) && name[i] != '_')
      return FALSE;
  return TRUE;
}

static gboolean
has_name (const GPtrArray *labels, const char *name)
{
  for (guint i = 0; i < labels->len; i += 2)
    if (g_str_equal (labels->pdata[i], name))
      return TRUE;
  return FALSE;
}

static char *
dup_value (const char *text, const char *host_name)
{
  GString *value = g_string_new (text);

  g_string_replace (value, "$HOSTNAME", host_name, 0);
  return g_string_free (value, FALSE);
}

char **
orf_remote_labels_parse (const char *const *texts, const char *host_name, GError **error)
{
  g_autoptr (GPtrArray) labels = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; texts[i] != NULL; i++) {
    const char *equals = strchr (texts[i], '=');
    g_autofree char *name = equals != NULL ? g_strndup (texts[i], equals - texts[i]) : NULL;

    if (name == NULL || !is_name (name, strlen (name)) || equals[1] == '\0' ||
        has_name (labels, name)) {
      g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, FIELD, ALLOWED,
                                                     FIELD ": \"%s\" is no label", texts[i]));
      return NULL;
    }
    g_ptr_array_add (labels, g_steal_pointer (&name));
    g_ptr_array_add (labels, dup_value (equals + 1, host_name));
  }
  g_ptr_array_add (labels, NULL);
  g_ptr_array_set_free_func (labels, NULL);
  return (char **) g_ptr_array_steal (labels, NULL);
}
