/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "redis/orf-redis-address.h"

#include <gio/gio.h>

#include "orf-error.h"

struct _OrfRedisResolving {
  GCancellable *cancellable;
  OrfRedisResolved resolved; /* NULL: cancelled */
  gpointer data;
  guint attempt;
};

gboolean
orf_redis_address_parse (OrfRedisAddress *address, const char *text, GError **error)
{
  g_autoptr (GSocketConnectable) parsed = NULL;
  const char *host;

  if (text[0] == '/') {
    *address = (OrfRedisAddress){ .path = g_strdup (text) };
    return TRUE;
  }
  parsed = g_network_address_parse (text, ORF_REDIS_PORT, NULL);
  host = parsed != NULL ? g_network_address_get_hostname (G_NETWORK_ADDRESS (parsed)) : NULL;
  if (host == NULL || host[0] == '\0' ||
      g_network_address_get_port (G_NETWORK_ADDRESS (parsed)) == 0) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_INVALID_ARGUMENT,
                 "\"%s\" is no address of a Redis node: HOST:PORT, or the path of a socket", text);
    return FALSE;
  }
  *address = (OrfRedisAddress){
    .host = g_strdup (host),
    .port = g_network_address_get_port (G_NETWORK_ADDRESS (parsed)),
  };
  return TRUE;
}

void
orf_redis_address_clear (OrfRedisAddress *address)
{
  g_clear_pointer (&address->path, g_free);
  g_clear_pointer (&address->host, g_free);
}

static void
resolved_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  OrfRedisResolving *resolving = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *ip = NULL;
  GList *found = g_resolver_lookup_by_name_finish (G_RESOLVER (object), result, &error);

  if (found != NULL)
    ip = g_inet_address_to_string (
      g_list_nth_data (found, resolving->attempt % g_list_length (found)));
  g_resolver_free_addresses (found);
  if (resolving->resolved != NULL)
    resolving->resolved (resolving->data, ip, error != NULL ? error->message : NULL);
  g_object_unref (resolving->cancellable);
  g_free (resolving);
}

OrfRedisResolving *
orf_redis_resolve (const OrfRedisAddress *address,
                   guint attempt,
                   GMainContext *context,
                   OrfRedisResolved resolved,
                   gpointer data)
{
  g_autoptr (GResolver) resolver = g_resolver_get_default ();
  OrfRedisResolving *resolving = g_new0 (OrfRedisResolving, 1);

  resolving->cancellable = g_cancellable_new ();
  resolving->resolved = resolved;
  resolving->data = data;
  resolving->attempt = attempt;
  /* GResolver answers where its asker is at home */
  g_main_context_push_thread_default (context);
  g_resolver_lookup_by_name_async (resolver, address->host, resolving->cancellable, resolved_cb,
                                   resolving);
  g_main_context_pop_thread_default (context);
  return resolving;
}

void
orf_redis_resolving_cancel (OrfRedisResolving *resolving)
{
  resolving->resolved = NULL;
  g_cancellable_cancel (resolving->cancellable);
}
