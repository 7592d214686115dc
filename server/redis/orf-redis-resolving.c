/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "redis/orf-redis-resolving.h"

#include <gio/gio.h>

struct _OrfRedisResolving {
  GCancellable *cancellable;
  OrfRedisResolved resolved; /* NULL: cancelled */
  gpointer data;
  guint attempt;
};

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
