/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "orf-ctl.h"

G_BEGIN_DECLS

/* Options of the command line as parameters of a method; one that is not given adds none. */

/* A time or a duration; what it points to stays as it is where the option is not given. */
gboolean orf_ctl_params_get_time (
  const OrfCtl *ctl, const char *option, gint64 now_us, gint64 *time_us, GError **error);
gboolean orf_ctl_params_get_duration (const OrfCtl *ctl,
                                      const char *option,
                                      gint64 *duration_us,
                                      GError **error);
/* Below 0: none. */
void orf_ctl_params_set_time (json_t *params, const char *name, gint64 us);

/* A time, or a duration, as the parameter `name`. */
gboolean orf_ctl_params_add_time (
  const OrfCtl *ctl, json_t *params, const char *option, const char *name, GError **error);
gboolean orf_ctl_params_add_duration (
  const OrfCtl *ctl, json_t *params, const char *option, const char *name, GError **error);
gboolean orf_ctl_params_add_number (
  const OrfCtl *ctl, json_t *params, const char *option, const char *name, GError **error);
/* A number with a unit of expressions, or with none: 85%, 4GiB, 250ms. */
gboolean
orf_ctl_params_get_quantity (const OrfCtl *ctl, const char *option, double *value, GError **error);
/* The same, as the parameter of the option's name. */
gboolean
orf_ctl_params_add_quantity (const OrfCtl *ctl, json_t *params, const char *option, GError **error);
/* Text, as the parameter of the option's name. */
void orf_ctl_params_add_text (const OrfCtl *ctl, json_t *params, const char *name);
/* {name: the first argument}; NULL: it is no text. */
json_t *orf_ctl_params_pack_argument (const OrfCtl *ctl, const char *name, GError **error);
/* --last, --from and --to as from_us and to_us; *span_us: how long that is, untouched where nothing
 * says where it begins. */
gboolean
orf_ctl_params_add_span (const OrfCtl *ctl, json_t *params, gint64 *span_us, GError **error);
/* --limit; G_MAXINT64 where it is not given. */
gboolean orf_ctl_params_parse_limit (const OrfCtl *ctl, guint64 *limit, GError **error);

G_END_DECLS
