/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "orf-ctl-params.h"

#include <math.h>

#include "metrics/orf-expr-number.h"
#include "orf-error.h"

#include "orf-ctl-time.h"

gboolean
orf_ctl_params_get_time (
  const OrfCtl *ctl, const char *option, gint64 now_us, gint64 *time_us, GError **error)
{
  const char *text = orf_ctl_options_get (orf_ctl_get_options (ctl), option);

  if (text == NULL || orf_ctl_parse_time (text, now_us, time_us, error))
    return TRUE;
  g_prefix_error (error, "--%s: ", option);
  return FALSE;
}

gboolean
orf_ctl_params_get_duration (const OrfCtl *ctl,
                             const char *option,
                             gint64 *duration_us,
                             GError **error)
{
  const char *text = orf_ctl_options_get (orf_ctl_get_options (ctl), option);

  if (text == NULL || orf_ctl_parse_duration (text, duration_us, error))
    return TRUE;
  g_prefix_error (error, "--%s: ", option);
  return FALSE;
}

void
orf_ctl_params_set_time (json_t *params, const char *name, gint64 us)
{
  if (us >= 0)
    json_object_set_new (params, name, json_integer (us));
}

gboolean
orf_ctl_params_add_time (
  const OrfCtl *ctl, json_t *params, const char *option, const char *name, GError **error)
{
  gint64 t_us = -1;

  if (!orf_ctl_params_get_time (ctl, option, g_get_real_time (), &t_us, error))
    return FALSE;
  orf_ctl_params_set_time (params, name, t_us);
  return TRUE;
}

gboolean
orf_ctl_params_add_duration (
  const OrfCtl *ctl, json_t *params, const char *option, const char *name, GError **error)
{
  gint64 duration_us = -1;

  if (!orf_ctl_params_get_duration (ctl, option, &duration_us, error))
    return FALSE;
  orf_ctl_params_set_time (params, name, duration_us);
  return TRUE;
}

gboolean
orf_ctl_params_add_number (
  const OrfCtl *ctl, json_t *params, const char *option, const char *name, GError **error)
{
  const char *text = orf_ctl_options_get (orf_ctl_get_options (ctl), option);
  char *end = NULL;
  double value;

  if (text == NULL)
    return TRUE;
  value = g_ascii_strtod (text, &end);
  if (end == text || *end != '\0' || !isfinite (value)) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "--%s: \"%s\" is no number", option,
                 text);
    return FALSE;
  }
  json_object_set_new (params, name, json_real (value));
  return TRUE;
}

gboolean
orf_ctl_params_get_quantity (const OrfCtl *ctl, const char *option, double *value, GError **error)
{
  const char *text = orf_ctl_options_get (orf_ctl_get_options (ctl), option);
  const char *start, *end;
  gboolean of_time;

  if (text == NULL)
    return TRUE;
  start = text + (*text == '-' || *text == '+');
  if (!orf_expr_number_begins (start) ||
      orf_expr_number_read (start, &end, value, &of_time) != ORF_EXPR_NUMBER_GOOD || *end != '\0') {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                 "--%s: \"%s\" is no number, such as 8e9, 85%%, 4GiB or 250ms", option, text);
    return FALSE;
  }
  if (*text == '-')
    *value = -*value;
  return TRUE;
}

gboolean
orf_ctl_params_add_quantity (const OrfCtl *ctl, json_t *params, const char *option, GError **error)
{
  double value = NAN;

  if (!orf_ctl_params_get_quantity (ctl, option, &value, error))
    return FALSE;
  if (!isnan (value))
    json_object_set_new (params, option, json_real (value));
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

json_t *
orf_ctl_params_pack_argument (const OrfCtl *ctl, const char *name, GError **error)
{
  json_t *params = json_pack ("{s:s}", name, orf_ctl_get_argument (ctl, 0));

  if (params == NULL)
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT, "%s is not UTF-8", name);
  return params;
}

gboolean
orf_ctl_params_add_span (const OrfCtl *ctl, json_t *params, gint64 *span_us, GError **error)
{
  const OrfCtlOptions *options = orf_ctl_get_options (ctl);
  gint64 now_us = g_get_real_time ();
  gint64 from_us = -1;
  gint64 to_us = -1;
  gint64 last_us = -1;

  if (orf_ctl_options_has (options, "last") && orf_ctl_options_has (options, "from")) {
    g_set_error_literal (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                         "--last and --from both say where to begin: give one of them");
    return FALSE;
  }
  if (!orf_ctl_params_get_duration (ctl, "last", &last_us, error) ||
      !orf_ctl_params_get_time (ctl, "from", now_us, &from_us, error) ||
      !orf_ctl_params_get_time (ctl, "to", now_us, &to_us, error))
    return FALSE;
  if (last_us >= 0)
    from_us = MAX ((to_us >= 0 ? to_us : now_us) - last_us, 0);
  if (from_us >= 0)
    *span_us = (to_us >= 0 ? to_us : now_us) - from_us;
  orf_ctl_params_set_time (params, "from_us", from_us);
  orf_ctl_params_set_time (params, "to_us", to_us);
  return TRUE;
}
