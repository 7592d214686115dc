/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/orf-config.h"
#include "redis/orf-redis-link.h"

G_BEGIN_DECLS

/* What [cache] says of its nodes, with all that is wrong in it found. */
typedef struct {
  gboolean cluster; /* else independent nodes */
  char **nodes;     /* one at least, none twice */
  double *weights;  /* of each; NULL: all alike */
  char *user, *password;
  OrfRedisLinkSettings link; /* its strings are those above */
  guint max_owed;
  gboolean exclusive; /* nothing else is in their database */
} OrfRedisSettings;

/* Nodes with no mode are independent ones. */
gboolean orf_redis_settings_are_wanted (const OrfConfig *config);
/* Where they are: whether orf_redis_settings_read() would take them, but for the password's file.
 */
gboolean orf_redis_settings_check (const OrfConfig *config, GError **error);
/* INVALID_ARGUMENT, with the field. */
gboolean
orf_redis_settings_read (OrfRedisSettings *settings, const OrfConfig *config, GError **error);
void orf_redis_settings_clear (OrfRedisSettings *settings);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (OrfRedisSettings, orf_redis_settings_clear)

G_END_DECLS
