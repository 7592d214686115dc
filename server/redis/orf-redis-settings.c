/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "redis/orf-redis-settings.h"

#include <string.h>

#include "cache/orf-cache-level.h"
#include "orf-error.h"
#include "redis/orf-redis-address.h"

/* Always FALSE. */
static gboolean
refuse (GError **error, const char *key, const char *allowed, const char *why)
{
  g_autofree char *field = g_strconcat ("cache.", key, NULL);

  g_propagate_error (error, orf_error_new_field (ORF_ERROR_INVALID_ARGUMENT, field, allowed,
                                                 "[cache] %s: %s; allowed: %s", key, why, allowed));
  return FALSE;
}

static gboolean
check_nodes (const char *const *nodes, GError **error)
{
  guint n = g_strv_length ((char **) nodes);

  for (guint i = 0; i < n; i++) {
    g_auto (OrfRedisAddress) address = { NULL };
    g_autoptr (GError) wrong = NULL;

    if (!orf_redis_address_parse (&address, nodes[i], &wrong))
      return refuse (error, "nodes", "HOST:PORT, or the path of a socket", wrong->message);
    for (guint j = 0; j < i; j++)
      if (g_str_equal (nodes[i], nodes[j]))
        return refuse (error, "nodes", "each node once", "a node is there twice");
  }
  if (n < 1 || n > ORF_CACHE_MAX_NODES)
    return refuse (error, "nodes", "1 to 256 nodes", "there are none, or too many");
  return TRUE;
}

/* As many as nodes, or none. */
static gboolean
read_weights (OrfRedisSettings *settings, const char *const *words, GError **error)
{
  guint n = g_strv_length ((char **) words);
  g_autofree double *weights = g_new (double, n);
  gboolean good = n == g_strv_length (settings->nodes);

  for (guint i = 0; i < n && good; i++) {
    char *end;

    weights[i] = g_ascii_strtod (words[i], &end);
    good = end != words[i] && *end == '\0' && weights[i] >= 0.001 && weights[i] <= 1000;
  }
  if (n > 0 && !good)
    return refuse (error, "redis_weights", "a number for each of nodes, 0.001 to 1000",
                   "these are no weights of the nodes");
  if (n > 0)
    settings->weights = g_steal_pointer (&weights);
  return TRUE;
}

static gboolean
read_password (OrfRedisSettings *settings, const OrfConfig *config, GError **error)
{
  const char *file = config->cache.redis_password_file;
  g_autoptr (GError) wrong = NULL;

  if (config->cache.redis_password[0] != '\0' || file[0] == '\0') {
    settings->password = g_strdup (config->cache.redis_password);
    return TRUE;
  }
  if (!g_file_get_contents (file, &settings->password, NULL, &wrong))
    return refuse (error, "redis_password_file", "a file that can be read", wrong->message);
  settings->password[strcspn (settings->password, "\r\n")] = '\0';
  return TRUE;
}

static void
read_link (OrfRedisSettings *settings, const OrfConfig *config)
{
  settings->link = (OrfRedisLinkSettings){
    .user = settings->user,
    .password = settings->password,
    .database = (guint) config->cache.redis_database,
    .connect_us = config->cache.redis_connect_us,
    .command_us = config->cache.redis_command_us,
    .breaker = {
      .n_failures = (guint) config->cache.redis_breaker_failures,
      .backoff = {
        .first_us = config->cache.redis_backoff_us,
        .max_us = config->cache.redis_backoff_max_us,
      },
    },
    .max_in_flight = (guint) config->cache.redis_max_in_flight,
    .max_in_flight_bytes = (gsize) config->cache.redis_max_in_flight_bytes,
  };
}

/* All but the password. */
static gboolean
read_open (OrfRedisSettings *settings, const OrfConfig *config, GError **error)
{
  settings->cluster = config->cache.mode == ORF_CONFIG_CACHE_MODE_CLUSTER;
  settings->nodes = g_strdupv (config->cache.nodes);
  settings->user = g_strdup (config->cache.redis_user);
  settings->max_owed = (guint) config->cache.redis_max_owed;
  settings->exclusive = config->cache.redis_exclusive;
  if (!check_nodes ((const char *const *) settings->nodes, error) ||
      !read_weights (settings, (const char *const *) config->cache.redis_weights, error))
    return FALSE;
  if (settings->cluster && config->cache.redis_database != 0)
    return refuse (error, "redis_database", "0", "a cluster has no other");
  return TRUE;
}

gboolean
orf_redis_settings_are_wanted (const OrfConfig *config)
{
  return config->cache.nodes[0] != NULL || config->cache.mode != ORF_CONFIG_CACHE_MODE_LOCAL;
}

gboolean
orf_redis_settings_check (const OrfConfig *config, GError **error)
{
  g_auto (OrfRedisSettings) read = { 0 };

  return !orf_redis_settings_are_wanted (config) || read_open (&read, config, error);
}

gboolean
orf_redis_settings_read (OrfRedisSettings *settings, const OrfConfig *config, GError **error)
{
  g_auto (OrfRedisSettings) fresh = { 0 };

  if (!read_open (&fresh, config, error) || !read_password (&fresh, config, error))
    return FALSE;
  read_link (&fresh, config);
  *settings = fresh;
  fresh = (OrfRedisSettings){ 0 };
  return TRUE;
}

void
orf_redis_settings_clear (OrfRedisSettings *settings)
{
  g_clear_pointer (&settings->nodes, g_strfreev);
  g_clear_pointer (&settings->weights, g_free);
  g_clear_pointer (&settings->user, g_free);
  g_clear_pointer (&settings->password, g_free);
}
