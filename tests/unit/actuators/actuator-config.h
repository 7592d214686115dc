/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib/gstdio.h>

#include "core/orf-config.h"

/* A config of its own file, with one actuator, "it". */
static inline OrfConfig *
actuator_config_load (const char *target, const char *keys, char **kept)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *dir = g_dir_make_tmp ("orf-actuator-XXXXXX", &error);
  g_autofree char *path = g_build_filename (dir, "orfeasd.conf", NULL);
  g_autofree char *text = g_strdup_printf ("[actuators]\nit=%s\n[actuators.it]\n%s\n", target,
                                           keys);
  OrfConfig *config;

  g_assert_no_error (error);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  config = orf_config_load (path, NULL, &error);
  g_assert_no_error (error);
  if (kept != NULL) {
    *kept = g_steal_pointer (&path);
    return config;
  }
  g_unlink (path);
  g_rmdir (dir);
  return config;
}

static inline const OrfConfigActuator *
actuator_config_get (const OrfConfig *config)
{
  g_assert_cmpuint (config->actuators.servers->len, ==, 1);
  return config->actuators.servers->pdata[0];
}
