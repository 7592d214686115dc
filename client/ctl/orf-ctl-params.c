/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-params.h"

#include "orf-error.h"

#include "orf-ctl-time.h"

gboolean
orf_ctl_params_add_time (
  const OrfCtl *ctl, json_t *params, const char *option, const char *name, GError **error)
{
  const char *text = orf_ctl_options_get (orf_ctl_get_options (ctl), option);
  gint64 t_us;

  if (text == NULL)
    return TRUE;
  if (!orf_ctl_parse_time (text, g_get_real_time (), &t_us, error)) {
    g_prefix_error (error, "--%s: ", option);
    return FALSE;
  }
  json_object_set_new (params, name, json_integer (t_us));
  return TRUE;
}

void
orf_ctl_params_add_text (const OrfCtl *ctl, json_t *params, const char *name)
{
  const char *text = orf_ctl_options_get (orf_ctl_get_options (ctl), name);

  if (text != NULL)
    json_object_set_new (params, name, json_string (text));
}

gboolean
orf_ctl_params_parse_limit (const OrfCtl *ctl, guint64 *limit, GError **error)
{
  const char *text = orf_ctl_options_get (orf_ctl_get_options (ctl), "limit");

  *limit = G_MAXINT64;
  if (text == NULL || g_ascii_string_to_unsigned (text, 10, 1, G_MAXINT64, limit, NULL))
    return TRUE;
  g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
               "--limit: \"%s\" is no number from 1 on", text);
  return FALSE;
}
