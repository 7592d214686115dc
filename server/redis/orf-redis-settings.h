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

/* INVALID_ARGUMENT, with the field. */
gboolean
orf_redis_settings_read (OrfRedisSettings *settings, const OrfConfig *config, GError **error);
void orf_redis_settings_clear (OrfRedisSettings *settings);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (OrfRedisSettings, orf_redis_settings_clear)

G_END_DECLS
